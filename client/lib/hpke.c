/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The key schedule of RFC 9180 5.1 with the suite fixed; the primitives are libsodium's. */
#include "client/lib/hpke.h"

#include "libshared/error.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

_Static_assert(HPKE_PUBLIC_BYTES == crypto_kem_xwing_PUBLICKEYBYTES, "X-Wing public key");
_Static_assert(HPKE_SECRET_BYTES == crypto_kem_xwing_SECRETKEYBYTES, "X-Wing secret key");
_Static_assert(HPKE_ENC_BYTES == crypto_kem_xwing_CIPHERTEXTBYTES, "X-Wing ciphertext");

static const uint8_t suite[] = { 'H', 'P', 'K', 'E', 0x64, 0x7a, 0x00, 0x01, 0x00, 0x03 };

struct span {
	const uint8_t *bytes;
	size_t len;
};

/* "HPKE-v1" || suite || label || ikm, extracted under salt. */
static void labeled_extract(
		uint8_t out[static 32], struct span salt, const char *label, struct span ikm)
{
	crypto_kdf_hkdf_sha256_state state;

	crypto_kdf_hkdf_sha256_extract_init(&state, salt.bytes, salt.len);
	crypto_kdf_hkdf_sha256_extract_update(&state, (const uint8_t *)"HPKE-v1", 7);
	crypto_kdf_hkdf_sha256_extract_update(&state, suite, sizeof suite);
	crypto_kdf_hkdf_sha256_extract_update(&state, (const uint8_t *)label, strlen(label));
	if (ikm.len)
		crypto_kdf_hkdf_sha256_extract_update(&state, ikm.bytes, ikm.len);
	crypto_kdf_hkdf_sha256_extract_final(&state, out);
}

static void labeled_expand(uint8_t *out, size_t len, const uint8_t prk[static 32],
		const char *label, const uint8_t context[static 65])
{
	uint8_t info[2 + 7 + sizeof suite + 16 + 65];
	struct writer w = writer_over(info, sizeof info);

	writer_u16(&w, (uint16_t)len);
	writer_copy(&w, "HPKE-v1", 7);
	writer_copy(&w, suite, sizeof suite);
	writer_copy(&w, label, strlen(label));
	writer_copy(&w, context, 65);
	crypto_kdf_hkdf_sha256_expand(out, len, (const char *)info, w.used, prk);
}

static void schedule(
		struct hpke *out, const uint8_t shared[static 32], const struct hpke_parts *parts)
{
	const struct span nothing = { NULL, 0 };
	uint8_t context[65] = { 0 }, secret[32]; /* mode 0 || psk_id_hash || info_hash */

	labeled_extract(context + 1, nothing, "psk_id_hash", nothing);
	labeled_extract(context + 33, nothing, "info_hash",
			(struct span){ parts->info, parts->info_len });
	labeled_extract(secret, (struct span){ shared, 32 }, "secret", nothing);
	labeled_expand(out->key, sizeof out->key, secret, "key", context);
	labeled_expand(out->base_nonce, sizeof out->base_nonce, secret, "base_nonce", context);
	out->sequence = 0;
	sodium_memzero(secret, sizeof secret);
}

void hpke_keypair(uint8_t public_key[static HPKE_PUBLIC_BYTES],
		uint8_t secret[static HPKE_SECRET_BYTES])
{
	crypto_kem_xwing_keypair(public_key, secret);
}

void hpke_clear(struct hpke *hpke)
{
	sodium_memzero(hpke, sizeof *hpke);
}

int hpke_setup_sender(struct hpke *out, uint8_t enc[static HPKE_ENC_BYTES],
		const uint8_t public_key[static HPKE_PUBLIC_BYTES], const struct hpke_parts *parts)
{
	uint8_t shared[crypto_kem_xwing_SHAREDSECRETBYTES];

	if (crypto_kem_xwing_enc(enc, shared, public_key) != 0)
		return HPKE_BAD;
	schedule(out, shared, parts);
	sodium_memzero(shared, sizeof shared);
	return 0;
}

int hpke_setup_receiver(struct hpke *out, const uint8_t enc[static HPKE_ENC_BYTES],
		const uint8_t secret[static HPKE_SECRET_BYTES], const struct hpke_parts *parts)
{
	uint8_t shared[crypto_kem_xwing_SHAREDSECRETBYTES];

	if (crypto_kem_xwing_dec(shared, enc, secret) != 0)
		return HPKE_BAD;
	schedule(out, shared, parts);
	sodium_memzero(shared, sizeof shared);
	return 0;
}

static void next_nonce(struct hpke *hpke, uint8_t out[static 12])
{
	uint64_t sequence = hpke->sequence++;

	memcpy(out, hpke->base_nonce, 12);
	for (int i = 11; i > 3; i--, sequence >>= 8)
		out[i] ^= (uint8_t)sequence;
}

int hpke_seal(struct hpke *hpke, uint8_t *out, const uint8_t *plain, size_t len,
		const struct hpke_parts *parts)
{
	uint8_t nonce[12];

	next_nonce(hpke, nonce);
	return crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, parts->aad,
			       parts->aad_len, NULL, nonce, hpke->key) == 0
			? 0
			: E_CRYPTO;
}

int hpke_open(struct hpke *hpke, uint8_t *out, const uint8_t *sealed, size_t len,
		const struct hpke_parts *parts)
{
	uint8_t nonce[12];

	next_nonce(hpke, nonce);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, parts->aad,
			       parts->aad_len, nonce, hpke->key) == 0
			? 0
			: HPKE_BAD;
}
