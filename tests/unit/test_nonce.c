/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/nonce.h"

static const struct key key = { { 1, 2, 3 } };
static const uint64_t start = 3600ULL * 480000; /* an hour begins */

START_TEST(lasts_the_hour_it_was_named_in_and_the_next)
{
	uint8_t nonce[NONCE_BYTES];

	nonce_at(nonce, &key, start + 1800);
	ck_assert(!nonce_is_fresh(&key, start - 1, nonce)); /* of the future */
	ck_assert(nonce_is_fresh(&key, start, nonce));
	ck_assert(nonce_is_fresh(&key, start + 3599, nonce));
	ck_assert(nonce_is_fresh(&key, start + 3600, nonce));
	ck_assert(nonce_is_fresh(&key, start + 7199, nonce));
	ck_assert(!nonce_is_fresh(&key, start + 7200, nonce));
}
END_TEST

START_TEST(is_one_for_the_whole_hour)
{
	uint8_t first[NONCE_BYTES], last[NONCE_BYTES], next[NONCE_BYTES];

	nonce_at(first, &key, start);
	nonce_at(last, &key, start + 3599);
	nonce_at(next, &key, start + 3600);
	ck_assert_mem_eq(first, last, sizeof first);
	ck_assert_mem_ne(first, next, sizeof first);
}
END_TEST

START_TEST(another_key_names_another)
{
	static const struct key other = { { 1, 2, 4 } };
	uint8_t nonce[NONCE_BYTES];

	nonce_at(nonce, &other, start);
	ck_assert(!nonce_is_fresh(&key, start, nonce));
}
END_TEST

START_TEST(every_bit_counts)
{
	uint8_t nonce[NONCE_BYTES];

	nonce_at(nonce, &key, start);
	for (size_t i = 0; i < 8 * sizeof nonce; i++) {
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!nonce_is_fresh(&key, start, nonce));
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert(nonce_is_fresh(&key, start, nonce));
}
END_TEST

START_TEST(the_first_hour_has_none_before_it)
{
	uint8_t nonce[NONCE_BYTES];

	nonce_at(nonce, &key, UINT64_MAX);
	ck_assert(!nonce_is_fresh(&key, 0, nonce));
	nonce_at(nonce, &key, 0);
	ck_assert(nonce_is_fresh(&key, 0, nonce));
}
END_TEST

/* The layout that docs/protocol.md states: the hour as 8 bytes, big-endian. */
START_TEST(is_keyed_blake2b_of_the_hour)
{
	uint8_t nonce[NONCE_BYTES], expected[NONCE_BYTES];
	static const uint8_t hour[8] = { 0, 0, 0, 0, 0, 7, 0x53, 0 };

	nonce_at(nonce, &key, start);
	crypto_generichash(expected, sizeof expected, hour, sizeof hour, key.b, sizeof key.b);
	ck_assert_mem_eq(nonce, expected, sizeof nonce);
}
END_TEST

UNIT("nonce", lasts_the_hour_it_was_named_in_and_the_next, is_one_for_the_whole_hour,
		another_key_names_another, every_bit_counts, the_first_hour_has_none_before_it,
		is_keyed_blake2b_of_the_hour)
