/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/reader.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };

START_TEST(integers_are_big_endian)
{
	struct reader rd = reader_over(bytes, 15);

	ck_assert_uint_eq(reader_u8(&rd), 1);
	ck_assert_uint_eq(reader_u16(&rd), 0x0203);
	ck_assert_uint_eq(reader_u32(&rd), 0x04050607);
	ck_assert(reader_u64(&rd) == 0x08090a0b0c0d0e0fULL);
	ck_assert(reader_is_done(&rd));
}
END_TEST

START_TEST(a_short_read_is_remembered_and_all_after_it_is_zero)
{
	struct reader rd = reader_over(bytes, 3);
	uint8_t copy[2] = { 9, 9 };
	size_t len = 9;

	ck_assert_uint_eq(reader_u32(&rd), 0);
	ck_assert_uint_eq(reader_u8(&rd), 0);
	reader_copy(&rd, copy, sizeof copy);
	ck_assert_uint_eq(copy[0] | copy[1], 0);
	ck_assert_ptr_null(reader_take(&rd, 1));
	ck_assert_ptr_null(reader_rest(&rd, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert(!reader_zeros(&rd));
	ck_assert(!reader_is_done(&rd));
}
END_TEST

START_TEST(every_truncation_of_a_layout_is_noticed)
{
	for (size_t len = 0; len <= sizeof bytes; len++) {
		struct reader rd = reader_over(bytes, len);
		uint8_t three[3];

		(void)reader_u64(&rd);
		reader_copy(&rd, three, sizeof three);
		(void)reader_u32(&rd);
		(void)reader_u16(&rd);
		(void)reader_u8(&rd);
		ck_assert(reader_is_done(&rd) == (len == sizeof bytes));
	}
}
END_TEST

START_TEST(what_is_left_over_is_not_done)
{
	struct reader rd = reader_over(bytes, 2);

	(void)reader_u8(&rd);
	ck_assert(!reader_is_done(&rd));
}
END_TEST

START_TEST(takes_and_rests_in_place)
{
	struct reader rd = reader_over(bytes, sizeof bytes);
	size_t len;

	ck_assert_ptr_eq(reader_take(&rd, 4), bytes);
	ck_assert_ptr_eq(reader_rest(&rd, &len), bytes + 4);
	ck_assert_uint_eq(len, sizeof bytes - 4);
	ck_assert(reader_is_done(&rd));
}
END_TEST

START_TEST(a_huge_length_does_not_wrap)
{
	struct reader rd = reader_over(bytes, sizeof bytes);

	ck_assert_ptr_null(reader_take(&rd, SIZE_MAX));
	ck_assert(!reader_is_done(&rd));
}
END_TEST

START_TEST(sees_the_one_byte_that_is_not_zero)
{
	uint8_t padding[64] = { 0 };

	for (size_t i = 0; i < sizeof padding; i++) {
		struct reader rd = reader_over(padding, sizeof padding);

		ck_assert(reader_zeros(&rd));
		ck_assert(reader_is_done(&rd));
		padding[i] = 0x80;
		rd = reader_over(padding, sizeof padding);
		ck_assert(!reader_zeros(&rd));
		padding[i] = 0;
	}
}
END_TEST

START_TEST(nothing_at_all_is_done)
{
	struct reader rd = reader_over(NULL, 0);

	ck_assert(reader_zeros(&rd));
	ck_assert(reader_is_done(&rd));
}
END_TEST

UNIT("reader", integers_are_big_endian, a_short_read_is_remembered_and_all_after_it_is_zero,
		every_truncation_of_a_layout_is_noticed, what_is_left_over_is_not_done,
		takes_and_rests_in_place, a_huge_length_does_not_wrap,
		sees_the_one_byte_that_is_not_zero, nothing_at_all_is_done)
