/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Issuing keys of a daemon. Trusts the administrator's file to be secret, not to be well formed. */
#include "libshared/token_keys.h"

#include "libshared/error.h"
#include "libshared/reader.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>

enum { FILE_MOST = TOKEN_KEYS_MOST * TOKEN_KEY_RECORD_BYTES };

void token_keys_wipe(struct token_keys *keys)
{
	if (keys)
		sodium_memzero(keys, sizeof *keys);
}

/* The order makes a key that stands twice impossible. */
static bool is_before(const struct token_key *a, const struct token_key *b)
{
	return a->operation != b->operation ? a->operation < b->operation : a->epoch < b->epoch;
}

static int parse(struct token_keys *out, const uint8_t *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);

	while (!reader_is_done(&rd)) {
		struct token_key *key = &out->keys[out->n];
		const uint8_t *secret;

		key->operation = (enum token_operation)reader_u8(&rd);
		key->epoch = reader_u32(&rd);
		secret = reader_take(&rd, VOPRF_SCALAR_BYTES);
		if (!secret || !token_operation_name(key->operation) ||
				voprf_key_from_secret(&key->voprf, secret) ||
				(out->n && !is_before(key - 1, key)))
			return E_CONFIG;
		out->n++;
	}
	return 0;
}

int token_keys_load(struct token_keys *out, const char *path)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(token_keys_wipe) struct token_keys keys = { 0 };
	uint8_t bytes[FILE_MOST + 1];
	ssize_t n;
	int rc = E_IO;

	if (fd < 0)
		return E_IO;
	n = read(fd, bytes, sizeof bytes);
	if (n >= 0)
		rc = n > FILE_MOST ? E_CONFIG : parse(&keys, bytes, (size_t)n);
	sodium_memzero(bytes, sizeof bytes);
	if (rc == 0)
		*out = keys;
	return rc;
}

const struct token_key *token_keys_find(const struct token_keys *keys,
		enum token_operation operation, uint32_t epoch, uint64_t day)
{
	if (!token_epoch_counts(epoch, day))
		return NULL;
	for (size_t i = 0; i < keys->n; i++)
		if (keys->keys[i].operation == operation && keys->keys[i].epoch == epoch)
			return &keys->keys[i];
	return NULL;
}

const struct token_key *token_keys_newest(
		const struct token_keys *keys, enum token_operation operation, uint64_t day)
{
	uint32_t epoch = token_epoch(day);
	const struct token_key *key = token_keys_find(keys, operation, epoch, day);

	return key || !epoch ? key : token_keys_find(keys, operation, epoch - 1, day);
}

/* Key ids are public, and so is which one a token names. */
static const struct token_key *named_in(const struct token_keys *keys,
		const uint8_t token[static TOKEN_BYTES], const struct token_rule *rule)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct token_key *key = &keys->keys[i];
		uint8_t id[HASH_BYTES];

		if (key->operation != rule->operation || !token_epoch_counts(key->epoch, rule->day))
			continue;
		token_key_id(id, key->voprf.pub);
		if (memcmp(id, token_key_id_in(token), sizeof id) == 0)
			return key;
	}
	return NULL;
}

int token_keys_redeem(struct token_paid *out, const struct token_keys *keys,
		const uint8_t token[static TOKEN_BYTES], const struct token_rule *rule)
{
	const struct token_key *key = named_in(keys, token, rule);

	if (!key || token_redeem(token, &key->voprf, rule->digest))
		return TOKEN_BAD;
	out->epoch = key->epoch;
	token_hash(out->hash, token);
	return 0;
}
