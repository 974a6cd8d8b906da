/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The issuing keys that a daemon holds: the credential `token-keys`, records of operation 1 ||
 * epoch 4 || secret 32. prekeyd has those of all operations, the others those that they redeem.
 * Which of them count depends on the day alone (token_epoch_counts) and is looked up at each use.
 */
#ifndef SOTTO_TOKEN_KEYS_H
#define SOTTO_TOKEN_KEYS_H

#include "libshared/token.h"

enum {
	TOKEN_KEYS_MOST = 64,
	TOKEN_KEY_RECORD_BYTES = 1 + 4 + VOPRF_SCALAR_BYTES,
};

struct token_key {
	enum token_operation operation;
	uint32_t epoch;
	struct voprf_key voprf;
};

struct token_keys { /* in order of operation, then epoch */
	size_t n;
	struct token_key keys[TOKEN_KEYS_MOST];
};

void token_keys_wipe(struct token_keys *keys);

/* E_IO: no such file; E_CONFIG: not of this form, a key twice, or more than TOKEN_KEYS_MOST. */
int token_keys_load(struct token_keys *out, const char *path) MUST_CHECK;

/* NULL: there is none that counts on that day. */
const struct token_key *token_keys_find(const struct token_keys *keys,
		enum token_operation operation, uint32_t epoch, uint64_t day);

/* The highest epoch that counts, under which tokens are asked for; or NULL. */
const struct token_key *token_keys_newest(
		const struct token_keys *keys, enum token_operation operation, uint64_t day);

struct token_paid { /* what a function is told of a token that was redeemed */
	uint32_t epoch;
	uint8_t hash[HASH_BYTES];
};

struct token_rule { /* what a token must be good for */
	enum token_operation operation;
	uint64_t day;
	const uint8_t *digest; /* of the challenge, HASH_BYTES */
};

/* TOKEN_BAD: not made by a key of this operation that counts, whatever else it is. */
int token_keys_redeem(struct token_paid *out, const struct token_keys *keys,
		const uint8_t token[static TOKEN_BYTES], const struct token_rule *rule) MUST_CHECK;

static inline __attribute__((unused)) void token_keys_wipe_ref(struct token_keys *keys)
{
	token_keys_wipe(keys);
}

#endif
