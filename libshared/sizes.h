/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Every size on the wire and every limit on what strangers can make grow (docs/protocol.md explains
 * each). */
#ifndef SOTTO_SIZES_H
#define SOTTO_SIZES_H

enum {
	MAILBOX_ID_BYTES = 32,
	DEPOSIT_SECRET_BYTES = 32,
	BLOB_ID_BYTES = 16, /* = Idempotency-Key */
	BLOB_BYTES = 4096,
	BUNDLE_BYTES = 2048,
	BUNDLES_PER_PUT = 50,
	BUNDLES_PUT_BYTES = 8 + 8 + BUNDLE_BYTES + BUNDLES_PER_PUT * BUNDLE_BYTES,
	FETCH_SLOTS = 8,
	FETCH_BYTES = FETCH_SLOTS * (BLOB_ID_BYTES + BLOB_BYTES),
	ACK_IDS = 64,
	ACKS_BYTES = ACK_IDS * BLOB_ID_BYTES,

	JSON_BYTES = 1024,	 /* every JSON body, padded with spaces */
	JSON_LARGE_BYTES = 8192, /* /v1/server, /v1/tokens, /v1/sessions */

	INVITE_CODE_BYTES = 16,

	CHUNK_ID_BYTES = 16,		/* = Idempotency-Key */
	CHUNK_HEAD_BYTES = 32 + 32 + 1, /* hashes of read and delete secret, days */
	CHUNK_SMALL_BYTES = 64 << 10,	/* pieces of files have one of two sizes */
	CHUNK_LARGE_BYTES = 1024 << 10,
	CHUNK_PUT_64K = CHUNK_HEAD_BYTES + CHUNK_SMALL_BYTES,
	CHUNK_PUT_1M = CHUNK_HEAD_BYTES + CHUNK_LARGE_BYTES,

	/* What large bodies hold together, however many come in; and what is about to be sent. */
	BODY_SMALL_BYTES = 8 << 10,
	BODIES_HELD_MOST = 16 << 20,
	REPLIES_HELD_MOST = 32 << 20,

	SESSION_BYTES = 16,
	SESSION_TEXT = 22,	 /* base64url */
	SESSION_MAILBOXES = 32,	 /* most in one session */
	PASSWORD_BYTES = 8 + 32, /* expiry || MAC */

	EVENT_HEAD_BYTES = 16 + 8, /* publisher's boot id || counter */
	EVENT_BLOB_BYTES = EVENT_HEAD_BYTES + BLOB_ID_BYTES + BLOB_BYTES,
	BEAT_BYTES = EVENT_HEAD_BYTES,
	DOWN_BYTES = 1 + MAILBOX_ID_BYTES + BLOB_ID_BYTES + BLOB_BYTES,
	UP_ACKS = 8,
	UP_BYTES = UP_ACKS * (MAILBOX_ID_BYTES + BLOB_ID_BYTES),
};

#endif
