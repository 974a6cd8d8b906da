/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * HPKE (RFC 9180), base mode, one message: KEM 0x647A X-Wing (ML-KEM-768 + X25519), KDF 0x0001
 * HKDF-SHA256, AEAD 0x0003 ChaCha20-Poly1305; the suite of draft-ietf-hpke-pq, whose vectors are in
 * the tests. On libsodium 1.0.22.
 */
#ifndef SOTTO_HPKE_H
#define SOTTO_HPKE_H

#include "libshared/scope.h"

#include <stdint.h>

enum {
	HPKE_PUBLIC_BYTES = 1216,
	HPKE_SECRET_BYTES = 32, /* X-Wing's seed */
	HPKE_ENC_BYTES = 1120,
	HPKE_TAG_BYTES = 16,
	HPKE_BAD = 1, /* does not open, or a malformed public key */
};

struct hpke_parts { /* what both sides must agree on; borrowed */
	const uint8_t *info;
	size_t info_len;
	const uint8_t *aad;
	size_t aad_len;
};

/* An AEAD context after the key schedule; wipe with hpke_clear. */
struct hpke {
	uint8_t key[32];
	uint8_t base_nonce[12];
	uint64_t sequence;
};

void hpke_keypair(uint8_t public_key[static HPKE_PUBLIC_BYTES],
		uint8_t secret[static HPKE_SECRET_BYTES]);
void hpke_clear(struct hpke *hpke);

/* The two set-ups give the same context. HPKE_BAD for a public key that is none. */
int hpke_setup_sender(struct hpke *out, uint8_t enc[static HPKE_ENC_BYTES],
		const uint8_t public_key[static HPKE_PUBLIC_BYTES],
		const struct hpke_parts *parts) MUST_CHECK;
int hpke_setup_receiver(struct hpke *out, const uint8_t enc[static HPKE_ENC_BYTES],
		const uint8_t secret[static HPKE_SECRET_BYTES],
		const struct hpke_parts *parts) MUST_CHECK;

/* out has len + HPKE_TAG_BYTES bytes; each call takes the next sequence number. */
int hpke_seal(struct hpke *hpke, uint8_t *out, const uint8_t *plain, size_t len,
		const struct hpke_parts *parts) MUST_CHECK;
/* out has len - HPKE_TAG_BYTES bytes. HPKE_BAD. */
int hpke_open(struct hpke *hpke, uint8_t *out, const uint8_t *sealed, size_t len,
		const struct hpke_parts *parts) MUST_CHECK;

static inline __attribute__((unused)) void hpke_clear_ref(struct hpke *hpke)
{
	hpke_clear(hpke);
}

#endif
