/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two files of one size. Nothing here depends on which of them is the decoy. */
#include "client/lib/pair.h"

#include "client/lib/fault.h"
#include "client/lib/folder.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	PAGE = 4096,
	PAGE_RESERVED = 80, /* SQLCipher's IV and HMAC */
	STEP_PAGES = PAIR_STEP / PAGE,
	ROOM_LEAST = STEP_PAGES / 4, /* more than any one transaction takes */
	CHECKPOINT_FRAMES = 1000,
	NOISE = 64 << 10,
};

struct pair {
	char other[PAIR_PATH];
	bool busy;
};

int pair_path(char out[static PAIR_PATH], const char *dir, int database)
{
	return snprintf(out, PAIR_PATH, "%s/db.%d", dir, database) < PAIR_PATH ? 0 : E_CONFIG;
}

static void unlink_beside(const char *path, const char *end)
{
	char name[PAIR_PATH + 16];

	snprintf(name, sizeof name, "%s%s", path, end);
	unlink(name);
}

static void unlink_all_beside(const char *path)
{
	unlink_beside(path, "-wal");
	unlink_beside(path, "-shm");
	unlink_beside(path, "-journal");
}

/* --- growing ------------------------------------------------------------ */

/* The file grows to at least that size with random bytes. */
static int fill(const char *path, int64_t size)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	uint8_t noise[NOISE];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return E_IO;
	for (int64_t at = st.st_size; at < size;) {
		size_t len = size - at < NOISE ? (size_t)(size - at) : NOISE;
		ssize_t n;

		randombytes_buf(noise, len);
		n = pwrite(fd, noise, len, at);
		if (n <= 0)
			return E_IO;
		at += n;
	}
	return fsync(fd) < 0 ? E_IO : 0;
}

/* One row whose overflow pages are all free ones and n_new more; deleting it leaves them free, and
 * secure_delete writes them all. The sum is SQLite's file format, section 1.6. */
static int add_pages(sqlite3 *db, int64_t n_free, int64_t n_new)
{
	const int64_t usable = PAGE - PAGE_RESERVED, local = (usable - 12) * 32 / 255 - 23,
		      len = local + (n_free + n_new) * (usable - 4) - 256;
	int64_t before, after;
	int rc = q_number(&before, db, "PRAGMA page_count", "") ? E_IO : 0;

	rc = rc ? rc : q_run(db, "INSERT INTO room VALUES (zeroblob(?))", "i", len);
	if (rc == 0 && q_number(&after, db, "PRAGMA page_count", ""))
		rc = E_IO;
	if (rc == 0 && after != before + n_new)
		rc = E_BUG;
	return rc ? rc : q_run(db, "DELETE FROM room", "");
}

static int64_t steps(int64_t size)
{
	return (size + PAIR_STEP - 1) / PAIR_STEP * STEP_PAGES;
}

/* How many pages both should have. */
static int make_room(int64_t *out, sqlite3 *db, int64_t least)
{
	int64_t n, n_free;
	int rc = q_begin(db);

	if (rc)
		return rc;
	rc = q_number(&n, db, "PRAGMA page_count", "") ||
					q_number(&n_free, db, "PRAGMA freelist_count", "")
			? E_IO
			: 0;
	if (rc == 0) {
		*out = steps(n * PAGE) > least ? steps(n * PAGE) : least;
		if (n_free + *out - n < ROOM_LEAST)
			*out += STEP_PAGES;
		if (*out > n)
			rc = add_pages(db, n_free, *out - n);
	}
	return q_end(db, rc);
}

static int level(sqlite3 *db, const char *other)
{
	struct stat st = { 0 };
	int64_t n_pages = 0;
	int rc;

	if (stat(other, &st) < 0)
		st.st_size = 0;
	rc = make_room(&n_pages, db, steps(st.st_size));
	if (rc == 0 && st.st_size < n_pages * PAGE)
		rc = fill(other, n_pages * PAGE);
	sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return rc;
}

/* Between transactions, as sqlite3_wal_hook promises. */
static int on_commit(void *data, sqlite3 *db, const char *name, int n_frames)
{
	struct pair *pair = data;
	int64_t n_free;

	(void)name;
	fault_committed();
	if (pair->busy)
		return SQLITE_OK;
	pair->busy = true;
	if (q_number(&n_free, db, "PRAGMA freelist_count", "") == 0 && n_free < ROOM_LEAST &&
			level(db, pair->other)) {
		/* the next commit tries again */
	}
	if (n_frames >= CHECKPOINT_FRAMES)
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	pair->busy = false;
	return SQLITE_OK;
}

int pair_watch(sqlite3 *db, const char *dir, int database)
{
	struct pair *pair = calloc(1, sizeof *pair);
	int rc;

	if (!pair)
		return E_NOMEM;
	if (sqlite3_set_clientdata(db, "sotto pair", pair, free) != SQLITE_OK)
		return E_NOMEM; /* it has freed it */
	rc = pair_path(pair->other, dir, !database);
	if (rc)
		return rc;
	unlink_beside(pair->other, "-journal"); /* of a decoy that was never finished */
	rc = level(db, pair->other);
	sqlite3_wal_hook(db, on_commit, pair);
	return rc;
}

/* --- ending ------------------------------------------------------------- */

/* A process with a database open holds a lock on it (SQLite's bytes, from 2^30 on). */
static pid_t holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 1 << 30, .l_len = 512 };

	if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 1)
		return 0;
	return lock.l_pid;
}

/* One after the other, and waits until they have let go, 2 s in all. */
static void end_holders(int fd, int number)
{
	const struct timespec pause = { 0, 5000000 };
	pid_t last = 0, pid;

	for (int i = 0; i < 400 && (pid = holder(fd)) != 0; i++) {
		if (pid != last && kill(pid, number) < 0)
			return;
		last = pid;
		nanosleep(&pause, NULL);
	}
}

static void end_all(const char *path, int number)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		end_holders(fd, number);
}

void pair_lose(const char *dir, int database)
{
	char path[PAIR_PATH];

	if (pair_path(path, dir, database))
		return;
	end_all(path, SIGKILL);
	unlink_all_beside(path);
}

void pair_end(const char *dir, int number)
{
	char path[PAIR_PATH];

	for (int i = 0; i < 2; i++)
		if (pair_path(path, dir, i) == 0)
			end_all(path, number);
}

void pair_clear(const char *dir)
{
	char path[PAIR_PATH];

	for (int i = 0; i < 2; i++) {
		pair_lose(dir, i);
		if (pair_path(path, dir, i) == 0)
			unlink(path);
	}
	if (folder_sync(dir)) {
		/* they may come back with the power, and are noise without a key file */
	}
}
