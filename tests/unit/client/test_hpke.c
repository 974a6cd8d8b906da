/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The HPKE key schedule against the vectors of draft-ietf-hpke-pq, X-Wing against its own. */
#include "client/lib/hpke.h"
#include "tests/unit/client/vectors/hpke_js.h"
#include "tests/unit/client/vectors/hpke_xwing.h"
#include "tests/unit/client/vectors/xwing.h"
#include "tests/unit/unit.h"

enum {
	PLAIN_MOST = 64,
	SEALED_MOST = PLAIN_MOST + HPKE_TAG_BYTES,
	INFO_BYTES = sizeof hpke_info / 2,
};

/* Any length: for the fields whose length varies. */
static size_t hex(uint8_t *out, size_t size, const char *text)
{
	size_t len = strlen(text) / 2;

	ck_assert_uint_le(len, size);
	unit_hex(out, len, text);
	return len;
}

static void published_context(struct hpke *out, const uint8_t *info, size_t info_len)
{
	uint8_t enc[HPKE_ENC_BYTES], secret[HPKE_SECRET_BYTES];
	const struct hpke_parts parts = { .info = info, .info_len = info_len };

	unit_hex(enc, sizeof enc, hpke_enc);
	unit_hex(secret, sizeof secret, hpke_secret);
	ck_assert_int_eq(hpke_setup_receiver(out, enc, secret, &parts), 0);
}

static void published(struct hpke *out)
{
	uint8_t info[INFO_BYTES];

	published_context(out, info, hex(info, sizeof info, hpke_info));
}

START_TEST(derives_the_published_key_and_nonce)
{
	struct hpke hpke;
	uint8_t key[sizeof hpke.key], nonce[sizeof hpke.base_nonce];

	published(&hpke);
	unit_hex(key, sizeof key, hpke_key);
	unit_hex(nonce, sizeof nonce, hpke_base_nonce);
	ck_assert_mem_eq(hpke.key, key, sizeof key);
	ck_assert_mem_eq(hpke.base_nonce, nonce, sizeof nonce);
}
END_TEST

START_TEST(opens_the_ten_published_messages)
{
	struct hpke hpke;

	ck_assert_uint_eq(ARRAY_LEN(hpke_encryptions), 10);
	published(&hpke);
	for (size_t i = 0; i < ARRAY_LEN(hpke_encryptions); i++) {
		uint8_t aad[32], want[PLAIN_MOST], sealed[SEALED_MOST], plain[PLAIN_MOST];
		const struct hpke_parts parts = { .aad = aad,
			.aad_len = hex(aad, sizeof aad, hpke_encryptions[i].aad) };
		size_t want_len = hex(want, sizeof want, hpke_encryptions[i].plain);
		size_t len = hex(sealed, sizeof sealed, hpke_encryptions[i].sealed);

		ck_assert_uint_eq(len, want_len + HPKE_TAG_BYTES);
		ck_assert_int_eq(hpke_open(&hpke, plain, sealed, len, &parts), 0);
		ck_assert_mem_eq(plain, want, want_len);
	}
}
END_TEST

START_TEST(seals_to_the_ten_published_messages)
{
	struct hpke hpke;

	published(&hpke);
	for (size_t i = 0; i < ARRAY_LEN(hpke_encryptions); i++) {
		uint8_t aad[32], plain[PLAIN_MOST], want[SEALED_MOST], sealed[SEALED_MOST];
		const struct hpke_parts parts = { .aad = aad,
			.aad_len = hex(aad, sizeof aad, hpke_encryptions[i].aad) };
		size_t len = hex(plain, sizeof plain, hpke_encryptions[i].plain);

		ck_assert_int_eq(hpke_seal(&hpke, sealed, plain, len, &parts), 0);
		ck_assert_mem_eq(sealed, want, hex(want, sizeof want, hpke_encryptions[i].sealed));
	}
}
END_TEST

START_TEST(encapsulation_gives_the_published_secret)
{
	uint8_t public[HPKE_PUBLIC_BYTES], seed[64], want_enc[HPKE_ENC_BYTES], want[32];
	uint8_t enc[HPKE_ENC_BYTES], shared[32];

	unit_hex(public, sizeof public, hpke_public);
	unit_hex(seed, sizeof seed, hpke_encapsulation_seed);
	unit_hex(want_enc, sizeof want_enc, hpke_enc);
	unit_hex(want, sizeof want, hpke_shared);
	ck_assert_int_eq(crypto_kem_xwing_enc_deterministic(enc, shared, public, seed), 0);
	ck_assert_mem_eq(enc, want_enc, sizeof enc);
	ck_assert_mem_eq(shared, want, sizeof shared);
}
END_TEST

START_TEST(another_info_is_another_context)
{
	struct hpke right, wrong;
	uint8_t info[INFO_BYTES];
	size_t len = hex(info, sizeof info, hpke_info);

	published(&right);
	info[len - 1] ^= 1;
	published_context(&wrong, info, len);
	ck_assert_mem_ne(right.key, wrong.key, sizeof right.key);
	ck_assert_mem_ne(right.base_nonce, wrong.base_nonce, sizeof right.base_nonce);
}
END_TEST

struct sealed {
	uint8_t public[HPKE_PUBLIC_BYTES];
	uint8_t secret[HPKE_SECRET_BYTES];
	uint8_t enc[HPKE_ENC_BYTES];
	uint8_t bytes[5 + HPKE_TAG_BYTES];
};

static const struct hpke_parts both = {
	.info = (const uint8_t *)"info",
	.info_len = 4,
	.aad = (const uint8_t *)"aad",
	.aad_len = 3,
};

static void seal_hello(struct sealed *out)
{
	struct hpke hpke;

	hpke_keypair(out->public, out->secret);
	ck_assert_int_eq(hpke_setup_sender(&hpke, out->enc, out->public, &both), 0);
	ck_assert_int_eq(hpke_seal(&hpke, out->bytes, (const uint8_t *)"hello", 5, &both), 0);
}

/* 0, or whatever refused first. */
static int open_hello(const struct sealed *s, const struct hpke_parts *parts)
{
	struct hpke hpke;
	uint8_t plain[5];
	int rc = hpke_setup_receiver(&hpke, s->enc, s->secret, parts);

	if (rc == 0)
		rc = hpke_open(&hpke, plain, s->bytes, sizeof s->bytes, parts);
	if (rc == 0)
		ck_assert_mem_eq(plain, "hello", 5);
	return rc;
}

START_TEST(opens_what_it_sealed)
{
	struct sealed s;

	seal_hello(&s);
	ck_assert_int_eq(open_hello(&s, &both), 0);
}
END_TEST

START_TEST(refuses_another_info_or_aad)
{
	struct sealed s;
	struct hpke_parts parts = both;

	seal_hello(&s);
	parts.info_len--;
	ck_assert_int_eq(open_hello(&s, &parts), HPKE_BAD);
	parts = both;
	parts.aad_len--;
	ck_assert_int_eq(open_hello(&s, &parts), HPKE_BAD);
}
END_TEST

START_TEST(refuses_another_recipient)
{
	struct sealed s;

	seal_hello(&s);
	hpke_keypair(s.public, s.secret);
	ck_assert_int_eq(open_hello(&s, &both), HPKE_BAD);
}
END_TEST

START_TEST(refuses_every_changed_bit_of_the_ciphertext)
{
	struct sealed s;

	seal_hello(&s);
	for (size_t bit = 0; bit < 8 * sizeof s.bytes; bit++) {
		s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(open_hello(&s, &both), HPKE_BAD);
		s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(refuses_a_change_in_every_byte_of_the_encapsulation)
{
	struct sealed s;

	seal_hello(&s);
	for (size_t i = 0; i < sizeof s.enc; i++) {
		s.enc[i] ^= 1;
		ck_assert_int_eq(open_hello(&s, &both), HPKE_BAD);
		s.enc[i] ^= 1;
	}
}
END_TEST

START_TEST(refuses_a_public_key_whose_coefficients_are_not_reduced)
{
	struct sealed s;
	struct hpke hpke;

	hpke_keypair(s.public, s.secret);
	memset(s.public, 0xff, 3); /* two coefficients of 4095, above q = 3329 */
	ck_assert_int_eq(hpke_setup_sender(&hpke, s.enc, s.public, &both), HPKE_BAD);
}
END_TEST

START_TEST(xwing_makes_the_published_keys_and_secrets)
{
	ck_assert_uint_eq(ARRAY_LEN(xwing_vectors), 3);
	for (size_t i = 0; i < ARRAY_LEN(xwing_vectors); i++) {
		uint8_t seed[32], enc_seed[64], want_shared[32], want_public[1216],
				want_ciphertext[1120];
		uint8_t secret[32], shared[32], public[1216], ciphertext[1120];

		unit_hex(seed, sizeof seed, xwing_vectors[i].seed);
		unit_hex(enc_seed, sizeof enc_seed, xwing_vectors[i].encapsulation_seed);
		unit_hex(want_shared, sizeof want_shared, xwing_vectors[i].shared);
		unit_hex(want_public, sizeof want_public, xwing_vectors[i].public);
		unit_hex(want_ciphertext, sizeof want_ciphertext, xwing_vectors[i].ciphertext);

		ck_assert_int_eq(crypto_kem_xwing_seed_keypair(public, secret, seed), 0);
		ck_assert_mem_eq(public, want_public, sizeof public);
		ck_assert_int_eq(crypto_kem_xwing_enc_deterministic(
						 ciphertext, shared, public, enc_seed),
				0);
		ck_assert_mem_eq(ciphertext, want_ciphertext, sizeof ciphertext);
		ck_assert_mem_eq(shared, want_shared, sizeof shared);
		memset(shared, 0, sizeof shared);
		ck_assert_int_eq(crypto_kem_xwing_dec(shared, ciphertext, secret), 0);
		ck_assert_mem_eq(shared, want_shared, sizeof shared);
	}
}
END_TEST

START_TEST(opens_what_another_implementation_sealed)
{
	static const char said[] = "from hpke-js";
	const struct hpke_parts parts = { (const uint8_t *)"sotto info", 10,
		(const uint8_t *)"sotto aad", 9 };
	uint8_t enc[HPKE_ENC_BYTES], secret[HPKE_SECRET_BYTES], sealed[SEALED_MOST];
	uint8_t plain[PLAIN_MOST];
	struct hpke hpke;
	size_t len = hex(sealed, sizeof sealed, hpke_js_sealed);

	unit_hex(enc, sizeof enc, hpke_js_enc);
	unit_hex(secret, sizeof secret, hpke_js_seed);
	ck_assert_int_eq(hpke_setup_receiver(&hpke, enc, secret, &parts), 0);
	ck_assert_int_eq(hpke_open(&hpke, plain, sealed, len, &parts), 0);
	ck_assert_uint_eq(len - HPKE_TAG_BYTES, sizeof said - 1);
	ck_assert_mem_eq(plain, said, sizeof said - 1);
}
END_TEST

UNIT("hpke", derives_the_published_key_and_nonce, opens_the_ten_published_messages,
		seals_to_the_ten_published_messages, encapsulation_gives_the_published_secret,
		another_info_is_another_context, opens_what_it_sealed, refuses_another_info_or_aad,
		refuses_another_recipient, refuses_every_changed_bit_of_the_ciphertext,
		refuses_a_change_in_every_byte_of_the_encapsulation,
		refuses_a_public_key_whose_coefficients_are_not_reduced,
		xwing_makes_the_published_keys_and_secrets,
		opens_what_another_implementation_sealed)
