/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* archive.c: what was written is read, and nothing else is. */
#include "services/sottoctl/archive.h"

#include "tests/unit/unit.h"

#include <sys/mman.h>

enum { SMALL = 3000, LARGE = 200000 };

static const struct key key = { { 1, 2, 3 } };
static const struct archive_head head = { .len = 5, .b = "head" };

/* A file in memory with an archive of len bytes, from 0 up. */
static int make(size_t len, bool ended)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	int fd = memfd_create("archive", 0);

	ck_assert_int_eq(archive_create(&a, fd, &key, &head), 0);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		ck_assert_int_eq(archive_write(a, &byte, 1), 0);
	}
	if (ended)
		ck_assert_int_eq(archive_end(a), 0);
	ck_assert_uint_eq(archive_bytes(a), (size_t)lseek(fd, 0, SEEK_CUR));
	return fd;
}

/* Reads all of it, as lock_open leaves it: behind the head. */
static int read_with(int fd, size_t len, const struct key *with, const struct archive_head *of)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	int rc;

	lseek(fd, (off_t)head.len, SEEK_SET);
	rc = archive_open(&a, fd, with, of);
	for (size_t i = 0; rc == 0 && i < len; i++) {
		uint8_t byte = 0;

		rc = archive_read(a, &byte, 1);
		if (rc == 0)
			ck_assert_uint_eq(byte, (uint8_t)(i * 7));
	}
	return rc ? rc : archive_end(a);
}

static size_t size_of(int fd)
{
	return (size_t)lseek(fd, 0, SEEK_END);
}

START_TEST(what_was_written_is_read)
{
	static const size_t lengths[] = { 0, 1, 65535, 65536, 65537, 131072, LARGE };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		int fd = make(lengths[i], true);

		ck_assert_int_eq(read_with(fd, lengths[i], &key, &head), 0);
		close(fd);
	}
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	int fd = make(SMALL, true);

	for (size_t len = size_of(fd) - 1; len > head.len; len--) {
		ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
		ck_assert_int_eq(read_with(fd, SMALL, &key, &head), TROUBLE_TRUNCATED);
	}
	close(fd);
	fd = make(65536, false); /* cut between two pieces, and never ended */
	ck_assert_int_eq(read_with(fd, 65536, &key, &head), TROUBLE_TRUNCATED);
	close(fd);
}
END_TEST

START_TEST(every_changed_byte_is_refused)
{
	int fd = make(SMALL, true);
	const size_t size = size_of(fd);

	for (size_t at = head.len; at < size; at++) {
		uint8_t byte;

		ck_assert_int_eq(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
		ck_assert_int_gt(read_with(fd, SMALL, &key, &head), 0);
		byte ^= 0x10;
		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	ck_assert_int_eq(read_with(fd, SMALL, &key, &head), 0);
	close(fd);
}
END_TEST

START_TEST(another_key_or_head_is_told_from_damage)
{
	const struct key other = { { 1, 2, 4 } };
	const struct archive_head longer = { .len = 5, .b = "heat" };
	int fd = make(SMALL, true);

	ck_assert_int_eq(read_with(fd, SMALL, &other, &head), TROUBLE_LOCKED);
	ck_assert_int_eq(read_with(fd, SMALL, &key, &longer), TROUBLE_LOCKED);
	close(fd);
}
END_TEST

START_TEST(what_is_left_or_comes_after_is_refused)
{
	int fd = make(LARGE, true);

	ck_assert_int_eq(read_with(fd, LARGE - 1, &key, &head), TROUBLE_CHANGED);
	ck_assert_int_eq(read_with(fd, 1, &key, &head), TROUBLE_CHANGED);
	ck_assert_int_eq(read_with(fd, LARGE + 1, &key, &head), TROUBLE_CHANGED);
	ck_assert_int_eq(pwrite(fd, "", 1, (off_t)size_of(fd)), 1);
	ck_assert_int_eq(read_with(fd, LARGE, &key, &head), TROUBLE_CHANGED);
	close(fd);
}
END_TEST

START_TEST(texts_and_numbers_keep_their_bounds)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	uint32_t number = 0;
	char text[6];
	int fd = memfd_create("archive", 0);

	ck_assert_int_eq(archive_create(&a, fd, &key, &head), 0);
	ck_assert_int_eq(archive_write_u32(a, 0xdeadbeef), 0);
	ck_assert_int_eq(archive_write_text(a, "five5"), 0);
	ck_assert_int_eq(archive_write_text(a, "sixsix"), 0);
	ck_assert_int_eq(archive_end(a), 0);
	archive_close(STEAL(a));
	lseek(fd, (off_t)head.len, SEEK_SET);
	ck_assert_int_eq(archive_open(&a, fd, &key, &head), 0);
	ck_assert_int_eq(archive_read_u32(a, &number), 0);
	ck_assert_uint_eq(number, 0xdeadbeef);
	ck_assert_int_eq(archive_read_text(a, text, sizeof text), 0);
	ck_assert_str_eq(text, "five5");
	ck_assert_int_eq(archive_read_text(a, text, sizeof text), TROUBLE_CHANGED);
	close(fd);
}
END_TEST

UNIT("archive", what_was_written_is_read, every_truncation_is_refused,
		every_changed_byte_is_refused, another_key_or_head_is_told_from_damage,
		what_is_left_or_comes_after_is_refused, texts_and_numbers_keep_their_bounds)
