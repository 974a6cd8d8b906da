/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* files.c: an archive's names lead nowhere but where they should. */
#include "services/sottoctl/files.h"

#include "tests/unit/unit.h"

#include <sys/mman.h>

static const struct key key = { { 7 } };
static const struct archive_head head = { .len = 0 };

/* What becomes of an archive with files of these names, each of one byte. */
static int read_names(struct files *out, const char *const *names, size_t n)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	int fd = memfd_create("files", 0), rc;

	ck_assert_int_eq(archive_create(&a, fd, &key, &head), 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(archive_write_text(a, names[i]), 0);
		ck_assert_int_eq(archive_write_u32(a, 1), 0);
		ck_assert_int_eq(archive_write(a, "x", 1), 0);
	}
	ck_assert_int_eq(archive_write_text(a, ""), 0);
	ck_assert_int_eq(archive_end(a), 0);
	archive_close(STEAL(a));
	lseek(fd, 0, SEEK_SET);
	ck_assert_int_eq(archive_open(&a, fd, &key, &head), 0);
	rc = files_read(out, a);
	close(fd);
	return rc;
}

static int read_name(const char *name)
{
	CLEANUP(files_free) struct files *f = calloc(1, sizeof *f);

	return read_names(f, &name, 1);
}

START_TEST(names_have_a_root_and_plain_words)
{
	static const char *const good[] = { "sotto.conf", "instances", "torrc.d/bridges.conf",
		"keys/blobd/server.key", "api/hostname", "live/authorized_clients/a.auth" };
	static const char *const bad[] = { "passwd", "sotto.conf/x", "sotto.confx", "instances/x",
		"keys/", "keys", "keys/../../passwd", "keys/.x", "/keys/x", "keys//x", "keys/x/",
		"keys/a b", "api/a\nb", "apix/hostname", "etc/passwd", "torrc.d/..",
		"live/\xc3\xa4" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(read_name(good[i]) == 0, "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(read_name(bad[i]) == TROUBLE_CHANGED, "%s", bad[i]);
}
END_TEST

START_TEST(a_folder_comes_once)
{
	static const char *const twice[] = { "keys/a", "api/hostname", "keys/b" };
	CLEANUP(files_free) struct files *f = calloc(1, sizeof *f);

	ck_assert_int_eq(read_names(f, twice, 2), 0);
	files_free(STEAL(f));
	f = calloc(1, sizeof *f);
	ck_assert_int_eq(read_names(f, twice, 3), TROUBLE_CHANGED);
}
END_TEST

UNIT("files", names_have_a_root_and_plain_words, a_folder_comes_once)
