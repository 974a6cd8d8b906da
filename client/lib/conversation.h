/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sending and receiving, each one local transaction (docs/protocol.md "Sending", "Receiving"). No
 * network: what must be sent waits in the outbox as a finished packet, and a retry sends the same
 * bytes.
 */
#ifndef SOTTO_CONVERSATION_H
#define SOTTO_CONVERSATION_H

#include "client/lib/bundle.h"
#include "client/lib/contacts.h"
#include "client/lib/content.h"

enum {
	SEND_NEEDS_BUNDLE = 1, /* no session yet: fetch a bundle by the contact's link, then
				  conversation_begin */
	SEND_NO_LINK = 2,
	SEND_TOO_LONG = 3,
	SEND_NOT_TEXT = 4,

	RECEIVE_NEW = 0,       /* stored; acknowledge */
	RECEIVE_DUPLICATE = 1, /* acknowledge */
	RECEIVE_JUNK = 2, /* fails cryptographically, is blocked, or was held a day: acknowledge */
	RECEIVE_HELD = 3, /* no room for a further request, less than a day: do not acknowledge */
};

/* A sealed bundle of the contact has come: session, identity and inbox address. BUNDLE_BAD. */
int conversation_begin(struct profile *profile, const struct contact *contact,
		const uint8_t sealed[static BUNDLE_BYTES]) MUST_CHECK;

/* Encrypts the text in as many packets as it needs and leaves them in the outbox. */
int conversation_send(struct profile *profile, const struct contact *contact,
		const char *text) MUST_CHECK;

struct parcel { /* one packet on its way */
	int64_t id;
	struct address address;
	uint8_t key[BLOB_ID_BYTES]; /* Idempotency-Key */
	uint8_t packet[BLOB_BYTES];
};
/* Oldest first; CONTACT_NONE: the outbox is empty. */
int outbox_next(struct parcel *out, struct profile *profile, int64_t after) MUST_CHECK;
int outbox_done(struct profile *profile, int64_t id) MUST_CHECK;

/* Negative: our own failure, do not acknowledge. */
int conversation_receive(struct profile *profile, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES]) MUST_CHECK;

#endif
