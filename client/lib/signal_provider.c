/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Primitives for the Signal library. AES-CTR belongs to a message version that nobody speaks any
 * more: refused. */
#include "client/lib/signal_provider.h"

#include "libshared/error.h"

#include <openssl/evp.h>
#include <sodium.h>

static int random_bytes(uint8_t *data, size_t len, void *user)
{
	(void)user;
	randombytes_buf(data, len);
	return 0;
}

static int hmac_init(void **out, const uint8_t *key, size_t len, void *user)
{
	crypto_auth_hmacsha256_state *state = sodium_malloc(sizeof *state);

	(void)user;
	if (!state)
		return SG_ERR_NOMEM;
	crypto_auth_hmacsha256_init(state, key, len);
	*out = state;
	return 0;
}

static int hmac_update(void *state, const uint8_t *data, size_t len, void *user)
{
	(void)user;
	return crypto_auth_hmacsha256_update(state, data, len);
}

static int hmac_final(void *state, signal_buffer **out, void *user)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];

	(void)user;
	crypto_auth_hmacsha256_final(state, mac);
	*out = signal_buffer_create(mac, sizeof mac);
	sodium_memzero(mac, sizeof mac);
	return *out ? 0 : SG_ERR_NOMEM;
}

static void free_state(void *state, void *user)
{
	(void)user;
	sodium_free(state);
}

static int sha512_init(void **out, void *user)
{
	crypto_hash_sha512_state *state = sodium_malloc(sizeof *state);

	(void)user;
	if (!state)
		return SG_ERR_NOMEM;
	crypto_hash_sha512_init(state);
	*out = state;
	return 0;
}

static int sha512_update(void *state, const uint8_t *data, size_t len, void *user)
{
	(void)user;
	return crypto_hash_sha512_update(state, data, len);
}

static int sha512_final(void *state, signal_buffer **out, void *user)
{
	uint8_t hash[crypto_hash_sha512_BYTES];

	(void)user;
	crypto_hash_sha512_final(state, hash);
	crypto_hash_sha512_init(state); /* the library goes on with the same state */
	*out = signal_buffer_create(hash, sizeof hash);
	sodium_memzero(hash, sizeof hash);
	return *out ? 0 : SG_ERR_NOMEM;
}

struct cbc {
	int encrypt;
	const uint8_t *key, *iv, *in;
	size_t len;
};

static int run_cbc(signal_buffer **out, const struct cbc *c)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *bytes = malloc(c->len + 16);
	int n = 0, last = 0, rc = SG_ERR_UNKNOWN;

	if (ctx && bytes &&
			EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, c->key, c->iv,
					c->encrypt) == 1 &&
			EVP_CipherUpdate(ctx, bytes, &n, c->in, (int)c->len) == 1 &&
			EVP_CipherFinal_ex(ctx, bytes + n, &last) == 1) {
		*out = signal_buffer_create(bytes, (size_t)n + (size_t)last);
		rc = *out ? 0 : SG_ERR_NOMEM;
	}
	if (bytes)
		sodium_memzero(bytes, c->len + 16);
	free(bytes);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

static int aes(signal_buffer **out, int cipher, const struct cbc *c, size_t key_len, size_t iv_len)
{
	if (cipher != SG_CIPHER_AES_CBC_PKCS5 || key_len != 32 || iv_len != 16 ||
			c->len > INT32_MAX - 16)
		return SG_ERR_INVAL;
	return run_cbc(out, c);
}

static int encrypt(signal_buffer **out, int cipher, const uint8_t *key, size_t key_len,
		const uint8_t *iv, size_t iv_len, const uint8_t *in, size_t len, void *user)
{
	const struct cbc c = { 1, key, iv, in, len };

	(void)user;
	return aes(out, cipher, &c, key_len, iv_len);
}

static int decrypt(signal_buffer **out, int cipher, const uint8_t *key, size_t key_len,
		const uint8_t *iv, size_t iv_len, const uint8_t *in, size_t len, void *user)
{
	const struct cbc c = { 0, key, iv, in, len };

	(void)user;
	return aes(out, cipher, &c, key_len, iv_len);
}

int signal_provide(signal_context *context)
{
	const signal_crypto_provider provider = {
		.random_func = random_bytes,
		.hmac_sha256_init_func = hmac_init,
		.hmac_sha256_update_func = hmac_update,
		.hmac_sha256_final_func = hmac_final,
		.hmac_sha256_cleanup_func = free_state,
		.sha512_digest_init_func = sha512_init,
		.sha512_digest_update_func = sha512_update,
		.sha512_digest_final_func = sha512_final,
		.sha512_digest_cleanup_func = free_state,
		.encrypt_func = encrypt,
		.decrypt_func = decrypt,
	};

	return signal_context_set_crypto_provider(context, &provider) == 0 ? 0 : E_CRYPTO;
}
