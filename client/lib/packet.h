/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sealed packet (docs/protocol.md "Packet"): 4096 bytes that show nothing, and inside them the
 * sender's claim, the next sealing key and the session's message. The claim is true only once the
 * session has decrypted.
 */
#ifndef SOTTO_PACKET_H
#define SOTTO_PACKET_H

#include "client/lib/hpke.h"
#include "libshared/key.h"
#include "libshared/sizes.h"

#include <stdbool.h>

enum {
	PACKET_HEAD_BYTES = 6,
	PACKET_INSIDE_BYTES = BLOB_BYTES - PACKET_HEAD_BYTES - HPKE_ENC_BYTES - HPKE_TAG_BYTES,
	PACKET_GUARDED_BYTES = 1 + 1 + 16 + 32 + 4 +
			HPKE_PUBLIC_BYTES, /* all before the body's length */
	PACKET_BODY_MOST = PACKET_INSIDE_BYTES - PACKET_GUARDED_BYTES - 2,
	PACKET_SETUP = 1,
	PACKET_MESSAGE = 2,
	PACKET_BAD = 1,
};
_Static_assert(PACKET_INSIDE_BYTES == 2954 && PACKET_BODY_MOST == 1682, "docs/protocol.md");

struct inside {
	uint8_t type; /* PACKET_SETUP, PACKET_MESSAGE, or unknown: ignore */
	uint8_t envelope_id[16];
	uint8_t sender[32]; /* identity key, a claim */
	uint32_t turn;
	uint8_t next_key[HPKE_PUBLIC_BYTES];
	uint16_t body_len;
	uint8_t body[PACKET_BODY_MOST];
	uint8_t guard[HASH_BYTES]; /* BLAKE2b-256 of the guarded bytes; the session's plaintext
				      begins with it */
};

/* The guard of an inside whose fields before the body are set; what the session then encrypts. */
void packet_guard(struct inside *inside);

int packet_seal(uint8_t out[static BLOB_BYTES], const struct inside *inside,
		const uint8_t sealing_key[static HPKE_PUBLIC_BYTES],
		const uint8_t deposit_hash[static HASH_BYTES]) MUST_CHECK;

/* Version, suite, and the hint says that this key may open it. key_hash = SHA-256(sealing key). */
bool packet_fits(
		const uint8_t packet[static BLOB_BYTES], const uint8_t key_hash[static HASH_BYTES]);

struct opener {
	const uint8_t *secret;	     /* HPKE_SECRET_BYTES */
	const uint8_t *key_hash;     /* HASH_BYTES */
	const uint8_t *deposit_hash; /* HASH_BYTES */
};
int packet_open(struct inside *out, const uint8_t packet[static BLOB_BYTES],
		const struct opener *opener) MUST_CHECK;

#endif
