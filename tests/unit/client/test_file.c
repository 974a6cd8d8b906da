/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How a file is announced and what its pieces are: names that do no harm, bytes that nobody else
 * made. */
#include "client/lib/file.h"

#include "tests/unit/unit.h"

#include <sodium.h>
#include <string.h>

static struct file make(const char *path, uint64_t size)
{
	struct file file;

	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(file_init(&file, path, size), 0);
	return file;
}

/* --- names -------------------------------------------------------------- */

START_TEST(of_a_path_only_a_plain_name_is_told)
{
	static const char *const names[][2] = { { "/home/anna/Photos/cat.jpg", "cat.jpg" },
		{ "cat.jpg", "cat.jpg" }, { "/home/anna/.ssh", "_ssh" }, { "..", "_." },
		{ "a\nb\x1b[2J", "a_b_[2J" }, { "c:\\x", "c:_x" }, { "\xff\xfe", "file" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "exe.\xe2\x80\xaegpj", "exe._gpj" }, { "a\xc2\x9b", "a_" }, { "/", "file" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct file file = make(names[i][0], 1);

		ck_assert_str_eq(file.name, names[i][1]);
		ck_assert(file_name_is_plain(file.name));
	}
}
END_TEST

START_TEST(a_long_name_keeps_its_end_and_no_half_character)
{
	char path[400] = "";
	struct file file;

	for (int i = 0; i < 100; i++)
		strcat(path, "\xc3\xbc");
	strcat(path, "x.pdf");
	file = make(path, 1);
	ck_assert_uint_le(strlen(file.name), FILE_NAME_MOST);
	ck_assert(file_name_is_plain(file.name));
	ck_assert_str_eq(file.name + strlen(file.name) - 5, "x.pdf");
	ck_assert_str_eq(file.type, "application/pdf");
}
END_TEST

START_TEST(names_that_lead_elsewhere_or_deceive_are_refused)
{
	static const char *const bad[] = { "", ".", "..", "../x", "/etc/passwd", "a/b", ".profile",
		"a\nb", "\x7f", "\xc2\x80", "a\\b", "\xe2\x80\xae", "\xe2\x81\xa6x", "\xff",
		"\xe2\x80\xa8" };
	uint8_t bytes[CONTENT_TEXT_MOST];
	struct file file = make("fine", 5), out;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert(!file_name_is_plain(bad[i]));
		strcpy(file.name, bad[i]);
		ck_assert_int_eq(file_read(&out, bytes, file_write(bytes, &file)), FILE_BAD);
	}
}
END_TEST

/* --- the announcement --------------------------------------------------- */

START_TEST(what_is_written_is_read)
{
	uint8_t bytes[CONTENT_TEXT_MOST];
	struct file file = make("cat.jpg", 70000), out;

	randombytes_buf(file.hash, sizeof file.hash);
	randombytes_buf(file.onion, sizeof file.onion);
	memset(&out, 0, sizeof out);
	ck_assert_int_eq(file_read(&out, bytes, file_write(bytes, &file)), 0);
	ck_assert_str_eq(out.name, "cat.jpg");
	ck_assert_str_eq(out.type, "image/jpeg");
	ck_assert_uint_eq(out.size, 70000);
	ck_assert(key_equal(&out.key, &file.key));
	ck_assert_mem_eq(out.hash, file.hash, sizeof file.hash);
	ck_assert_mem_eq(out.onion, file.onion, sizeof file.onion);
	ck_assert(!out.large);
}
END_TEST

START_TEST(refuses_every_truncation_and_anything_behind)
{
	uint8_t bytes[CONTENT_TEXT_MOST];
	struct file file = make("cat.jpg", 70000), out;
	const size_t len = file_write(bytes, &file);

	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(file_read(&out, bytes, n), FILE_BAD);
	bytes[len] = 0;
	ck_assert_int_eq(file_read(&out, bytes, len + 1), FILE_BAD);
	bytes[0] = 3; /* pieces of another size */
	ck_assert_int_eq(file_read(&out, bytes, len), FILE_BAD);
}
END_TEST

START_TEST(sizes_are_bounded_and_small_files_have_small_pieces)
{
	struct file file = make("x", 0);

	ck_assert_uint_eq(file_pieces(&file), 0);
	file = make("x", 1);
	ck_assert_uint_eq(file_pieces(&file), 1);
	ck_assert_uint_eq(file_piece_bytes(&file), CHUNK_SMALL_BYTES);
	file = make("x", 8 * file_piece_contents(&file));
	ck_assert(!file.large);
	file = make("x", file.size + 1);
	ck_assert(file.large);
	ck_assert_uint_eq(file_pieces(&file), 1);
	ck_assert_uint_eq(file_piece_bytes(&file), CHUNK_LARGE_BYTES);
	file = make("x", 1000000000);
	ck_assert_uint_eq(file_pieces(&file), 954); /* a day's allowance is 1024 */
	ck_assert_int_eq(file_init(&file, "x", UINT64_C(1) << 36), FILE_BAD);
	ck_assert_int_eq(file_init(&file, "x", UINT64_MAX), FILE_BAD);
}
END_TEST

/* --- pieces ------------------------------------------------------------- */

static uint8_t contents[CHUNK_SMALL_BYTES], body[CHUNK_PUT_64K], again[CHUNK_PUT_64K];

START_TEST(a_piece_opens_in_its_place_only)
{
	struct file file = make("x", 200000), other = make("x", 200000);
	uint8_t *piece = body + CHUNK_HEAD_BYTES;

	randombytes_buf(contents, sizeof contents);
	file_piece_seal(body, &file, 1, contents);
	ck_assert_int_eq(file_piece_open(again, &file, 1, piece), 0);
	ck_assert_mem_eq(again, contents, file_piece_contents(&file));
	ck_assert_int_eq(file_piece_open(again, &file, 0, piece), FILE_BAD);
	ck_assert_int_eq(file_piece_open(again, &other, 1, piece), FILE_BAD);
	for (size_t i = 0; i < CHUNK_SMALL_BYTES; i += 997) {
		piece[i] ^= 1;
		ck_assert_int_eq(file_piece_open(again, &file, 1, piece), FILE_BAD);
		piece[i] ^= 1;
	}
}
END_TEST

START_TEST(a_repeat_is_the_same_and_other_contents_have_another_nonce)
{
	struct file file = make("x", 200000);

	randombytes_buf(contents, sizeof contents);
	file_piece_seal(body, &file, 2, contents);
	file_piece_seal(again, &file, 2, contents);
	ck_assert_mem_eq(body, again, sizeof body);
	contents[9] ^= 1;
	file_piece_seal(again, &file, 2, contents);
	ck_assert_mem_ne(body + CHUNK_HEAD_BYTES, again + CHUNK_HEAD_BYTES, PIECE_NONCE_BYTES);
	ck_assert_mem_eq(body, again, CHUNK_HEAD_BYTES);
}
END_TEST

START_TEST(what_is_behind_the_end_of_a_file_is_zeros)
{
	struct file file = make("x", 10);

	memset(contents, 0, sizeof contents);
	file_piece_seal(body, &file, 0, contents);
	ck_assert_int_eq(file_piece_open(again, &file, 0, body + CHUNK_HEAD_BYTES), 0);
	contents[10] = 1;
	file_piece_seal(body, &file, 0, contents);
	ck_assert_int_eq(file_piece_open(again, &file, 0, body + CHUNK_HEAD_BYTES), FILE_BAD);
}
END_TEST

START_TEST(no_two_pieces_share_an_id_or_a_secret)
{
	struct file file = make("x", 200000);
	struct piece a, b;

	file_piece(&a, &file, 0);
	file_piece(&b, &file, 1);
	ck_assert_mem_ne(a.id, b.id, sizeof a.id);
	ck_assert(!key_equal(&a.read, &b.read) && !key_equal(&a.end, &b.end));
	ck_assert(!key_equal(&a.read, &a.end));
	ck_assert_mem_ne(a.id, a.read.b, sizeof a.id);
}
END_TEST

UNIT("file", of_a_path_only_a_plain_name_is_told, a_long_name_keeps_its_end_and_no_half_character,
		names_that_lead_elsewhere_or_deceive_are_refused, what_is_written_is_read,
		refuses_every_truncation_and_anything_behind,
		sizes_are_bounded_and_small_files_have_small_pieces,
		a_piece_opens_in_its_place_only,
		a_repeat_is_the_same_and_other_contents_have_another_nonce,
		what_is_behind_the_end_of_a_file_is_zeros, no_two_pieces_share_an_id_or_a_secret)
