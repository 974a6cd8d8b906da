/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

START_TEST(integers_are_big_endian)
{
	static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t out[sizeof expected];
	struct writer w = writer_over(out, sizeof out);

	writer_u8(&w, 1);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	writer_u64(&w, 0x08090a0b0c0d0e0fULL);
	ck_assert(writer_is_full(&w));
	ck_assert_mem_eq(out, expected, sizeof out);
}
END_TEST

START_TEST(what_the_writer_lays_out_the_reader_reads)
{
	uint8_t out[40], copy[5];
	struct writer w = writer_over(out, sizeof out);
	struct reader rd;

	writer_u64(&w, UINT64_MAX - 1);
	writer_copy(&w, "sotto", 5);
	writer_u16(&w, 65535);
	writer_zeros(&w);
	ck_assert(writer_is_full(&w));
	rd = reader_over(out, sizeof out);
	ck_assert(reader_u64(&rd) == UINT64_MAX - 1);
	reader_copy(&rd, copy, sizeof copy);
	ck_assert_mem_eq(copy, "sotto", 5);
	ck_assert_uint_eq(reader_u16(&rd), 65535);
	ck_assert(reader_zeros(&rd));
	ck_assert(reader_is_done(&rd));
}
END_TEST

START_TEST(nothing_is_written_past_the_end_or_after_it)
{
	uint8_t out[8] = { 0, 0, 0, 0, 7, 7, 7, 7 };
	struct writer w = writer_over(out, 4);

	writer_u16(&w, 0x0101);
	writer_u32(&w, UINT32_MAX);
	writer_u8(&w, 0xff);
	writer_zeros(&w);
	ck_assert(!writer_is_ok(&w));
	ck_assert(!writer_is_full(&w));
	ck_assert_mem_eq(out, "\1\1\0\0\7\7\7\7", 8);
}
END_TEST

START_TEST(a_huge_length_does_not_wrap)
{
	uint8_t out[4];
	struct writer w = writer_over(out, sizeof out);

	writer_u8(&w, 1);
	ck_assert_ptr_null(writer_take(&w, SIZE_MAX));
	ck_assert(!writer_is_ok(&w));
}
END_TEST

START_TEST(half_a_layout_is_not_full)
{
	uint8_t out[4];
	struct writer w = writer_over(out, sizeof out);

	writer_u8(&w, 1);
	ck_assert(writer_is_ok(&w));
	ck_assert(!writer_is_full(&w));
}
END_TEST

UNIT("writer", integers_are_big_endian, what_the_writer_lays_out_the_reader_reads,
		nothing_is_written_past_the_end_or_after_it, a_huge_length_does_not_wrap,
		half_a_layout_is_not_full)
