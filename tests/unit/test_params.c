/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Parameters as PostgreSQL reads them, and the order of calls in a batch. */
#include "libshared/params.h"

#include "tests/unit/unit.h"

static struct params of(const char *first, const char *second)
{
	struct params p = { 0 };

	if (first)
		params_bytes(&p, first, strlen(first));
	if (second)
		params_bytes(&p, second, strlen(second));
	return p;
}

static int compare(const char *a1, const char *a2, const char *b1, const char *b2)
{
	struct params a = of(a1, a2), b = of(b1, b2);

	return params_compare(&a, &b);
}

START_TEST(integers_are_big_endian)
{
	static struct params p;

	params_i16(&p, -2);
	params_i32(&p, 0x01020304);
	params_i64(&p, INT64_MIN);
	params_bool(&p, true);
	ck_assert_int_eq(p.n, 4);
	ck_assert_int_eq(p.lengths[0], 2);
	ck_assert_mem_eq(p.values[0], "\xff\xfe", 2);
	ck_assert_int_eq(p.lengths[1], 4);
	ck_assert_mem_eq(p.values[1], "\1\2\3\4", 4);
	ck_assert_int_eq(p.lengths[2], 8);
	ck_assert_mem_eq(p.values[2], "\x80\0\0\0\0\0\0\0", 8);
	ck_assert_int_eq(p.lengths[3], 1);
	ck_assert_mem_eq(p.values[3], "\1", 1);
	ck_assert_uint_eq(params_size(&p), 15);
}
END_TEST

START_TEST(bytes_and_uuids_are_borrowed)
{
	static const uint8_t id[16] = { 1 };
	struct params p = { 0 };

	params_uuid(&p, id);
	params_bytes(&p, "", 0);
	ck_assert_ptr_eq(p.values[0], (const char *)id);
	ck_assert_int_eq(p.lengths[0], 16);
	ck_assert_int_eq(p.lengths[1], 0);
	ck_assert_ptr_nonnull(p.values[1]); /* a NULL would be SQL's NULL */
}
END_TEST

START_TEST(an_array_has_the_header_postgresql_expects)
{
	static uint8_t ids[PARAMS_UUIDS_MOST * 16];
	struct params p = { 0 };

	memset(ids, 7, sizeof ids);
	params_uuids(&p, ids, PARAMS_UUIDS_MOST);
	ck_assert_int_eq(p.lengths[0], 20 + 64 * 20);
	ck_assert_mem_eq(p.values[0],
			"\0\0\0\1\0\0\0\0\0\0\x0b\x86\0\0\0\x40\0\0\0\1\0\0\0\x10\7\7", 26);
}
END_TEST

START_TEST(a_whole_set_of_parameters_fits)
{
	static const uint8_t ids[PARAMS_UUIDS_MOST * 16];
	static const uint8_t last[8] = { [7] = PARAMS_MOST - 1 };
	static struct params p;

	params_uuids(&p, ids, PARAMS_UUIDS_MOST);
	for (int i = 1; i < PARAMS_MOST; i++)
		params_i64(&p, i);
	ck_assert_int_eq(p.n, PARAMS_MOST);
	ck_assert_mem_eq(p.values[PARAMS_MOST - 1], last, sizeof last);
}
END_TEST

START_TEST(order_is_that_of_the_first_two_as_bytes)
{
	ck_assert_int_lt(compare("a", "z", "b", "a"), 0);
	ck_assert_int_gt(compare("b", "a", "a", "z"), 0);
	ck_assert_int_lt(compare("a", "a", "a", "b"), 0);
	ck_assert_int_eq(compare("a", "b", "a", "b"), 0);
	ck_assert_int_lt(compare("\x7f", "", "\x80", ""), 0);
}
END_TEST

START_TEST(shorter_and_fewer_sort_first)
{
	ck_assert_int_lt(compare("a", "x", "ab", "a"), 0);
	ck_assert_int_gt(compare("ab", "a", "a", "x"), 0);
	ck_assert_int_lt(compare("a", NULL, "a", ""), 0);
	ck_assert_int_lt(compare(NULL, NULL, "", NULL), 0);
	ck_assert_int_eq(compare(NULL, NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(the_third_parameter_does_not_count)
{
	struct params a = of("a", "b"), b = of("a", "b");

	params_i32(&a, 1);
	params_i32(&b, 2);
	ck_assert_int_eq(params_compare(&a, &b), 0);
}
END_TEST

UNIT("params", integers_are_big_endian, bytes_and_uuids_are_borrowed,
		an_array_has_the_header_postgresql_expects, a_whole_set_of_parameters_fits,
		order_is_that_of_the_first_two_as_bytes, shorter_and_fewer_sort_first,
		the_third_parameter_does_not_count)
