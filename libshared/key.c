/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys of fixed size. Trusts libsodium to be initialised by the program's main. */
#include "libshared/key.h"

#include "libshared/error.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>

void key_wipe(struct key *key)
{
	if (key)
		sodium_memzero(key, sizeof *key);
}

void key_pair_wipe(struct key_pair *pair)
{
	if (pair)
		sodium_memzero(pair, sizeof *pair);
}

void key_random(struct key *out)
{
	randombytes_buf(out->b, sizeof out->b);
}

void key_pair_random(struct key_pair *out)
{
	key_random(&out->secret);
	crypto_scalarmult_base(out->pub.b, out->secret.b);
}

int key_pair_from_secret(struct key_pair *out, const struct key *secret)
{
	out->secret = *secret;
	return crypto_scalarmult_base(out->pub.b, out->secret.b) == 0 ? 0 : E_CRYPTO;
}

bool key_equal(const struct key *a, const struct key *b)
{
	return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

void hash256(uint8_t out[static HASH_BYTES], const void *bytes, size_t len)
{
	crypto_generichash(out, HASH_BYTES, bytes, len, NULL, 0);
}

void hash256_keyed(uint8_t out[static HASH_BYTES], const struct key *key, const void *bytes,
		size_t len)
{
	crypto_generichash(out, HASH_BYTES, bytes, len, key->b, sizeof key->b);
}

int key_load(struct key *out, const char *path)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[KEY_BYTES + 1];
	ssize_t n;

	if (fd < 0)
		return E_IO;
	n = read(fd, bytes, sizeof bytes);
	if (n == KEY_BYTES)
		memcpy(out->b, bytes, sizeof out->b);
	sodium_memzero(bytes, sizeof bytes);
	if (n < 0)
		return E_IO;
	return n == KEY_BYTES ? 0 : E_CONFIG;
}
