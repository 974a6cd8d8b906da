/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What waits to be sent (docs/protocol.md "Sending"). A thing is put in first and encrypted when
 * its turn comes, in one transaction that stores the finished packet; a retry sends the same bytes.
 * A packet that waited for more than a day is sealed anew, under the same envelope id. No network.
 */
#ifndef SOTTO_OUTBOX_H
#define SOTTO_OUTBOX_H

#include "client/lib/contacts.h"
#include "client/lib/content.h"

enum {
	OUTBOX_EMPTY = 16,	   /* apart from the answers of sync.h */
	OUTBOX_NEEDS_MAILBOX = 17, /* ours for that contact, which the packet names, must be made */
	OUTBOX_NEEDS_BUNDLE = 18,  /* fetch one by the contact's link, then conversation_begin */

	SEALED_S = 86400,   /* a packet or a bundle older than that is not used any more */
	AFTER_S_MOST = 600, /* a time further away than that: the clock was wrong */
	SESSION_BYTES_MOST = 48 << 10, /* a larger one, of many skipped keys, is replaced */
};

struct outgoing {
	int64_t contact, message; /* a row of message, or 0 */
	uint8_t type;		  /* CONTENT_* */
	const void *body;	  /* where there is no message */
	size_t len;
	const uint8_t *envelope; /* 16 bytes; NULL: a new one */
	int64_t after_s;	 /* not sent before; what follows waits for it */
};
int outbox_put(struct profile *profile, const struct outgoing *outgoing) MUST_CHECK;

struct parcel { /* one packet on its way */
	int64_t id, contact;
	struct address address;
	uint8_t key[BLOB_ID_BYTES]; /* Idempotency-Key */
	uint8_t packet[BLOB_BYTES];
};

/* The accepted contacts for whom something waits: start with 0. OUTBOX_EMPTY: no further one.
 * outbox_next: OUTBOX_EMPTY also before its time. */
int outbox_contact(int64_t *out, struct profile *profile, int64_t after) MUST_CHECK;
/* The oldest for that contact, sealed if it must be. OUTBOX_EMPTY, OUTBOX_NEEDS_*. */
int outbox_next(struct parcel *out, struct profile *profile, int64_t contact) MUST_CHECK;
int outbox_done(struct profile *profile, const struct parcel *parcel) MUST_CHECK;
/* Seconds until something's time comes; OUTBOX_EMPTY: nothing waits for its time. */
int outbox_wait_s(int64_t *out, struct profile *profile) MUST_CHECK;

/* Sealed now and kept nowhere, for who is live; it claims nothing about texts. OUTBOX_NEEDS_*,
 * OUTBOX_EMPTY: the contact has ended. */
int outbox_signal(struct parcel *out, struct profile *profile, const struct outgoing *o) MUST_CHECK;

/* There is no such mailbox any more: what waits goes by a new bundle's inbox. */
int outbox_moved(struct profile *profile, const struct parcel *parcel) MUST_CHECK;
/* No bundle is to be had: go on with the session that is there, if there is one, for a day. */
int outbox_without_bundle(struct profile *profile, int64_t contact) MUST_CHECK;

#endif
