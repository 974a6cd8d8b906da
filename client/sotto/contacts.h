/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contacts, requests of strangers, and safety numbers. Part of sotto.h. */
#ifndef SOTTO_PEOPLE_H
#define SOTTO_PEOPLE_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

enum sotto_state { SOTTO_REQUEST = 0, SOTTO_ACCEPTED = 1, SOTTO_BLOCKED = 2 };
/* What a person has compared is a key, so it counts for no other one. */
enum sotto_trust { SOTTO_UNVERIFIED = 0, SOTTO_VERIFIED = 1, SOTTO_KEY_CHANGED = 2 };

struct sotto_contact {
	const char *name; /* ours for them; of a request: made up */
	enum sotto_state state;
	uint32_t n_unread, n_waiting, n_missing; /* not read; not sent yet; known to be lost */
	int64_t last_s;				 /* of the last message; 0: there is none */
	enum sotto_trust trust;
	bool receipts;	    /* they are told that theirs has come */
	int64_t timer_s;    /* messages between us two disappear after so long; 0: they stay */
	const char *server; /* of ours: the one that they know, or will be told of */
};
typedef int sotto_on_contact(void *userdata, const struct sotto_contact *contact);

/* All of them, by name. */
SOTTO_MUST int sotto_contacts(struct sotto *sotto, sotto_on_contact *on_contact, void *userdata);
/* One, by name, or whose link it is. SOTTO_NO_CONTACT, SOTTO_BAD_LINK. */
SOTTO_MUST int sotto_find(struct sotto *sotto, const char *name, sotto_on_contact *on_contact,
		void *userdata);
SOTTO_MUST int sotto_whose_link(struct sotto *sotto, const char *link, sotto_on_contact *on_contact,
		void *userdata);

/* Network, but what is done here stays done without; beside a watch not even that, as it does the
 * rest. A person whose link we have is accepted; a request becomes a contact under a name of ours.
 * SOTTO_EXISTS, SOTTO_BAD_NAME, SOTTO_BAD_LINK, SOTTO_OWN_LINK, SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_add(struct sotto *sotto, const char *name, const char *link);
/* server: one where the profile lives, of which they are told; NULL: the main one.
 * SOTTO_NO_HOME. */
SOTTO_MUST int sotto_add_at(
		struct sotto *sotto, const char *name, const char *link, const char *server);
SOTTO_MUST int sotto_accept(struct sotto *sotto, const char *request, const char *name);
/* Without the network: what they send is dropped from now on, or no more. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_block(struct sotto *sotto, const char *name);
SOTTO_MUST int sotto_unblock(struct sotto *sotto, const char *name);
/* SOTTO_NO_CONTACT, SOTTO_EXISTS, SOTTO_BAD_NAME. */
SOTTO_MUST int sotto_rename(struct sotto *sotto, const char *name, const char *now);
/* As sotto_add: forgets the person, all that was said and the mailbox; a mailbox whose server
 * cannot be reached now is ended later. In groups what they said goes, what we said stays; we leave
 * the groups that they made, and they are removed from ours. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_end(struct sotto *sotto, const char *name);
/* Receipts for what comes from now on, each some time later. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_set_receipts(struct sotto *sotto, const char *name, bool on);

/* --- requests ----------------------------------------------------------- */

struct sotto_request {
	const char *name; /* made up: for sotto_accept, sotto_block, sotto_end */
	uint32_t n_texts; /* that are here */
	bool has_more;	  /* which come when it is accepted */
	int64_t first_s;
};
typedef int sotto_on_request(void *userdata, const struct sotto_request *request);

/* Strangers who have written, the oldest first; there is room for SOTTO_REQUESTS_MOST. */
enum { SOTTO_REQUESTS_MOST = 32 };
SOTTO_MUST int sotto_requests(struct sotto *sotto, sotto_on_request *on_request, void *userdata);
/* Texts of further strangers that wait at the server, for a day, because there is no room. */
SOTTO_MUST int sotto_held(struct sotto *sotto, uint32_t *out);

/* --- safety numbers ----------------------------------------------------- */

struct sotto_safety {
	char digits[61]; /* both see the same, or there is somebody between them */
	char code[109];	 /* what the QR code to show holds; each shows another */
};
/* SOTTO_NO_CONTACT, SOTTO_NO_KEY. */
SOTTO_MUST int sotto_safety_number(struct sotto *sotto, const char *name, struct sotto_safety *out);
/* said: digits that they read out, or what their QR code holds. 0: it fits. SOTTO_OTHER_NUMBER,
 * SOTTO_BAD_NUMBER; as sotto_safety_number. Nothing is noted. */
SOTTO_MUST int sotto_compare(struct sotto *sotto, const char *name, const char *said);
/* The person has compared it, or takes that back. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_verify(struct sotto *sotto, const char *name, bool is);

#endif
