/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Names inside an archive have a root and plain words; nothing else is written. Folders that are
 * ours alone are replaced whole, so that what is not in the archive is gone afterwards: the issuing
 * keys of a backup that has none.
 */
#include "services/sottoctl/files.h"

#include "libshared/error.h"
#include "services/sottoctl/instances.h"
#include "services/sottoctl/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAGED ".restoring"

enum { PATH_ROOM = 4096, FILE_MOST = 1 << 20, DEPTH_MOST = 3 };

static const struct root {
	const char *prefix;
	bool whole; /* the folder is replaced, not a file in it */
	mode_t mode;
} roots[] = {
	{ "sotto.conf", false, 0644 },
	{ "instances", false, 0644 },
	{ "torrc.d/", false, 0644 },
	{ "keys/", true, 0400 },
	{ "api/", true, 0600 },
	{ "live/", true, 0600 },
};

enum { ROOT_CONFIG, ROOT_INSTANCES, ROOT_TORRC, ROOT_KEYS, ROOT_API, ROOT_LIVE };

static int fail(const char *path)
{
	fprintf(stderr, "sottoctl: %s: %s\n", path, strerror(errno));
	return E_IO;
}

/* Where a root lies. */
static void folder_of(char out[static PATH_ROOM], const struct places *places, size_t root)
{
	const char *slash = strrchr(places->config, '/');
	int len = slash ? (int)(slash - places->config) : 1;
	const char *from = slash ? places->config : ".";

	if (root == ROOT_CONFIG)
		snprintf(out, PATH_ROOM, "%s", places->config);
	else if (root == ROOT_INSTANCES || root == ROOT_TORRC)
		snprintf(out, PATH_ROOM, "%.*s/%s", len, from,
				root == ROOT_TORRC ? "torrc.d" : "instances");
	else if (root == ROOT_KEYS)
		snprintf(out, PATH_ROOM, "%s", places->keys);
	else
		snprintf(out, PATH_ROOM, "%s/%s", places->onions,
				root == ROOT_API ? "api" : "live");
}

/* --- out ----------------------------------------------------------------- */

static int write_file(struct archive *to, const char *name, const char *path)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = sodium_malloc(FILE_MOST);
	ssize_t n = -1;
	int rc;

	if (!bytes)
		return E_NOMEM;
	if (fd >= 0)
		n = read(fd, bytes, FILE_MOST);
	if (n == FILE_MOST)
		errno = EFBIG;
	rc = n < 0 || n == FILE_MOST ? fail(path) : archive_write_text(to, name);
	rc = rc ? rc : archive_write_u32(to, (uint32_t)n);
	rc = rc ? rc : archive_write(to, bytes, (size_t)n);
	sodium_free(bytes);
	return rc;
}

struct walk {
	struct archive *to;
	bool all;
	unsigned depth;
};

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_wanted(const struct walk *walk, const char *name)
{
	const char *last = strrchr(name, '/');
	size_t len = strlen(name);

	/* Of a rotation that was interrupted. */
	if (len > 4 && strcmp(name + len - 4, ".new") == 0)
		return false;
	return walk->all || !last || strcmp(last, "/token-keys") != 0;
}

static int write_folder(struct walk *walk, const char *name, const char *path);

static int write_entry(struct walk *walk, const char *name, const char *path)
{
	struct stat st;
	int rc = 0;

	if (lstat(path, &st) < 0)
		return fail(path);
	if (S_ISDIR(st.st_mode) && walk->depth < DEPTH_MOST) {
		walk->depth++;
		rc = write_folder(walk, name, path);
		walk->depth--;
	} else if (S_ISREG(st.st_mode) && is_wanted(walk, name)) {
		rc = write_file(walk->to, name, path);
	}
	return rc;
}

/* name ends with a slash or is empty, path does not. */
static int write_folder(struct walk *walk, const char *name, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, no_dots, alphasort), rc = 0;

	if (n < 0)
		return fail(path);
	for (int i = 0; i < n; i++) {
		char *below = NULL, *called = NULL;

		if (asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0 ||
				asprintf(&called, "%s%s%s", name,
						name[strlen(name) - 1] == '/' ? "" : "/",
						entries[i]->d_name) < 0)
			rc = E_NOMEM;
		rc = rc ? rc : write_entry(walk, called, below);
		free(below);
		free(called);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int write_instances(struct archive *to)
{
	CLEANUP(scope_free) char *units = NULL;
	int rc = instances_list(&units);

	if (rc || !*units)
		return rc;
	rc = archive_write_text(to, roots[ROOT_INSTANCES].prefix);
	rc = rc ? rc : archive_write_u32(to, (uint32_t)strlen(units));
	return rc ? rc : archive_write(to, units, strlen(units));
}

int files_write(struct archive *to, const struct places *places, bool all)
{
	struct walk walk = { .to = to, .all = all };
	int rc = write_file(to, roots[ROOT_CONFIG].prefix, places->config);

	rc = rc ? rc : write_instances(to);
	for (size_t i = ROOT_TORRC; rc == 0 && i < ARRAY_LEN(roots); i++) {
		char folder[PATH_ROOM];

		folder_of(folder, places, i);
		if (i != ROOT_TORRC || access(folder, F_OK) == 0)
			rc = write_folder(&walk, roots[i].prefix, folder);
	}
	return rc ? rc : archive_write_text(to, "");
}

/* --- in ------------------------------------------------------------------ */

void files_free(struct files *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		sodium_free(f->list[i].b);
	free(f);
}

static const struct root *root_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		size_t len = strlen(roots[i].prefix);

		if (strncmp(name, roots[i].prefix, len) == 0 &&
				(roots[i].prefix[len - 1] == '/') == (name[len] != '\0'))
			return &roots[i];
	}
	return NULL;
}

/* Words of letters, digits and ._- that do not begin with a dot, between slashes. */
static bool is_sound(const char *name)
{
	const char *at = name;

	do {
		size_t len = strcspn(at, "/");

		if (!len || *at == '.' ||
				strspn(at,
						"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
						"YZ"
						"0123456789._-") < len)
			return false;
		at += len;
	} while (*at++ == '/');
	return root_of(name) != NULL;
}

static int read_one(struct files *out, struct archive *from)
{
	__typeof__(out->list[0]) *one = &out->list[out->n];
	uint32_t len = 0;
	int rc = archive_read_u32(from, &len);

	if (rc)
		return rc;
	if (!is_sound(one->name) || out->n + 1 == FILES_MOST || len >= FILE_MOST ||
			out->bytes + len > FILES_BYTES_MOST)
		return TROUBLE_CHANGED;
	/* Those of one folder stand together: it is exchanged once. */
	if (out->n && root_of(one[-1].name) > root_of(one->name))
		return TROUBLE_CHANGED;
	one->b = sodium_malloc(len + 1);
	if (!one->b)
		return E_NOMEM;
	one->len = len;
	out->bytes += len;
	out->n++;
	return archive_read(from, one->b, len);
}

int files_read(struct files *out, struct archive *from)
{
	for (;;) {
		int rc = archive_read_text(
				from, out->list[out->n].name, sizeof out->list[out->n].name);

		if (rc || !out->list[out->n].name[0])
			return rc;
		rc = read_one(out, from);
		if (rc)
			return rc;
	}
}

/* --- placing ------------------------------------------------------------- */

/* The folder that is replaced, or the file. */
static void target_of(char out[static PATH_ROOM], const struct places *places, const char *name)
{
	const struct root *root = root_of(name);

	folder_of(out, places, (size_t)(root - roots));
	if (!root->whole && root->prefix[strlen(root->prefix) - 1] == '/') {
		size_t used = strlen(out);

		snprintf(out + used, PATH_ROOM - used, "/%s", name + strlen(root->prefix));
	}
}

/* mkdir -p of all above the last slash. */
static int make_above(char *path, mode_t mode, const struct stat *owner)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = '\0';
		rc = mkdir(path, mode);
		if (rc == 0 && owner && geteuid() == 0)
			rc = chown(path, owner->st_uid, owner->st_gid);
		else if (rc < 0 && errno == EEXIST)
			rc = 0;
		if (rc < 0)
			return fail(path);
		*slash = '/';
	}
	return 0;
}

static int stage_file(const char *path, const uint8_t *bytes, size_t len, mode_t mode,
		const struct stat *owner)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) < 0 ||
			(geteuid() == 0 && fchown(fd, owner->st_uid, owner->st_gid) < 0) ||
			fsync(fd) < 0)
		return fail(path);
	return 0;
}

static int stage_one(const struct files *f, size_t i, const struct places *places)
{
	const char *name = f->list[i].name;
	const struct root *root = root_of(name);
	char target[PATH_ROOM], path[PATH_ROOM + sizeof f->list[i].name + 16];
	struct stat owner;
	char *slash;
	int rc;

	target_of(target, places, name);
	snprintf(path, sizeof path, "%s" STAGED "%s%s", target, root->whole ? "/" : "",
			root->whole ? name + strlen(root->prefix) : "");
	if (make_above(target, 0755, NULL))
		return E_IO;
	/* Whose the old one is, or else the folder around it, owns the new one. */
	slash = strrchr(target, '/');
	rc = stat(target, &owner);
	if (rc < 0 && slash) {
		*slash = '\0';
		rc = stat(target, &owner);
	}
	if (rc < 0)
		return fail(target);
	rc = make_above(path, 0700, &owner);
	return rc ? rc : stage_file(path, f->list[i].b, f->list[i].len, root->mode, &owner);
}

int files_stage(const struct files *f, const struct places *places)
{
	int rc = 0;

	files_unstage(f, places);
	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = stage_one(f, i, places);
	if (rc == 0)
		sync(); /* the folders too */
	return rc;
}

void files_unstage(const struct files *f, const struct places *places)
{
	for (size_t i = 0; i < f->n; i++) {
		char target[PATH_ROOM], staged[PATH_ROOM + 16];
		const char *const remove[] = { "rm", "-rf", "--", staged, NULL };

		target_of(target, places, f->list[i].name);
		snprintf(staged, sizeof staged, "%s" STAGED, target);
		if (access(staged, F_OK) == 0 && run_program(remove))
			return; /* told; and staging will fail on it */
	}
}

static int place_one(const char *target)
{
	char staged[PATH_ROOM + 16];

	snprintf(staged, sizeof staged, "%s" STAGED, target);
	if (access(staged, F_OK) < 0)
		return 0; /* a folder that was placed with an earlier file */
	if (renameat2(AT_FDCWD, staged, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
		return 0;
	return errno == ENOENT && rename(staged, target) == 0 ? 0 : fail(target);
}

int files_place(const struct files *f, const struct places *places)
{
	char last[PATH_ROOM] = "", target[PATH_ROOM];
	int rc = 0;

	/* Files of one folder stand together. */
	for (size_t i = 0; rc == 0 && i < f->n; i++) {
		target_of(target, places, f->list[i].name);
		if (strcmp(target, last) != 0)
			rc = place_one(target);
		memcpy(last, target, sizeof last);
	}
	sync();
	files_unstage(f, places); /* what was there before */
	return rc;
}
