/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A 32-byte secret that wipes itself at the end of its scope, and its X25519 pair.
 *
 *   CLEANUP(key_wipe) struct key shared = { 0 };      // by address: see key_wipe_ref
 */
#ifndef SOTTO_KEY_H
#define SOTTO_KEY_H

#include "libshared/scope.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEY_BYTES = 32, HASH_BYTES = 32 };

struct key {
	uint8_t b[KEY_BYTES];
};

/* X25519: pub = secret * basepoint. */
struct key_pair {
	struct key secret;
	struct key pub;
};

void key_wipe(struct key *key);
void key_pair_wipe(struct key_pair *pair);
void key_random(struct key *out);
void key_pair_random(struct key_pair *out);

/* pub from secret; E_CRYPTO never happens for a fixed basepoint but is passed on. */
int key_pair_from_secret(struct key_pair *out, const struct key *secret) MUST_CHECK;

/* Constant time. */
bool key_equal(const struct key *a, const struct key *b);

/* BLAKE2b-256, unkeyed or keyed, of one run of bytes (libsodium's generichash). */
void hash256(uint8_t out[static HASH_BYTES], const void *bytes, size_t len);
void hash256_keyed(uint8_t out[static HASH_BYTES], const struct key *key, const void *bytes,
		size_t len);

/* A 32-byte secret from a file of exactly 32 bytes. E_IO, or E_CONFIG for another size. */
int key_load(struct key *out, const char *path) MUST_CHECK;

static inline __attribute__((unused)) void key_wipe_ref(struct key *key)
{
	key_wipe(key);
}

static inline __attribute__((unused)) void key_pair_wipe_ref(struct key_pair *pair)
{
	key_pair_wipe(pair);
}

#endif
