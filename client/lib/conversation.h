/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sending and receiving, each one local transaction (docs/protocol.md "Sending", "Receiving"). No
 * network: what must be sent waits in the outbox (outbox.h).
 */
#ifndef SOTTO_CONVERSATION_H
#define SOTTO_CONVERSATION_H

#include "client/lib/bundle.h"
#include "client/lib/outbox.h"
#include "libshared/sizes.h"

enum {
	SEND_TOO_LONG = 1, /* more than PARTS_TEXT_MOST */
	SEND_NOT_TEXT = 2,
	SEND_NO_CONTACT = 3, /* ended meanwhile */

	RECEIVE_NEW = 0,       /* stored; acknowledge */
	RECEIVE_DUPLICATE = 1, /* acknowledge */
	RECEIVE_JUNK = 2, /* fails cryptographically, is blocked, or was held a day: acknowledge */
	RECEIVE_HELD_S = 86400,
	RECEIVE_HELD_MOST = FETCH_SLOTS - 2, /* further ones are junk at once */
	RECEIVE_HELD = 3,  /* no room for a further request, less than a day: do not acknowledge */
	RECEIVE_EARLY = 4, /* a push that would overtake: below */
};

/* A sealed bundle of the contact has come: session, identity and inbox address. BUNDLE_BAD, also of
 * who was ended meanwhile: another contact may have that id by now. */
int conversation_begin(struct profile *profile, const struct contact *contact,
		const uint8_t sealed[static BUNDLE_BYTES]) MUST_CHECK;

/* The text is kept and waits in the outbox, in as many parts as it needs. */
int conversation_send(struct profile *profile, const struct contact *contact,
		const char *text) MUST_CHECK;

/* In a transaction: the next numbered message; it waits in the outbox. */
struct saying {
	uint8_t type;	     /* CONTENT_* */
	uint8_t part, parts; /* of one thing that is said; 0 and 0: it is whole */
	const char *text;    /* what a person can read of it */
	const void *body;    /* what the packet says; NULL: the text */
	size_t len;
	int64_t after_s; /* 0: at once */
	int64_t whole;	 /* the row that stands for all parts (parts.h), or 0: this one */
};
int conversation_put(struct profile *profile, int64_t contact, const struct saying *saying,
		int64_t *out_message) MUST_CHECK;

/* Negative: our own failure, do not acknowledge. */
int conversation_receive(struct profile *profile, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES]) MUST_CHECK;

/* The same for what is pushed from the mailbox. RECEIVE_EARLY: something that was said before it
 * has not come yet; nothing was stored. Fetch, then receive it. */
int conversation_receive_push(struct profile *profile, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES]) MUST_CHECK;

/* The same for what came live only (push kind 5): from an accepted contact, about a call, or
 * junk. */
int conversation_receive_signal(struct profile *profile, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES]) MUST_CHECK;

#endif
