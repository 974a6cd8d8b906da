/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every name is used relative to the folder's descriptor and holds no slash. A piece is on the disk
 * before its row says so; the final name is in the row before the file has it.
 */
#include "client/lib/download.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer

enum { NAMES_MOST = 100, READ_BYTES = 1 << 16 };

/* --- the place ---------------------------------------------------------- */

static int open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A folder; or what is before the last slash, and then a name of our own. */
static int find_place(struct download *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEANUP(scope_free)
	char *before = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	snprintf(d->name, sizeof d->name, "%s", d->transfer.file.name);
	d->folder = open_folder(path);
	if (d->folder >= 0)
		return 0;
	if (!before || !*name || strlen(name) >= sizeof d->name || strcmp(name, "..") == 0)
		return TRANSFER_PLACE;
	d->folder = open_folder(before);
	if (d->folder < 0)
		return TRANSFER_PLACE;
	snprintf(d->name, sizeof d->name, "%s", name);
	d->is_named = true;
	return faccessat(d->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? TRANSFER_TAKEN : 0;
}

/* Its name tells nothing and is the same the next time. */
static void name_part(struct download *d)
{
	CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
	uint8_t hash[HASH_BYTES];

	file_piece(&piece, &d->transfer.file, UINT32_MAX);
	hash256(hash, piece.id, sizeof piece.id);
	memcpy(d->part_name, ".sotto-", 7);
	sodium_bin2hex(d->part_name + 7, 33, hash, 16);
}

static int open_part(struct download *d)
{
	struct stat st;

	d->part = openat(d->folder, d->part_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->part < 0 || fstat(d->part, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
			st.st_uid != geteuid())
		return TRANSFER_PLACE;
	if (flock(d->part, LOCK_EX | LOCK_NB) < 0)
		return TRANSFER_BUSY;
	return 0;
}

/* --- is it the file ----------------------------------------------------- */

static bool is_whole(const struct file *file, int fd)
{
	crypto_generichash_state state;
	uint8_t bytes[READ_BYTES], hash[HASH_BYTES];
	uint64_t n = 0;
	ssize_t got;

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	while ((got = pread(fd, bytes, sizeof bytes, (off_t)n)) > 0) {
		crypto_generichash_update(&state, bytes, (size_t)got);
		n += (uint64_t)got;
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_memzero(bytes, sizeof bytes);
	return got == 0 && n == file->size && sodium_memcmp(hash, file->hash, sizeof hash) == 0;
}

/* --- opening ------------------------------------------------------------ */

static int set_state(struct profile *p, const struct transfer *t, enum transfer_state state)
{
	return q_run(p->db, "UPDATE file SET state = ? WHERE state < 2 AND " TRANSFER_ROW, "iii",
			(int64_t)state, t->id, t->begun_s); /* it may be taken back meanwhile */
}

static int set_done(struct profile *p, struct transfer *t, uint32_t done)
{
	t->done = done;
	return q_run(p->db, "UPDATE file SET done = ?, placed = NULL WHERE " TRANSFER_ROW, "iii",
			(int64_t)done, t->id, t->begun_s);
}

/* We were killed between naming it and noting that. */
static bool has_its_name(const struct download *d)
{
	const struct transfer *t = &d->transfer;
	__attribute__((cleanup(scope_close_ref))) int fd = -1;

	if (!*t->placed)
		return false;
	fd = openat(d->folder, t->placed, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && is_whole(&t->file, fd);
}

static int resume(struct download *d, struct profile *p)
{
	struct transfer *t = &d->transfer;
	const uint64_t n = (uint64_t)t->done * file_piece_contents(&t->file);
	struct stat st;
	int rc;

	if (has_its_name(d)) {
		unlinkat(d->folder, d->part_name, 0);
		snprintf(d->name, sizeof d->name, "%s", t->placed);
		/* Who named it may have been killed before that was on the disk. */
		if (fsync(d->folder) < 0)
			return E_IO;
		rc = set_state(p, t, TRANSFER_CLOSED);
		return rc ? rc : TRANSFER_DONE;
	}
	rc = open_part(d);
	if (rc)
		return rc;
	/* Shorter: another folder than the last time, or somebody took it away. */
	if (fstat(d->part, &st) < 0)
		return TRANSFER_PLACE;
	return (uint64_t)st.st_size >= (n < t->file.size ? n : t->file.size) ? 0
									     : set_done(p, t, 0);
}

int download_open(struct download *d, struct profile *p, int64_t id, const char *path)
{
	struct contact c;
	int rc;

	memset(d, 0, sizeof *d);
	d->folder = d->part = -1;
	rc = transfer_load(&d->transfer, p, id);
	if (rc)
		return rc;
	if (d->transfer.out || contact_by_id(&c, p, d->transfer.contact) ||
			c.state != CONTACT_ACCEPTED)
		return TRANSFER_NONE;
	if (d->transfer.state != TRANSFER_OPEN)
		return TRANSFER_DONE;
	rc = find_place(d, path);
	if (rc)
		return rc;
	name_part(d);
	return resume(d, p);
}

void download_close(struct download *d)
{
	scope_close_ref(&d->part);
	scope_close_ref(&d->folder);
	file_wipe(&d->transfer.file);
}

/* --- going on ----------------------------------------------------------- */

static int keep_piece(struct download *d, struct profile *p, const uint8_t *bytes)
{
	struct transfer *t = &d->transfer;
	const size_t len = file_piece_contents(&t->file);
	const uint64_t at = (uint64_t)t->done * len, left = t->file.size - at;
	const size_t want = left < len ? (size_t)left : len;
	CLEANUP(scope_free) uint8_t *contents = malloc(len);
	int rc = TRANSFER_WRONG;

	if (!contents)
		return E_NOMEM;
	if (file_piece_open(contents, &t->file, t->done, bytes) == 0) {
		bool kept = pwrite(d->part, contents, want, (off_t)at) == (ssize_t)want &&
				fdatasync(d->part) == 0;

		rc = kept ? transfer_did(p, t) : E_IO;
	}
	sodium_memzero(contents, len);
	return rc;
}

static int fetch_piece(struct net *net, struct profile *p, struct download *d)
{
	ANSWER answer = { 0 };
	CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
	struct transfer *t = &d->transfer;
	char path[64];
	struct ask ask;
	int rc;

	file_piece(&piece, &t->file, t->done);
	ask = transfer_ask(t, "GET", &piece, path);
	ask.chunk = &piece.read;
	rc = net_ask(net, &ask, &answer);
	if (rc == 0 && answer.status == 404)
		return TRANSFER_GONE;
	rc = sync_verdict(rc, &answer);
	if (rc)
		return rc;
	return answer.len == file_piece_bytes(&t->file) ? keep_piece(d, p, answer.body)
							: TRANSFER_WRONG;
}

/* Never over what is there: name, then name (2) and so on before the dot. */
static void nth_name(char out[static FILE_NAME_MOST + 16], const char *name, int n)
{
	const char *dot = strrchr(name, '.');
	int stem = dot ? (int)(dot - name) : (int)strlen(name);

	if (n == 1)
		snprintf(out, FILE_NAME_MOST + 16, "%s", name);
	else
		snprintf(out, FILE_NAME_MOST + 16, "%.*s (%d)%s", stem, name, n, dot ? dot : "");
}

/* 0, TRANSFER_TAKEN. Where the file system cannot rename without overwriting it can link. */
static int move(const struct download *d, const char *name)
{
	if (renameat2(d->folder, d->part_name, d->folder, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && linkat(d->folder, d->part_name, d->folder, name, 0) == 0)
		return unlinkat(d->folder, d->part_name, 0) == 0 ? 0 : TRANSFER_PLACE;
	return errno == EEXIST ? TRANSFER_TAKEN : TRANSFER_PLACE;
}

static int place(struct profile *p, struct download *d)
{
	char name[FILE_NAME_MOST + 16];
	int rc = TRANSFER_TAKEN;

	for (int n = 1; rc == TRANSFER_TAKEN && n <= (d->is_named ? 1 : NAMES_MOST); n++) {
		nth_name(name, d->name, n);
		rc = q_run(p->db, "UPDATE file SET placed = ? WHERE " TRANSFER_ROW, "tii", name,
				d->transfer.id, d->transfer.begun_s);
		rc = rc ? rc : move(d, name);
	}
	if (rc)
		return rc;
	snprintf(d->name, sizeof d->name, "%s", name);
	if (fsync(d->folder) < 0)
		return E_IO;
	d->transfer.state = TRANSFER_CLOSED;
	rc = set_state(p, &d->transfer, TRANSFER_CLOSED);
	return rc ? rc : TRANSFER_DONE;
}

static int throw_away(struct profile *p, struct download *d)
{
	int rc = set_done(p, &d->transfer, 0);

	unlinkat(d->folder, d->part_name, 0);
	return rc ? rc : TRANSFER_WRONG;
}

static int finish(struct profile *p, struct download *d)
{
	const struct file *file = &d->transfer.file;

	if (ftruncate(d->part, (off_t)file->size) < 0)
		return E_IO;
	if (!is_whole(file, d->part))
		return throw_away(p, d);
	return fsync(d->part) == 0 ? place(p, d) : E_IO;
}

int download_step(struct net *net, struct profile *p, struct download *d)
{
	if (d->transfer.state != TRANSFER_OPEN)
		return TRANSFER_DONE;
	if (d->transfer.done == file_pieces(&d->transfer.file))
		return finish(p, d);
	return fetch_piece(net, p, d);
}
