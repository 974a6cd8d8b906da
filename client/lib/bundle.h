/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Prekey bundles (docs/protocol.md "Bundle"): what a stranger needs to write first, sealed under
 * the bundle key that only the contact link carries, so that the server holds nobody's public keys.
 */
#ifndef SOTTO_BUNDLE_H
#define SOTTO_BUNDLE_H

#include "client/lib/profile.h"

enum { BUNDLE_BAD = 1, SIGNATURE_BYTES = 64 };

struct bundle {
	uint8_t identity[32];
	uint32_t registration_id;
	uint32_t signed_id;
	uint8_t signed_key[32];
	uint8_t signed_signature[SIGNATURE_BYTES]; /* X3DH: over 0x05 || signed_key */
	uint32_t prekey_id;			   /* 0: last resort, no one-time prekey */
	uint8_t prekey[32];
	uint8_t sealing[HPKE_PUBLIC_BYTES];
	struct key inbox; /* deposit secret */
};

/* Opens and checks everything: AEAD, identity hash of the link, both signatures, low-order keys.
 * BUNDLE_BAD. */
int bundle_open(struct bundle *out, struct profile *profile, const struct contact_link *link,
		const uint8_t sealed[static BUNDLE_BYTES]) MUST_CHECK;

/*
 * A new generation of our own or a refill, with all secrets stored: one last-resort and 50 one-time
 * bundles, with the home's inbox in them. A generation is the id of its signed prekey, made with
 * its first batch; no two homes have the same. In one transaction.
 */
struct bundle_batch {
	uint32_t generation;
	uint8_t last_resort[BUNDLE_BYTES];
	uint8_t one_time[BUNDLES_PER_PUT][BUNDLE_BYTES];
};
/* HOME_NONE: it was forgotten meanwhile; bundle_newest, too. */
int bundle_make_batch(struct profile *profile, const struct home *home, struct bundle_batch *out,
		uint32_t generation) MUST_CHECK;

/* 0 when there is none yet, and when it was made. */
int bundle_newest(uint32_t *out, int64_t *out_made_s, struct profile *profile,
		const struct home *home) MUST_CHECK;
/* The number of a new one, higher than all of ours and than `above`, which a server knows. */
int bundle_next(uint32_t *out, struct profile *profile, uint32_t above) MUST_CHECK;

/* The server has that generation: unused secrets of older ones die once they are quiet. */
int bundle_confirmed(
		struct profile *profile, const struct home *home, uint32_t generation) MUST_CHECK;
/* It hands out none any more: so do all of them. */
int bundle_ended(struct profile *profile, const struct home *home) MUST_CHECK;

/* True when X25519 with this key would be all zero (31 Wycheproof cases): the Signal library takes
 * such keys. */
bool guard_is_low_order(const uint8_t key[static 32]);

#endif
