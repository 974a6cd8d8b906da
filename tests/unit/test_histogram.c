/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* histogram.c: percentiles out of buckets. */
#include "libshared/histogram.h"

#include "tests/unit/unit.h"

START_TEST(nothing_has_percentile_zero)
{
	const struct histogram h = { 0 };

	ck_assert_uint_eq(histogram_percentile(&h, 50), 0);
	ck_assert_uint_eq(histogram_percentile(&h, 100), 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
	struct histogram h = { 0 };

	for (uint64_t value = 0; value < 8; value++)
		histogram_add(&h, value);
	for (unsigned i = 1; i <= 8; i++)
		ck_assert_uint_eq(histogram_percentile(&h, i * 100 / 8), i - 1);
}
END_TEST

START_TEST(a_percentile_is_never_too_low_and_at_most_a_quarter_too_high)
{
	for (uint64_t value = 1; value < (uint64_t)3 << 31; value += value / 7 + 1) {
		struct histogram h = { 0 };
		uint64_t got;

		histogram_add(&h, value);
		histogram_add(&h, UINT64_MAX);
		got = histogram_percentile(&h, 50);
		ck_assert_uint_ge(got, value);
		ck_assert_uint_le(got, value + value / 4);
	}
}
END_TEST

START_TEST(none_exceeds_the_greatest_value)
{
	struct histogram h = { 0 };

	histogram_add(&h, 1001);
	ck_assert_uint_eq(histogram_percentile(&h, 99), 1001);
	histogram_add(&h, UINT64_MAX);
	ck_assert_uint_eq(histogram_percentile(&h, 100), UINT64_MAX);
}
END_TEST

START_TEST(one_in_a_hundred_is_beyond_the_99th)
{
	struct histogram h = { 0 };

	for (int i = 0; i < 99; i++)
		histogram_add(&h, 5);
	histogram_add(&h, 1000000);
	ck_assert_uint_eq(histogram_percentile(&h, 99), 5);
	ck_assert_uint_eq(histogram_percentile(&h, 100), 1000000);
	histogram_add(&h, 1000000);
	ck_assert_uint_eq(histogram_percentile(&h, 99), 1000000);
}
END_TEST

UNIT("histogram", nothing_has_percentile_zero, small_values_are_exact,
		a_percentile_is_never_too_low_and_at_most_a_quarter_too_high,
		none_exceeds_the_greatest_value, one_in_a_hundred_is_beyond_the_99th)
