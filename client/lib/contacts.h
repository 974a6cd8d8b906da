/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contacts, and our mailboxes for them. A mailbox exists at the server before its address is named
 * to anybody. */
#ifndef SOTTO_CONTACTS_H
#define SOTTO_CONTACTS_H

#include "client/lib/profile.h"
#include "client/lib/safety.h"

enum contact_state { CONTACT_REQUEST = 0, CONTACT_ACCEPTED = 1, CONTACT_BLOCKED = 2 };
enum {
	CONTACT_NONE = 1,
	CONTACT_EXISTS = 2,
	CONTACT_BAD_NAME = 3, /* empty, longer than CONTACT_NAME_MOST, or not UTF-8 */
	CONTACT_SELF = 4,     /* the link is our own */
	REQUESTS_MOST = 32,
	REQUEST_TEXTS_MOST = 16, /* that one of them may lay up before it is accepted */
};
/* What a person has compared is a key, so it counts for no other one. */
enum contact_trust { CONTACT_UNVERIFIED = 0, CONTACT_VERIFIED = 1, CONTACT_KEY_CHANGED = 2 };

struct contact {
	int64_t id;
	char name[CONTACT_NAME_MOST + 1];
	enum contact_state state;
	enum contact_trust trust;
	bool has_identity, has_link, has_address;
	bool renew;	  /* it takes a new session to write */
	int64_t bundle_s; /* when their last bundle came */
	uint8_t identity[32];
	struct contact_link link;
	struct address address; /* where to write; the inbox of the bundle until they named another
				 */
};

/* A person whose link we hold is accepted at once. A contact's key never changes: whoever comes
 * with another one is another contact. CONTACT_EXISTS: the name or the person; CONTACT_BAD_NAME,
 * CONTACT_SELF. */
int contact_add(struct profile *profile, const char *name,
		const struct contact_link *link) MUST_CHECK;
/* The same, and our mailbox for them shall be at that home, unless that was left meanwhile. */
int contact_add_at(struct profile *profile, const char *name, const struct contact_link *link,
		const struct home *home) MUST_CHECK;
/* A request by its name or so much of it that no other one begins so. CONTACT_NONE. */
int contact_by_request(struct contact *out, struct profile *profile, const char *name) MUST_CHECK;
/* A request becomes a contact under a name of our choice. CONTACT_NONE, CONTACT_EXISTS: that name
 * is taken; CONTACT_BAD_NAME. */
int contact_accept(struct profile *profile, const char *request, const char *name) MUST_CHECK;
/* A request or a contact, and back to what it was. CONTACT_NONE. */
int contact_block(struct profile *profile, const char *name) MUST_CHECK;
int contact_unblock(struct profile *profile, const char *name) MUST_CHECK;
/* CONTACT_NONE, CONTACT_EXISTS: the new name is taken; CONTACT_BAD_NAME. */
int contact_rename(struct profile *profile, const char *name, const char *now) MUST_CHECK;
/* What both of them see (safety.h). CONTACT_NONE: their key is not known yet. */
int contact_safety(struct safety *out, struct profile *profile,
		const struct contact *contact) MUST_CHECK;
/* The person compared it, or takes that back. */
int contact_verify(struct profile *profile, const struct contact *contact, bool is) MUST_CHECK;
/* Forgets the person and all that was said; the mailbox becomes one that is to be ended. */
int contact_end(struct profile *profile, const struct contact *contact) MUST_CHECK;
int contact_by_name(struct contact *out, struct profile *profile, const char *name) MUST_CHECK;
int contact_by_id(struct contact *out, struct profile *profile, int64_t id) MUST_CHECK;
int contact_by_identity(struct contact *out, struct profile *profile,
		const uint8_t identity[static 32]) MUST_CHECK;
int contact_by_link(struct contact *out, struct profile *profile,
		const struct contact_link *link) MUST_CHECK;

/* Goes through all of them by name: start with "". CONTACT_NONE: no further one. */
int contact_next(struct contact *out, struct profile *profile, const char *after) MUST_CHECK;

/* A stranger wrote to that home: a new contact in state request. CONTACT_NONE: the quota of
 * requests is used up. */
int contact_request(struct contact *out, struct profile *profile, const uint8_t identity[static 32],
		int64_t home) MUST_CHECK;

/* Mailboxes at one home whose sessions are one, and whose circuits. */
struct mailbox_group {
	int64_t home, place;
};

enum { REQUEST_BYTES = 16 };

struct own_mailbox {
	int64_t id, contact, home;	/* contact 0: the inbox */
	struct mailbox_group group;	/* place 0: it has none yet */
	bool inbox, made, is_left;	/* is_left: not where it belongs (any more) */
	uint8_t onion[ONION_KEY_BYTES]; /* of its server */
	struct key_pair owner;
	struct key deposit;
	uint8_t mailbox[MAILBOX_ID_BYTES], deposit_hash[HASH_BYTES];
	uint8_t request[REQUEST_BYTES]; /* of its live session: the same one renews */
	int64_t fetched_s;		/* when it was last fetched; 0: never */
};
void mailbox_wipe(struct own_mailbox *mailbox);
static inline __attribute__((unused)) void mailbox_wipe_ref(struct own_mailbox *mailbox)
{
	mailbox_wipe(mailbox);
}

/* The mailbox for a contact (0: the main home's inbox), at their home: a spare one, or prepared
 * when there is none; `made` says whether the server has it. In a transaction where there may be
 * none: two processes would make one each. CONTACT_NONE: the contact has ended. */
int mailbox_for(struct own_mailbox *out, struct profile *profile, int64_t contact) MUST_CHECK;
/* HOME_NONE: it was left or forgotten meanwhile. Not in a transaction. */
int mailbox_inbox(struct own_mailbox *out, struct profile *profile,
		const struct home *home) MUST_CHECK;
int mailbox_made(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;
int mailbox_seen_empty(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;
int mailbox_fetched(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;
/* Its contact wrote to it. */
int mailbox_heard(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;
/*
 * Each home has so many places. A mailbox gets one when it is first live: one of its own as long as
 * there is a free one, else one at random that is not full. It keeps it while it lives: else the
 * groups before and after a change would be known to belong together. Homes are apart, so that no
 * server learns from its groups how many mailboxes are at another.
 */
enum { PLACES = 16, PLACE_MAILBOXES = SESSION_MAILBOXES };
/* For all that have none, as far as there is room. */
int mailbox_place(struct profile *profile) MUST_CHECK;
/* Goes through the groups that are to be live: start with zeros. CONTACT_NONE. */
int mailbox_next_group(struct mailbox_group *out, struct profile *profile,
		const struct mailbox_group *after) MUST_CHECK;
/* Goes through those of a group that are to be live: not what is left, which is polled. */
int mailbox_next_in(struct own_mailbox *out, struct profile *profile,
		const struct mailbox_group *group, int64_t after) MUST_CHECK;
/* Their requests, in the same order, which tell them apart: the id of one that has ended is given
 * again. */
int mailbox_requests_in(uint8_t out[static PLACE_MAILBOXES][REQUEST_BYTES], size_t *out_n,
		struct profile *profile, const struct mailbox_group *group) MUST_CHECK;

/* CONTACT_NONE: it has been ended, or is to be. */
int mailbox_lives(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;
/* Goes through those that are made: start with 0. CONTACT_NONE: no further one. */
int mailbox_next(struct own_mailbox *out, struct profile *profile, int64_t after) MUST_CHECK;

/* Spare ones are made beforehand, so that a new mailbox does not tell of a new contact.
 * mailbox_spare: CONTACT_NONE, where one lives no more. */
int mailbox_count_spare(int64_t *out, struct profile *profile,
		const struct home *home) MUST_CHECK; /* made */
int mailbox_spare(struct own_mailbox *out, struct profile *profile,
		const struct home *home) MUST_CHECK; /* to be made */

/* Goes through those that are to be ended. CONTACT_NONE. */
int mailbox_next_ending(struct own_mailbox *out, struct profile *profile, int64_t after) MUST_CHECK;
/* Goes through all: also those that may be made by now, and those to be ended. CONTACT_NONE. */
int mailbox_any(struct own_mailbox *out, struct profile *profile, int64_t after) MUST_CHECK;
int mailbox_ended(struct profile *profile, const struct own_mailbox *mailbox) MUST_CHECK;

#endif
