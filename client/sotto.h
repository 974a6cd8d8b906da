/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libsotto: a person's side of sotto, a messenger over Tor. One handle is one open profile.
 * Results. Functions return 0, a negative failure (SOTTO_E_: this machine, Tor or a server;
 * nothing is lost, the same call may work later) or a positive answer; sotto_text has a sentence
 * for each.
 * Ownership. What is passed in is borrowed until the call returns. What a callback is given lives
 * until it returns; later versions may add fields at the end of it. A callback returns 0, or
 * anything else, which ends the call and is its result; it may use the handle, but not close it.
 * Text is UTF-8 and ends with NUL. Names and messages of other people may hold control
 * characters: a terminal must not see them.
 * Threads. The library has no globals. One thread at a time may use a handle, and callbacks come
 * on that thread, within the call. Only the watch works on a thread of its own, which the caller
 * never meets.
 * Time. Functions marked "network" go through Tor and may take minutes; all others only open the
 * database. Times are seconds since 1970 by this machine's clock.
 * Files. Several handles and processes may have one profile open. Do not fork with an open
 * handle.
 */
#ifndef SOTTO_H
#define SOTTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_VERSION "0.1.0"

#define SOTTO_API __attribute__((visibility("default")))
#define SOTTO_MUST __attribute__((visibility("default"), warn_unused_result))

enum {
	SOTTO_NAME_MOST = 64,	     /* bytes of a contact's name */
	SOTTO_LINK_ROOM = 160,	     /* bytes of a contact link, with its NUL */
	SOTTO_PASSPHRASE_MOST = 255, /* bytes */
};

enum sotto_result {
	SOTTO_DONE = 0,
	SOTTO_E_MEMORY = -1,
	SOTTO_E_FILE = -2,     /* no room, not allowed, or damaged */
	SOTTO_E_ARGUMENT = -5, /* the caller's, or a file of another version */
	SOTTO_E_CRYPTO = -6,
	SOTTO_E_LOCKED = -8,  /* wrong passphrase; without one: the keyring does not hold it */
	SOTTO_E_NETWORK = -9, /* Tor or the server could not be reached */
	SOTTO_E_PEER = -10,   /* who answered broke the protocol */
	SOTTO_E_BUG = -11,

	SOTTO_REFUSED = 1,    /* the server said no */
	SOTTO_NO_CONTACT = 2, /* none of that name, or not accepted */
	SOTTO_NO_BUNDLE = 3,  /* their account is gone, or their server lies */
	SOTTO_NOT_TEXT = 4,   /* not UTF-8, or too long */
	SOTTO_FULL = 5,	      /* their mailbox is full; the message waits */
	SOTTO_GONE = 6,	      /* their mailbox is gone; the message waits */
	SOTTO_UNPAID = 20,    /* the account may spend no more today */
	SOTTO_NO_INVITE = 21, /* this server registers invited people only */
	SOTTO_BAD_INVITE = 22,
	SOTTO_CLOSED = 23,    /* this server registers nobody */
	SOTTO_TWO_FACED = 24, /* it shows different keys to different circuits */
	SOTTO_TOO_HARD = 25,  /* it wants too much work */
	SOTTO_EXISTS = 40,    /* the name, the person, or the profile is there already */
	SOTTO_BAD_NAME = 41,  /* empty, too long, or not UTF-8 */
	SOTTO_BAD_LINK = 42,  /* no contact link, no invite, no name of a server */
};

/* One fixed English sentence each, without a secret; never NULL. */
SOTTO_API const char *sotto_text(enum sotto_result result);
/* Of the library that is loaded; SOTTO_VERSION is the header's. */
SOTTO_API const char *sotto_version(void);

/* --- the profile -------------------------------------------------------- */

struct sotto;

struct sotto_options {
	size_t size;	   /* sizeof(struct sotto_options) */
	const char *dir;   /* the profile's folder */
	const char *socks; /* Tor's SOCKS port, "HOST:PORT"; NULL: 127.0.0.1:9050 */
	bool decoy;	   /* the decoy, by the profile's own passphrase */
	bool fast;	   /* no random delays: tests only, it gives away what they hide */
};

/* A new profile and its keys. server: an invite, or a server's onion name. Takes seconds.
 * SOTTO_EXISTS, SOTTO_BAD_LINK. */
SOTTO_MUST int sotto_create(struct sotto **out, const struct sotto_options *options,
		const char *passphrase, const char *server);
/* Network. The account at that server, the same as at creation; may be repeated. */
SOTTO_MUST int sotto_register(struct sotto *sotto, const char *server);

/* passphrase NULL: out of the keyring. Takes about a second with one. A duress passphrase opens the
 * decoy and destroys the profile. SOTTO_E_LOCKED, SOTTO_E_FILE: there is none. */
SOTTO_MUST int sotto_open(
		struct sotto **out, const struct sotto_options *options, const char *passphrase);
/* Ends the watch too; NULL is allowed. A request under way is given up, within seconds. */
SOTTO_API void sotto_close(struct sotto *sotto);

/* Our contact link: whoever has it can write to us. */
SOTTO_API void sotto_link(const struct sotto *sotto, char out[SOTTO_LINK_ROOM]);

/* --- contacts ----------------------------------------------------------- */

enum sotto_state { SOTTO_REQUEST = 0, SOTTO_ACCEPTED = 1, SOTTO_BLOCKED = 2 };

struct sotto_contact {
	const char *name; /* ours for them; of a request: made up */
	enum sotto_state state;
	uint32_t n_unread, n_waiting, n_missing; /* not read; not sent yet; known to be lost */
	int64_t last_s;				 /* of the last message; 0: there is none */
};
typedef int sotto_on_contact(void *userdata, const struct sotto_contact *contact);

/* All of them, by name. */
SOTTO_MUST int sotto_contacts(struct sotto *sotto, sotto_on_contact *on_contact, void *userdata);

/* Network, but what is done here stays done without; beside a watch not even that, as it does the
 * rest. A person whose link we have is accepted; a request becomes a contact under a name of ours.
 * SOTTO_EXISTS, SOTTO_BAD_NAME, SOTTO_BAD_LINK, SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_add(struct sotto *sotto, const char *name, const char *link);
SOTTO_MUST int sotto_accept(struct sotto *sotto, const char *request, const char *name);
/* Without the network: what they send is dropped from now on. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_block(struct sotto *sotto, const char *name);
/* The same. Forgets the person, all that was said and the mailbox; a mailbox whose server cannot be
 * reached now is ended later. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_end(struct sotto *sotto, const char *name);

/* --- panic -------------------------------------------------------------- */

/* Destroys the profile at once, then asks the server to end account and mailboxes, for a minute at
 * most. After it the handle is only for sotto_close. SOTTO_REFUSED: not all of it was asked for;
 * SOTTO_E_FILE: not all files could be destroyed.
 * Panic in another process ends this one by SIGUSR1: who handles it calls this. */
SOTTO_MUST int sotto_panic(struct sotto *sotto);

/* --- messages ----------------------------------------------------------- */

enum sotto_message_state {
	SOTTO_CAME = 0,	   /* from them */
	SOTTO_WAITING = 1, /* ours, not at their server yet */
	SOTTO_SENT = 2,	   /* ours, in their mailbox */
};

struct sotto_message {
	int64_t id; /* in this profile; later ones have greater ones */
	const char *contact;
	enum sotto_state contact_state;
	enum sotto_message_state state;
	bool read;	/* shown to the person, as far as sotto_unread or sotto_read know */
	int64_t number; /* of its sender to this contact: a jump is a gap */
	int64_t at_s;	/* when it was stored here */
	const char *text;
};
typedef int sotto_on_message(void *userdata, const struct sotto_message *message);

struct sotto_range { /* the last `most` before the message `before`; 0: all, and up to the newest */
	int64_t before;
	uint32_t most;
};
/* In the order in which they were stored. range NULL: all. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_history(struct sotto *sotto, const char *contact,
		const struct sotto_range *range, sotto_on_message *on_message, void *userdata);
/* What has come and was not read: each is read once the callback has returned 0. */
SOTTO_MUST int sotto_unread(struct sotto *sotto, sotto_on_message *on_message, void *userdata);
/* What has come of that contact is read. */
SOTTO_MUST int sotto_read(struct sotto *sotto, const char *contact);

/* Keeps the text, to be sent by a watch, sotto_send or sotto_receive. SOTTO_NO_CONTACT,
 * SOTTO_NOT_TEXT. */
SOTTO_MUST int sotto_write(struct sotto *sotto, const char *contact, const char *text);
/* Network. The same, and sends it. Any other answer than those of sotto_write: it waits. */
SOTTO_MUST int sotto_send(struct sotto *sotto, const char *contact, const char *text);
/* Network. Sends what waits, fetches what has come, and looks after the account where that is
 * due. */
SOTTO_MUST int sotto_receive(struct sotto *sotto);

/* --- the watch ---------------------------------------------------------- */

/*
 * Stays connected: receives as things come, sends what waits, looks after the account. The
 * descriptor becomes readable when there is an event; sotto_events then gives those that
 * happened, each kind once.
 * An event is a hint: what is true is in the profile.
 */
enum sotto_event {
	SOTTO_CHANGED = 1, /* messages, contacts or their states: look again */
	SOTTO_LIVE = 2,	   /* every mailbox is connected, and was fetched since the start */
	SOTTO_AWAY = 3,	   /* no more: it comes back by itself */
	SOTTO_ENDED = 4, /* a failure of this machine; the watch has stopped: sotto_unwatch tells why */
};
typedef int sotto_on_event(void *userdata, enum sotto_event event);

/* SOTTO_EXISTS: there is one. Do not close the descriptor. */
SOTTO_MUST int sotto_watch(struct sotto *sotto, int *out_fd);
/* Without waiting; nothing happened: 0. */
SOTTO_MUST int sotto_events(struct sotto *sotto, sotto_on_event *on_event, void *userdata);
/* Stops it: 0, or what had ended it. A request under way is given up, within seconds. */
SOTTO_API int sotto_unwatch(struct sotto *sotto);

/* --- passphrases -------------------------------------------------------- */

/* SOTTO_E_LOCKED: old is wrong. SOTTO_EXISTS: the new one is in use already. Takes seconds. */
SOTTO_MUST int sotto_passwd(const char *dir, const char *old, const char *passphrase);
/* Keeps the opened profile's key in the kernel's keyring until it was not used for idle_s
 * seconds. */
SOTTO_MUST int sotto_unlock(
		const struct sotto_options *options, const char *passphrase, uint32_t idle_s);
SOTTO_API void sotto_lock(const char *dir);

#ifdef __cplusplus
}
#endif

#endif
