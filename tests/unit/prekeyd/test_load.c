/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How hard work gets: a clock and a rate of our own. */
#include "services/prekeyd/load.h"
#include "tests/unit/unit.h"

enum { SECOND_US = 1000000, RATE = 60 };

static struct load load;

/* n solved at second t. */
static void solve(unsigned n, uint64_t t)
{
	for (unsigned i = 0; i < n; i++)
		load_count(&load, t * SECOND_US);
}

static unsigned bits(uint64_t t)
{
	return load_bits(&load, t * SECOND_US, RATE);
}

START_TEST(each_doubling_of_the_rate_is_a_bit)
{
	static const struct {
		unsigned more, bits;
	} steps[] = { { 0, 0 }, { 60, 0 }, { 59, 0 }, { 1, 1 }, { 119, 1 }, { 1, 2 }, { 240, 3 } };

	load = (struct load){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		solve(steps[i].more, 600);
		ck_assert_uint_eq(bits(600), steps[i].bits);
	}
}
END_TEST

START_TEST(it_falls_again_within_two_minutes)
{
	unsigned before = 99;

	load = (struct load){ 0 };
	solve(480, 600);
	ck_assert_uint_eq(bits(659), 3);
	for (uint64_t t = 659; t < 720; t++) {
		ck_assert_uint_le(bits(t), before);
		before = bits(t);
	}
	ck_assert_uint_eq(bits(660), 3);
	ck_assert_uint_eq(bits(690), 2); /* half of that minute is over */
	ck_assert_uint_eq(bits(719), 0);
	ck_assert_uint_eq(bits(720), 0);
	ck_assert_uint_eq(bits(100000), 0);
	solve(1, 720); /* nothing of it comes back */
	ck_assert_uint_eq(bits(720), 0);
}
END_TEST

START_TEST(a_steady_load_stays_as_hard_over_the_turn_of_a_minute)
{
	load = (struct load){ 0 };
	for (uint64_t t = 600; t < 900; t++) {
		solve(5, t); /* 300 a minute */
		if (t >= 660)
			ck_assert_uint_eq(bits(t), 2);
	}
}
END_TEST

START_TEST(twelve_bits_are_the_most)
{
	load = (struct load){ 600 / 60, UINT64_MAX / 2, 0 };
	ck_assert_uint_eq(bits(600), LOAD_BITS_MOST);
}
END_TEST

UNIT("load", each_doubling_of_the_rate_is_a_bit, it_falls_again_within_two_minutes,
		a_steady_load_stays_as_hard_over_the_turn_of_a_minute, twelve_bits_are_the_most)
