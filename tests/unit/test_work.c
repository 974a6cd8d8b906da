/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Proof of work: the bytes as another program made them, and whatever a stranger may show instead. */
#include "tests/unit/unit.h"

#include "libshared/work.h"

static const uint64_t start = 3600ULL * 480000; /* an hour begins */
static struct key nonce_key;
static uint8_t challenge[WORK_CHALLENGE_BYTES], solution[WORK_SOLUTION_BYTES];
static const struct work_proof proof = { challenge, solution };

static void set_key(void)
{
	for (uint8_t i = 0; i < KEY_BYTES; i++)
		nonce_key.b[i] = (uint8_t)(i + 1);
}

static void solved(unsigned bits)
{
	set_key();
	work_challenge(challenge, &nonce_key, start, TOKEN_PREKEY, bits);
	ck_assert_int_eq(work_search(solution, challenge, 0, UINT64_MAX), 0);
}

/* Python's hashlib made it. */
START_TEST(takes_what_another_program_solved)
{
	set_key();
	unit_hex(challenge, sizeof challenge,
			"01020c0000000000075300000102030405060708090a0b0c0d0e0f0d587ecad0b89694"
			"90dbcb79ed16c7c70f3b52aadba099c184b060bb9e135088");
	unit_hex(solution, sizeof solution, "0000000000000075");
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), 0);
	solution[7]--;
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), WORK_REFUSED);
}
END_TEST

START_TEST(what_was_searched_is_taken)
{
	static const unsigned difficulties[] = { 0, 1, 7, 8, 9, 13 };

	for (size_t i = 0; i < ARRAY_LEN(difficulties); i++) {
		unsigned bits = 99;

		solved(difficulties[i]);
		ck_assert_int_eq(work_bits(&bits, challenge, TOKEN_PREKEY), 0);
		ck_assert_uint_eq(bits, difficulties[i]);
		ck_assert_int_eq(work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), 0);
	}
}
END_TEST

/* What the search found is the first number that a plain look at the hash finds. */
START_TEST(every_bit_must_be_zero)
{
	for (unsigned bits = 1; bits <= 12; bits++) {
		uint8_t attempt[WORK_CHALLENGE_BYTES + WORK_SOLUTION_BYTES] = { 0 };
		uint8_t hash[HASH_BYTES];
		unsigned n = 0;

		solved(bits);
		memcpy(attempt, challenge, sizeof challenge);
		do {
			attempt[sizeof attempt - 2] = (uint8_t)(n >> 8);
			attempt[sizeof attempt - 1] = (uint8_t)n;
			hash256(hash, attempt, sizeof attempt);
		} while (n++ < 65535 && (hash[0] << 8 | hash[1]) >> (16 - bits) != 0);
		ck_assert_mem_eq(attempt + sizeof challenge, solution, sizeof solution);
	}
}
END_TEST

START_TEST(lasts_its_hour_and_the_next)
{
	solved(4);
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start + 3600, TOKEN_PREKEY), 0);
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start + 7199, TOKEN_PREKEY), 0);
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start + 7200, TOKEN_PREKEY), WORK_REFUSED);
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start - 1, TOKEN_PREKEY), WORK_REFUSED);
	ck_assert_uint_eq(work_last_hour(challenge), 480001);
}
END_TEST

START_TEST(buys_only_what_it_was_made_for)
{
	unsigned bits = 0;

	solved(4);
	for (unsigned i = 0; i <= TOKEN_OPERATIONS; i++) {
		ck_assert_int_eq(work_verify(&proof, &nonce_key, start, i),
				i == TOKEN_PREKEY ? 0 : WORK_REFUSED);
		ck_assert_int_eq(work_bits(&bits, challenge, i),
				i == TOKEN_PREKEY ? 0 : WORK_REFUSED);
	}
}
END_TEST

/* Without a difficulty, so the MAC alone stands between a stranger and the payment. */
START_TEST(every_bit_of_a_challenge_counts)
{
	solved(0);
	for (size_t i = 0; i < 8 * sizeof challenge; i++) {
		challenge[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(
				work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), WORK_REFUSED);
		challenge[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), 0);
	nonce_key.b[0]++;
	ck_assert_int_eq(work_verify(&proof, &nonce_key, start, TOKEN_PREKEY), WORK_REFUSED);
}
END_TEST

START_TEST(no_two_challenges_are_alike)
{
	uint8_t first[HASH_BYTES], second[HASH_BYTES];

	solved(0);
	work_hash(first, challenge);
	solved(0);
	work_hash(second, challenge);
	ck_assert_mem_ne(first, second, sizeof first);
}
END_TEST

START_TEST(asks_and_does_no_more_than_the_most)
{
	unsigned bits;

	set_key();
	work_challenge(challenge, &nonce_key, start, TOKEN_PREKEY, 200);
	ck_assert_int_eq(work_bits(&bits, challenge, TOKEN_PREKEY), 0);
	ck_assert_uint_eq(bits, WORK_BITS_MOST);
	challenge[2]++; /* a server of another opinion */
	ck_assert_int_eq(work_bits(&bits, challenge, TOKEN_PREKEY), WORK_REFUSED);
	challenge[2] = 255;
	ck_assert_int_eq(work_search(solution, challenge, 0, 1), WORK_NOT_YET);
}
END_TEST

START_TEST(a_search_goes_on_where_it_stopped)
{
	uint8_t whole[WORK_SOLUTION_BYTES];
	uint64_t from = 0;

	solved(10);
	memcpy(whole, solution, sizeof whole);
	memset(solution, 0xff, sizeof solution);
	while (work_search(solution, challenge, from, 7) == WORK_NOT_YET)
		from += 7;
	ck_assert_mem_eq(solution, whole, sizeof whole);
}
END_TEST

UNIT("work", takes_what_another_program_solved, what_was_searched_is_taken, every_bit_must_be_zero,
		lasts_its_hour_and_the_next, buys_only_what_it_was_made_for,
		every_bit_of_a_challenge_counts, no_two_challenges_are_alike,
		asks_and_does_no_more_than_the_most, a_search_goes_on_where_it_stopped)
