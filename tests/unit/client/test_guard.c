/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The guard before the Signal library, which takes X25519 keys of low order: Wycheproof's cases. */
#include "client/lib/bundle.h"
#include "tests/unit/client/vectors/x25519.h"
#include "tests/unit/unit.h"

static void read_key(uint8_t out[static 32], const char *hex)
{
	unit_hex(out, 32, hex);
}

START_TEST(refuses_all_keys_that_give_a_zero_secret)
{
	ck_assert_uint_eq(ARRAY_LEN(x25519_zero), 31);
	for (size_t i = 0; i < ARRAY_LEN(x25519_zero); i++) {
		uint8_t public[32];

		read_key(public, x25519_zero[i].public);
		ck_assert_msg(guard_is_low_order(public), "case %d", x25519_zero[i].id);
	}
}
END_TEST

START_TEST(takes_odd_keys_that_give_a_sound_secret)
{
	for (size_t i = 0; i < ARRAY_LEN(x25519_sound); i++) {
		uint8_t public[32];

		read_key(public, x25519_sound[i].public);
		ck_assert_msg(!guard_is_low_order(public), "case %d", x25519_sound[i].id);
	}
}
END_TEST

/* The control: the vectors mean what the two tests above take them to mean. */
START_TEST(x25519_gives_the_published_secrets)
{
	uint8_t public[32], private[32], want[32], shared[32];

	for (size_t i = 0; i < ARRAY_LEN(x25519_sound); i++) {
		read_key(public, x25519_sound[i].public);
		read_key(private, x25519_sound[i].private);
		read_key(want, x25519_sound[i].shared);
		ck_assert_int_eq(crypto_scalarmult(shared, private, public), 0);
		ck_assert_mem_eq(shared, want, sizeof shared);
	}
	for (size_t i = 0; i < ARRAY_LEN(x25519_zero); i++) {
		read_key(public, x25519_zero[i].public);
		read_key(private, x25519_zero[i].private);
		read_key(want, x25519_zero[i].shared);
		ck_assert(sodium_is_zero(want, sizeof want));
		ck_assert_int_ne(crypto_scalarmult(shared, private, public), 0);
	}
}
END_TEST

START_TEST(takes_honest_keys)
{
	for (int i = 0; i < 100; i++) {
		uint8_t secret[32], public[32];

		randombytes_buf(secret, sizeof secret);
		crypto_scalarmult_base(public, secret);
		ck_assert(!guard_is_low_order(public));
	}
}
END_TEST

UNIT("guard", refuses_all_keys_that_give_a_zero_secret, takes_odd_keys_that_give_a_sound_secret,
		x25519_gives_the_published_secrets, takes_honest_keys)
