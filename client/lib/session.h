/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The Signal session with one identity (X3DH, Double Ratchet; wire version 3). Inside the caller's
 * transaction: the library's advanced state and what the caller stores become true together or not
 * at all.
 */
#ifndef SOTTO_SESSION_H
#define SOTTO_SESSION_H

#include "client/lib/bundle.h"
#include "client/lib/packet.h"
#include "client/lib/turns.h"

enum { SESSION_NONE = 1, SESSION_REFUSED = 2 };

/* The base key of the session one encrypts in. SESSION_NONE. */
int session_base(uint8_t out[static BASE_BYTES], struct profile *profile,
		const uint8_t peer[static 32]) MUST_CHECK;

/* Its size as stored, archived sessions not counted: skipped keys make it grow. */
int session_size(size_t *out, struct profile *profile, const uint8_t peer[static 32]) MUST_CHECK;

/* What is kept of sessions that the library has dropped (it keeps the last 40) goes too. */
int session_prune(
		struct profile *profile, int64_t contact, const uint8_t peer[static 32]) MUST_CHECK;

/* A new session from a peer's bundle; its sealing key becomes turn 0. */
int session_start(struct profile *profile, int64_t contact, const struct bundle *bundle) MUST_CHECK;

/* Fills the inside's body. SESSION_NONE. */
int session_encrypt(struct inside *out, struct profile *profile, const uint8_t peer[static 32],
		const uint8_t *plain, size_t len) MUST_CHECK;

/* The base key that a set-up names. SESSION_REFUSED: it is none. */
int session_setup_base(uint8_t out[static BASE_BYTES], struct profile *profile,
		const struct inside *inside) MUST_CHECK;

struct plaintext {
	uint8_t bytes[PACKET_BODY_MOST];
	size_t len;
	uint8_t base[BASE_BYTES]; /* of the session it came under */
};
/* SESSION_REFUSED: not for us, forged, or a key of low order. Negative: our own failure. */
int session_decrypt(struct profile *profile, const struct inside *inside,
		struct plaintext *out) MUST_CHECK;

#endif
