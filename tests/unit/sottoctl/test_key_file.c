/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* key_file.c: a file of a secret is there whole or not, and is left alone when it is right. */
#include "services/sottoctl/key_file.h"

#include "libshared/error.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/so.key.XXXXXX", path[64], fresh[64];

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/key", dir);
	snprintf(fresh, sizeof fresh, "%s/key.new", dir);
}

static void end(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left */
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
}

static struct stat holds(const char *text)
{
	char there[64] = { 0 };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(read(fd, there, sizeof there - 1), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	close(fd);
	ck_assert_str_eq(there, text);
	ck_assert_uint_eq(st.st_mode & 07777, 0400);
	return st;
}

START_TEST(makes_it_and_replaces_it_whole)
{
	struct stat first, second;

	begin();
	ck_assert_int_eq(key_file_place(path, "one", 3), 0);
	first = holds("one");
	ck_assert_int_eq(key_file_place(path, "longer", 6), 0);
	second = holds("longer");
	ck_assert_uint_ne(first.st_ino, second.st_ino);
	ck_assert_int_eq(key_file_place(path, "long", 4), 0);
	holds("long");
	end();
}
END_TEST

START_TEST(does_not_touch_what_is_right)
{
	struct stat first, second;

	begin();
	ck_assert_int_eq(key_file_place(path, "same", 4), 0);
	first = holds("same");
	ck_assert_int_eq(key_file_place(path, "same", 4), 0);
	second = holds("same");
	ck_assert_uint_eq(first.st_ino, second.st_ino);
	ck_assert_int_eq(first.st_ctim.tv_sec, second.st_ctim.tv_sec);
	ck_assert_int_eq(first.st_ctim.tv_nsec, second.st_ctim.tv_nsec);
	end();
}
END_TEST

START_TEST(what_an_interrupted_run_left_is_in_nobodys_way)
{
	int fd;

	begin();
	fd = open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	close(fd);
	ck_assert_int_eq(key_file_place(path, "whole", 5), 0);
	holds("whole");
	end();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told)
{
	ck_assert_int_eq(key_file_place("/nonexistent/key", "x", 1), E_IO);
}
END_TEST

UNIT("key_file", makes_it_and_replaces_it_whole, does_not_touch_what_is_right,
		what_an_interrupted_run_left_is_in_nobodys_way, a_folder_that_is_not_there_is_told)
