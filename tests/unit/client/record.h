/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a function does to the files below a folder, step by step and with the bytes, as the kernel
 * hears of it: for disks.h, which makes of it what a power cut may leave. What could change a file
 * and is not understood here fails the test.
 */
#ifndef SOTTO_TEST_RECORD_H
#define SOTTO_TEST_RECORD_H

#include "tests/unit/client/traced.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { RECORD_FOLDERS = 8, RECORD_FILES = 64, RECORD_NAME_MOST = 64, RECORD_MARK_FD = -7 };

enum record_kind {
	RECORD_WRITE,	/* len bytes into ino, at */
	RECORD_LENGTH,	/* of ino: at */
	RECORD_SYNC,	/* ino, a file or a folder; 0: all */
	RECORD_NAMED,	/* ino is called name in dir from now on */
	RECORD_RENAMED, /* and not from any more */
	RECORD_GONE,	/* name in dir */
	RECORD_MARK,	/* record_mark(at) was called */
};

struct record_step {
	enum record_kind kind;
	bool is_folder; /* named: what is named */
	uint64_t ino, dir;
	char name[RECORD_NAME_MOST], from[RECORD_NAME_MOST];
	int64_t at;
	size_t len;
	uint8_t *bytes;
};

struct record {
	uint64_t dev, root;
	struct record_step *steps;
	size_t n, room, n_before; /* n_before: what was there */
	uint64_t folders[RECORD_FOLDERS], files[RECORD_FILES];
	int n_folders, n_files;
	bool tells;	     /* what it writes to its standard output is the promise 1 */
	const char *dies_at; /* killed when it has renamed something to that; NULL: it is not */
};

/* In what is recorded: from here on something was promised. */
static inline void record_mark(int promise)
{
	syscall(SYS_write, RECORD_MARK_FD, (long)promise, 0L);
}

/* --- steps --------------------------------------------------------------- */

static inline struct record_step *record_add(struct record *r, enum record_kind kind)
{
	if (r->n == r->room) {
		r->room = 2 * r->room + 1;
		r->steps = realloc(r->steps, r->room * sizeof *r->steps);
		ck_assert_ptr_nonnull(r->steps);
	}
	memset(&r->steps[r->n], 0, sizeof *r->steps);
	r->steps[r->n].kind = kind;
	return &r->steps[r->n++];
}

static inline bool record_has(const uint64_t *inos, int n, uint64_t ino)
{
	for (int i = 0; i < n; i++)
		if (inos[i] == ino)
			return true;
	return false;
}

static inline bool record_knows(const struct record *r, uint64_t ino)
{
	return record_has(r->files, r->n_files, ino) || record_has(r->folders, r->n_folders, ino);
}

static inline void record_know(struct record *r, uint64_t ino, bool is_folder)
{
	if (record_knows(r, ino))
		return;
	ck_assert_int_lt(is_folder ? r->n_folders : r->n_files,
			is_folder ? (int)RECORD_FOLDERS : (int)RECORD_FILES);
	if (is_folder)
		r->folders[r->n_folders++] = ino;
	else
		r->files[r->n_files++] = ino;
}

static inline struct record_step *record_named(
		struct record *r, uint64_t dir, const char *name, const struct stat *st)
{
	struct record_step *step = record_add(r, RECORD_NAMED);

	step->ino = st->st_ino;
	step->dir = dir;
	step->is_folder = S_ISDIR(st->st_mode);
	ck_assert_uint_lt(strlen(name), RECORD_NAME_MOST);
	snprintf(step->name, sizeof step->name, "%s", name);
	record_know(r, step->ino, step->is_folder);
	return step;
}

/* --- what is there before ------------------------------------------------ */

static inline void record_sync(struct record *r, uint64_t ino)
{
	record_add(r, RECORD_SYNC)->ino = ino;
}

static inline void record_contents(struct record *r, const char *path, uint64_t ino)
{
	struct record_step *step = record_add(r, RECORD_WRITE);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	step->ino = ino;
	step->len = (size_t)st.st_size;
	step->bytes = malloc(step->len + 1);
	ck_assert_ptr_nonnull(step->bytes);
	ck_assert_int_eq(read(fd, step->bytes, step->len), (ssize_t)step->len);
	close(fd);
}

static inline void record_folder(struct record *r, const char *path, uint64_t ino)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	record_know(r, ino, true);
	while ((entry = readdir(dir))) {
		char inside[PATH_MAX];
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		ck_assert_int_lt(snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name),
				PATH_MAX);
		ck_assert_int_eq(lstat(inside, &st), 0);
		record_named(r, ino, entry->d_name, &st);
		if (S_ISDIR(st.st_mode))
			record_folder(r, inside, st.st_ino);
		else
			record_contents(r, inside, st.st_ino);
	}
	closedir(dir);
}

/* All of it is on the disk. */
static inline void record_begin(struct record *r, const char *root)
{
	struct stat st;

	memset(r, 0, sizeof *r);
	ck_assert_int_eq(stat(root, &st), 0);
	r->dev = st.st_dev;
	r->root = st.st_ino;
	record_folder(r, root, r->root);
	record_sync(r, 0);
	r->n_before = r->n;
}

static inline void record_end(struct record *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->steps[i].bytes);
	free(r->steps);
}

/* --- one system call ----------------------------------------------------- */

struct record_name {
	uint64_t dir;	  /* 0: not of ours */
	struct stat file; /* st_ino 0: there is none */
	char path[2 * PATH_MAX], *name;
};

struct record_call {
	pid_t pid;
	uint64_t nr, args[6];
	struct record_name first, second;
	uint64_t ino;
	int64_t at;
};

static inline void record_look(struct record_name *out)
{
	if (lstat(out->path, &out->file) < 0)
		out->file.st_ino = 0;
}

static inline void record_place(struct record_name *out, const struct record *r,
		const struct record_call *c, uint64_t folder, uint64_t address)
{
	char text[PATH_MAX];
	struct stat st;

	traced_text(c->pid, address, text);
	if (text[0] == '/')
		snprintf(out->path, sizeof out->path, "%s", text);
	else if ((int)folder == AT_FDCWD)
		snprintf(out->path, sizeof out->path, "/proc/%d/cwd/%s", c->pid, text);
	else
		snprintf(out->path, sizeof out->path, "/proc/%d/fd/%d/%s", c->pid, (int)folder,
				text);
	out->name = strrchr(out->path, '/');
	*out->name = '\0';
	if (stat(*out->path ? out->path : "/", &st) == 0 && st.st_dev == r->dev &&
			record_has(r->folders, r->n_folders, st.st_ino))
		out->dir = st.st_ino;
	*out->name++ = '/';
	record_look(out);
}

/* 0: it is no file of ours. */
static inline uint64_t record_file(const struct record *r, const struct record_call *c, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", c->pid, fd);
	if (stat(path, &st) < 0 || st.st_dev != r->dev || !record_knows(r, st.st_ino))
		return 0;
	return st.st_ino;
}

static inline int64_t record_position(const struct record_call *c)
{
	char path[64];
	long long at = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", c->pid, (int)c->args[0]);
	file = fopen(path, "re");
	ck_assert(file && fscanf(file, "pos: %lld", &at) == 1);
	fclose(file);
	return at;
}

/* Only the index of a write-ahead log, which is made anew after a cut. */
static inline void record_map(const struct record *r, const struct record_call *c)
{
	char path[64], to[PATH_MAX] = "";

	if ((int)c->args[4] < 0 || !(c->args[3] & MAP_SHARED) || !(c->args[2] & PROT_WRITE) ||
			!record_file(r, c, (int)c->args[4]))
		return;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", c->pid, (int)c->args[4]);
	ck_assert_int_gt(readlink(path, to, sizeof to - 1), 4);
	ck_assert_str_eq(to + strlen(to) - 4, "-shm");
}

static const unsigned record_calls[] = { SYS_openat, SYS_write, SYS_pwrite64, SYS_writev,
	SYS_pwritev, SYS_pwritev2, SYS_sendfile, SYS_copy_file_range, SYS_splice, SYS_ftruncate,
	SYS_truncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_sync, SYS_renameat,
	SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_mknodat, SYS_linkat, SYS_mmap,
#ifdef SYS_unlink /* not on arm64 */
	SYS_open, SYS_creat, SYS_rename, SYS_unlink, SYS_rmdir, SYS_mkdir, SYS_mknod, SYS_link
#endif
};

/* The old calls without a folder become those with one. */
static inline void record_modern(struct record_call *c)
{
#ifdef SYS_unlink
	static const struct {
		unsigned old, now;
		int n_names;
	} same[] = { { SYS_open, SYS_openat, 1 }, { SYS_rename, SYS_renameat, 2 },
		{ SYS_unlink, SYS_unlinkat, 1 }, { SYS_rmdir, SYS_unlinkat, 1 },
		{ SYS_mkdir, SYS_mkdirat, 1 }, { SYS_mknod, SYS_mknodat, 1 },
		{ SYS_link, SYS_linkat, 2 } };
	const uint64_t here = (uint64_t)AT_FDCWD;

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		if (same[i].old != c->nr)
			continue;
		c->nr = same[i].now;
		if (same[i].n_names == 2)
			c->args[3] = c->args[1];
		else
			c->args[2] = c->args[1];
		c->args[1] = c->args[0];
		c->args[0] = here;
		if (same[i].n_names == 2)
			c->args[2] = here;
		return;
	}
#else
	(void)c;
#endif
}

static inline void record_before(struct record *r, struct record_call *c)
{
	switch (c->nr) {
	case SYS_openat:
	case SYS_unlinkat:
	case SYS_mkdirat:
	case SYS_mknodat:
		record_place(&c->first, r, c, c->args[0], c->args[1]);
		break;
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_linkat:
		record_place(&c->first, r, c, c->args[0], c->args[1]);
		record_place(&c->second, r, c, c->args[2], c->args[3]);
		break;
	case SYS_write:
	case SYS_pwrite64:
	case SYS_ftruncate:
	case SYS_fsync:
	case SYS_fdatasync:
		c->ino = record_file(r, c, (int)c->args[0]);
		if (c->ino)
			c->at = c->nr == SYS_write		 ? record_position(c)
					: c->nr == SYS_pwrite64	 ? (int64_t)c->args[3]
					: c->nr == SYS_ftruncate ? (int64_t)c->args[1]
								 : 0;
		break;
	case SYS_mmap:
		record_map(r, c);
		break;
	case SYS_copy_file_range:
	case SYS_splice:
		ck_assert_uint_eq(record_file(r, c, (int)c->args[2]), 0);
		break;
	case SYS_sync:
	case SYS_syncfs:
		break;
	case SYS_truncate:
#ifdef SYS_creat
	case SYS_creat:
#endif
		record_place(&c->first, r, c, (uint64_t)AT_FDCWD, c->args[0]);
		ck_assert_uint_eq(c->first.dir, 0);
		break;
	default: /* what else could write */
		ck_assert_uint_eq(record_file(r, c, (int)c->args[0]), 0);
	}
}

static inline void record_opened(struct record *r, struct record_call *c)
{
	const uint64_t before = c->first.file.st_ino;

	if (!c->first.dir || !(c->args[2] & (O_CREAT | O_TRUNC)))
		return;
	ck_assert(!(c->args[2] & O_APPEND));
	record_look(&c->first);
	if (!before)
		record_named(r, c->first.dir, c->first.name, &c->first.file);
	else if (c->args[2] & O_TRUNC)
		record_add(r, RECORD_LENGTH)->ino = before;
}

static inline void record_renamed(struct record *r, struct record_call *c)
{
	struct record_step *step;

	if (!c->first.dir && !c->second.dir)
		return;
	ck_assert_uint_eq(c->first.dir, c->second.dir); /* no other is understood */
	step = record_named(r, c->second.dir, c->second.name, &c->first.file);
	step->kind = RECORD_RENAMED;
	snprintf(step->from, sizeof step->from, "%.63s", c->first.name);
}

static inline void record_wrote(struct record *r, struct record_call *c, size_t len)
{
	struct record_step *step;

	if (r->tells && c->nr == SYS_write && (int)c->args[0] == STDOUT_FILENO)
		record_add(r, RECORD_MARK)->at = 1;
	if (c->nr == SYS_write && (int)c->args[0] == RECORD_MARK_FD) {
		record_add(r, RECORD_MARK)->at = (int64_t)c->args[1];
		return;
	}
	if (!c->ino)
		return;
	step = record_add(r, RECORD_WRITE);
	step->ino = c->ino;
	step->at = c->at;
	step->len = len;
	step->bytes = malloc(len + 1);
	ck_assert_ptr_nonnull(step->bytes);
	traced_read(c->pid, c->args[1], step->bytes, len);
}

static inline void record_made(struct record *r, struct record_name *made)
{
	if (!made->dir)
		return;
	record_look(made);
	record_named(r, made->dir, made->name, &made->file);
}

static inline void record_after(struct record *r, struct record_call *c, int64_t result)
{
	const bool is_mark = c->nr == SYS_write && (int)c->args[0] == RECORD_MARK_FD;
	struct record_step *step;

	if (result < 0 && !is_mark)
		return;
	switch (c->nr) {
	case SYS_openat:
		record_opened(r, c);
		break;
	case SYS_write:
	case SYS_pwrite64:
		record_wrote(r, c, is_mark ? 0 : (size_t)result);
		break;
	case SYS_ftruncate:
		if (c->ino) {
			step = record_add(r, RECORD_LENGTH);
			step->ino = c->ino;
			step->at = c->at;
		}
		break;
	case SYS_fsync:
	case SYS_fdatasync:
		if (c->ino)
			record_sync(r, c->ino);
		break;
	case SYS_sync:
	case SYS_syncfs:
		record_sync(r, 0);
		break;
	case SYS_mkdirat:
	case SYS_mknodat:
		record_made(r, &c->first);
		break;
	case SYS_linkat:
		record_made(r, &c->second);
		break;
	case SYS_renameat:
	case SYS_renameat2:
		record_renamed(r, c);
		break;
	case SYS_unlinkat:
		if (c->first.dir) {
			step = record_add(r, RECORD_GONE);
			step->dir = c->first.dir;
			snprintf(step->name, sizeof step->name, "%.63s", c->first.name);
		}
		break;
	}
}

/* True: it is time to die. */
static inline bool record_is_over(struct record *r, size_t n_before)
{
	for (size_t i = n_before; i < r->n; i++)
		if (r->dies_at && r->steps[i].kind == RECORD_RENAMED &&
				strcmp(r->steps[i].name, r->dies_at) == 0)
			return true;
	return false;
}

/* Runs act(data) in a process of its own and adds what it does. True: it was killed. */
static inline bool record_run(struct record *r, void (*act)(void *data), const void *data)
{
	struct __ptrace_syscall_info info = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		traced_be(record_calls, ARRAY_LEN(record_calls));
		act((void *)data);
		_exit(0);
	}
	traced_take(pid, PTRACE_O_TRACESYSGOOD);
	while (traced_next(pid, &info)) {
		struct record_call call = { .pid = pid, .nr = info.seccomp.nr };
		const size_t n = r->n;

		memcpy(call.args, info.seccomp.args, sizeof call.args);
		record_modern(&call);
		record_before(r, &call);
		record_after(r, &call, traced_result(pid));
		if (record_is_over(r, n)) {
			traced_kill(pid);
			return true;
		}
	}
	return false;
}

#endif
