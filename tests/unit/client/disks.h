/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a power cut may leave of what was recorded (record.h). A cut is looked at before each sync,
 * before and after each promise, and at the end; what stands between is among that. All that was
 * synced by then is there: a file's bytes and length by a sync of the file, names by a sync of
 * their folder. Of the rest any subset may be there, in whatever order it was written, and a write
 * may be torn between two sectors of 512 bytes; a name's change is there or not. These subsets are
 * made: none, all, each one alone missing, each one alone there (of more than six: some of them),
 * names without contents and the reverse, the last write torn either way, and some by a seed
 * (POWER_SEED). The index of a write-ahead log holds nonsense. What was judged is not judged again:
 * half of them are as another was.
 */
#ifndef SOTTO_TEST_DISKS_H
#define SOTTO_TEST_DISKS_H

#include "tests/unit/client/place.h"
#include "tests/unit/client/record.h"

#include <ftw.h>

enum {
	DISKS_SECTOR = 512,
	DISKS_PICKED = 6,
	DISKS_RANDOM = 2,
	DISKS_NAMES = 4,
	DISKS_THOROUGH = 20,
	DISKS_FEWEST = 5, /* judged: else nothing was recorded */
	DISKS_INDEX = 32768,
	DISKS_PATH = 256
};

enum disks_fate { LOST, THERE, TORN_HEAD, TORN_TAIL, TORN_ANYHOW }; /* there: which sectors */

struct disks_image {
	uint8_t *bytes;
	size_t len, room;
};

struct disks_file {
	uint64_t ino;
	struct disks_image sure,
			maybe; /* maybe: in this state, if anything of it is not for sure */
	bool is_sure;
	uint64_t hash, sure_hash; /* sure_hash 0: to be made */
	char path[DISKS_PATH];	  /* where it was written, or "" */
};

struct disks_name {
	uint64_t dir, ino;
	bool is_folder;
	char name[RECORD_NAME_MOST];
};

struct disks_names {
	struct disks_name list[RECORD_FILES];
	int n;
};

/* The state of scene.dir keeps what was promised. Thoroughly: at some states of each cut, with what
 * would take too long at all of them. */
typedef bool disks_judge(int promise, bool thoroughly);

struct disks_judged {
	uint64_t hash;
	int promise;
	bool thoroughly;
};

struct disks {
	struct record *record;
	disks_judge *judge;
	int promise; /* the last one by now */
	struct disks_file files[RECORD_FILES];
	int n_files;
	struct disks_names names;
	const struct record_step **pending;
	uint8_t *fates; /* of each */
	size_t n_pending;
	bool is_new; /* what is pending has grown since the last cut */
	size_t at;   /* the step before which the cut is */
	unsigned n_states;
	struct disks_judged *judged;
	size_t n_judged;
	uint32_t seed;
};

static inline uint32_t disks_random(struct disks *d, uint32_t below)
{
	d->seed = d->seed * 1664525 + 1013904223;
	return (d->seed >> 8) % below;
}

/* --- what is on the disk for sure ---------------------------------------- */

static inline struct disks_file *disks_file(struct disks *d, uint64_t ino)
{
	for (int i = 0; i < d->n_files; i++)
		if (d->files[i].ino == ino)
			return &d->files[i];
	ck_assert_int_lt(d->n_files, RECORD_FILES);
	d->files[d->n_files].ino = ino;
	return &d->files[d->n_files++];
}

static inline void disks_length(struct disks_image *image, size_t len)
{
	if (len > image->room) {
		image->room = 2 * len;
		image->bytes = realloc(image->bytes, image->room);
		ck_assert_ptr_nonnull(image->bytes);
	}
	if (len > image->len)
		memset(image->bytes + image->len, 0, len - image->len);
	image->len = len;
}

static inline void disks_put(struct disks_image *image, const uint8_t *bytes, size_t len, size_t at)
{
	if (len == 0)
		return;
	if (at + len > image->len)
		disks_length(image, at + len);
	memcpy(image->bytes + at, bytes, len);
}

static inline void disks_unname(struct disks_names *names, uint64_t dir, const char *name)
{
	for (int i = 0; i < names->n; i++)
		if (names->list[i].dir == dir && strcmp(names->list[i].name, name) == 0)
			names->list[i--] = names->list[--names->n];
}

static inline void disks_name(struct disks_names *names, const struct record_step *s)
{
	struct disks_name *entry;

	disks_unname(names, s->dir, s->name);
	if (s->kind == RECORD_GONE)
		return;
	for (int i = 0; *s->from && i < names->n; i++)
		if (names->list[i].ino == s->ino && strcmp(names->list[i].name, s->from) == 0)
			names->list[i--] = names->list[--names->n];
	ck_assert_int_lt(names->n, RECORD_FILES);
	entry = &names->list[names->n++];
	*entry = (struct disks_name){ .dir = s->dir, .ino = s->ino, .is_folder = s->is_folder };
	snprintf(entry->name, sizeof entry->name, "%s", s->name);
}

static inline bool disks_is_name(const struct record_step *s)
{
	return s->kind == RECORD_NAMED || s->kind == RECORD_RENAMED || s->kind == RECORD_GONE;
}

static inline void disks_settle(struct disks *d, const struct record_step *s)
{
	struct disks_file *f;

	if (disks_is_name(s)) {
		disks_name(&d->names, s);
		return;
	}
	f = disks_file(d, s->ino);
	f->sure_hash = 0;
	if (s->kind == RECORD_LENGTH)
		disks_length(&f->sure, (size_t)s->at);
	else
		disks_put(&f->sure, s->bytes, s->len, (size_t)s->at);
}

static inline void disks_sync(struct disks *d, uint64_t ino)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_pending; i++) {
		const struct record_step *s = d->pending[i];

		if (!ino || (disks_is_name(s) ? s->dir : s->ino) == ino)
			disks_settle(d, s);
		else
			d->pending[n++] = s;
	}
	d->n_pending = n;
}

/* --- one state ----------------------------------------------------------- */

static inline int disks_remove_one(
		const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void disks_remove(const char *path)
{
	ck_assert_int_eq(nftw(path, disks_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* By sectors, as they lie in the file. */
static inline void disks_put_torn(struct disks *d, struct disks_image *image,
		const struct record_step *s, enum disks_fate fate)
{
	const int64_t end = s->at + (int64_t)s->len, middle = s->at + (int64_t)s->len / 2;
	int64_t at = s->at, next;

	for (; at < end; at = next) {
		next = (at / DISKS_SECTOR + 1) * DISKS_SECTOR;
		if (next > end)
			next = end;
		if (fate == TORN_HEAD ? at <= middle - DISKS_SECTOR || at == s->at
						: fate == TORN_TAIL ? at > middle || next == end
								    : disks_random(d, 2))
			disks_put(image, s->bytes + (at - s->at), (size_t)(next - at), (size_t)at);
	}
}

static inline uint64_t disks_hash(const void *bytes, size_t len)
{
	uint64_t hash;
	uint8_t out[HASH_BYTES];

	hash256(out, bytes, len);
	memcpy(&hash, out, sizeof hash);
	return hash | 1; /* never 0 */
}

/* What of it is there in this state. */
static inline void disks_imagine(struct disks *d, struct disks_file *f)
{
	f->path[0] = '\0';
	f->is_sure = true;
	for (size_t i = 0; i < d->n_pending; i++) {
		const struct record_step *s = d->pending[i];

		if (disks_is_name(s) || s->ino != f->ino || d->fates[i] == LOST)
			continue;
		if (f->is_sure) {
			disks_length(&f->maybe, 0);
			disks_put(&f->maybe, f->sure.bytes, f->sure.len, 0);
			f->is_sure = false;
		}
		if (s->kind == RECORD_LENGTH)
			disks_length(&f->maybe, (size_t)s->at);
		else if (d->fates[i] == THERE)
			disks_put(&f->maybe, s->bytes, s->len, (size_t)s->at);
		else
			disks_put_torn(d, &f->maybe, s, d->fates[i]);
	}
	if (!f->sure_hash)
		f->sure_hash = disks_hash(f->sure.bytes, f->sure.len);
	f->hash = f->is_sure ? f->sure_hash : disks_hash(f->maybe.bytes, f->maybe.len);
}

/* All names and contents, in whatever order. */
static inline uint64_t disks_hash_all(struct disks *d, const struct disks_names *names)
{
	uint64_t sum = 0;

	for (int i = 0; i < names->n; i++) {
		const struct disks_name *entry = &names->list[i];
		const uint64_t what[] = { entry->dir, entry->ino, entry->is_folder,
			entry->is_folder ? 0 : disks_file(d, entry->ino)->hash,
			disks_hash(entry->name, strlen(entry->name)) };

		sum += disks_hash(what, sizeof what);
	}
	return sum;
}

static inline void disks_write_file(struct disks_file *f, const char *path)
{
	const struct disks_image *image = f->is_sure ? &f->sure : &f->maybe;
	uint8_t nonsense[DISKS_INDEX];
	const struct disks_image index = { nonsense, sizeof nonsense, 0 };
	int fd;

	if (*f->path) {
		ck_assert_int_eq(link(f->path, path), 0);
		return;
	}
	ck_assert_int_lt(snprintf(f->path, sizeof f->path, "%s", path), DISKS_PATH);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	if (strlen(path) > 4 && strcmp(path + strlen(path) - 4, "-shm") == 0) {
		randombytes_buf(nonsense, sizeof nonsense);
		image = &index;
	}
	ck_assert_int_eq(write(fd, image->bytes, image->len), (ssize_t)image->len);
	close(fd);
}

static inline void disks_write_folder(
		struct disks *d, const struct disks_names *names, uint64_t folder, const char *path)
{
	for (int i = 0; i < names->n; i++) {
		const struct disks_name *entry = &names->list[i];
		char inside[DISKS_PATH];

		if (entry->dir != folder)
			continue;
		ck_assert_int_lt(snprintf(inside, sizeof inside, "%s/%s", path, entry->name),
				DISKS_PATH);
		if (entry->is_folder) {
			ck_assert_int_eq(mkdir(inside, 0700), 0);
			disks_write_folder(d, names, entry->ino, inside);
		} else {
			disks_write_file(disks_file(d, entry->ino), inside);
		}
	}
}

static inline void disks_say(const struct disks *d, char out[static 256])
{
	size_t used = (size_t)snprintf(out, 256, "cut before step %zu of %zu, promise %d, kept ",
			d->at, d->record->n, d->promise);

	for (size_t i = 0; i < d->n_pending && used < 255; i++)
		out[used++] = "-+ht?"[d->fates[i]];
	out[used] = '\0';
}

/* Anew: it was not judged before, or not as thoroughly. */
static inline bool disks_is_new(struct disks *d, uint64_t hash, bool thoroughly)
{
	for (size_t i = 0; i < d->n_judged; i++)
		if (d->judged[i].hash == hash && d->judged[i].promise == d->promise &&
				d->judged[i].thoroughly >= thoroughly)
			return false;
	d->judged = realloc(d->judged, (d->n_judged + 1) * sizeof *d->judged);
	ck_assert_ptr_nonnull(d->judged);
	d->judged[d->n_judged++] = (struct disks_judged){ hash, d->promise, thoroughly };
	return true;
}

static inline void disks_look(struct disks *d, const struct disks_names *names, bool thoroughly)
{
	char what[256];

	disks_say(d, what);
	if (getenv("POWER_SAY"))
		fprintf(stderr, "%s\n", what);
	snprintf(scene.dir, sizeof scene.dir, SCRATCH);
	ck_assert_ptr_nonnull(mkdtemp(scene.dir));
	disks_write_folder(d, names, d->record->root, scene.dir);
	ck_assert_msg(d->judge(d->promise, thoroughly), "%s", what);
	disks_remove(scene.dir);
}

static inline void disks_try_so(struct disks *d, bool thoroughly)
{
	struct disks_names names = d->names;

	thoroughly = thoroughly || d->n_states % DISKS_THOROUGH == 0;
	for (size_t i = 0; i < d->n_pending; i++)
		if (disks_is_name(d->pending[i]) && d->fates[i] != LOST)
			disks_name(&names, d->pending[i]);
	for (int i = 0; i < names.n; i++)
		if (!names.list[i].is_folder)
			disks_imagine(d, disks_file(d, names.list[i].ino));
	if (disks_is_new(d, disks_hash_all(d, &names), thoroughly))
		disks_look(d, &names, thoroughly);
	d->n_states++;
}

static inline void disks_try(struct disks *d)
{
	disks_try_so(d, false);
}

/* --- the states of one cut ----------------------------------------------- */

static inline void disks_all(struct disks *d, enum disks_fate fate)
{
	memset(d->fates, (int)fate, d->n_pending);
}

static inline void disks_try_alone(struct disks *d, size_t i, enum disks_fate fate)
{
	disks_all(d, fate == LOST ? THERE : LOST);
	d->fates[i] = (uint8_t)fate;
	disks_try(d);
}

static inline void disks_try_each(struct disks *d)
{
	for (size_t i = 0; i < d->n_pending; i++) {
		disks_try_alone(d, i, LOST);
		if (d->n_pending > 2) /* else the same again */
			disks_try_alone(d, i, THERE);
	}
}

/* Of very many: the ends, the first names, and some by the seed. */
static inline void disks_try_some(struct disks *d)
{
	const size_t last = d->n_pending - 1;
	int n_names = 0;

	disks_try_alone(d, 0, LOST);
	disks_try_alone(d, 0, THERE);
	disks_try_alone(d, last, LOST);
	disks_try_alone(d, last, THERE);
	disks_try_alone(d, last - 1, LOST);
	for (size_t i = 1; i < last && n_names < DISKS_NAMES; i++)
		if (disks_is_name(d->pending[i]))
			disks_try_alone(d, i, n_names++ % 2 ? THERE : LOST);
	for (int i = 0; i < DISKS_RANDOM; i++)
		disks_try_alone(d, disks_random(d, (uint32_t)last), LOST);
}

static inline void disks_try_torn(struct disks *d)
{
	size_t last = d->n_pending;

	while (last > 0 && d->pending[last - 1]->kind != RECORD_WRITE)
		last--;
	if (last == 0 || d->pending[last - 1]->len <= DISKS_SECTOR)
		return;
	for (enum disks_fate fate = TORN_HEAD; fate <= TORN_TAIL; fate++) {
		disks_all(d, THERE);
		d->fates[last - 1] = (uint8_t)fate;
		disks_try(d);
	}
}

static inline void disks_try_kinds(struct disks *d)
{
	size_t n_names = 0;

	for (size_t i = 0; i < d->n_pending; i++)
		n_names += disks_is_name(d->pending[i]);
	if (n_names < 2 || d->n_pending - n_names < 2)
		return; /* the same as one apart, nearly */
	for (int names = 0; names < 2; names++) {
		for (size_t i = 0; i < d->n_pending; i++)
			d->fates[i] = disks_is_name(d->pending[i]) == names ? THERE : LOST;
		disks_try(d);
	}
}

static inline void disks_cut(struct disks *d)
{
	if (!d->is_new)
		return;
	d->is_new = false;
	d->fates = realloc(d->fates, d->n_pending + 1);
	ck_assert_ptr_nonnull(d->fates);
	disks_all(d, THERE);
	disks_try_so(d, true);
	if (d->n_pending == 0)
		return;
	disks_all(d, LOST);
	disks_try(d);
	disks_try_torn(d);
	if (d->n_pending == 1)
		return;
	if (d->n_pending <= DISKS_PICKED)
		disks_try_each(d);
	else
		disks_try_some(d);
	disks_try_kinds(d);
	for (int i = 0; d->n_pending > 2 && i < DISKS_RANDOM; i++) {
		for (size_t k = 0; k < d->n_pending; k++)
			d->fates[k] = disks_random(d, 4) ? (uint8_t)disks_random(d, 2)
							 : TORN_ANYHOW;
		disks_try(d);
	}
}

/* Judges all states of the recording since it began. */
static inline void disks_judge_all(struct record *r, disks_judge *judge)
{
	const char *seed = getenv("POWER_SEED");
	struct disks d = { .record = r, .judge = judge, .seed = seed ? (uint32_t)atoi(seed) : 1 };

	d.pending = calloc(r->n + 1, sizeof *d.pending);
	ck_assert_ptr_nonnull(d.pending);
	for (d.at = 0; d.at < r->n; d.at++) {
		const struct record_step *s = &r->steps[d.at];

		if (d.at >= r->n_before && (s->kind == RECORD_SYNC || s->kind == RECORD_MARK))
			disks_cut(&d);
		if (s->kind == RECORD_SYNC) {
			disks_sync(&d, s->ino);
		} else if (s->kind == RECORD_MARK) {
			d.promise = (int)s->at;
			d.is_new = true;
		} else {
			d.pending[d.n_pending++] = s;
			d.is_new = true;
		}
	}
	disks_cut(&d);
	for (int i = 0; i < d.n_files; i++) {
		free(d.files[i].sure.bytes);
		free(d.files[i].maybe.bytes);
	}
	ck_assert_uint_ge(d.n_judged, DISKS_FEWEST);
	free(d.judged);
	free(d.pending);
	free(d.fates);
}

/* The same, to be recorded in a copy of that place, */
static inline void disks_begin(struct record *r, const struct place *from)
{
	scene = place_copy(from);
	record_begin(r, scene.dir);
}

static inline void disks_end(struct record *r, disks_judge *judge)
{
	disks_remove(scene.dir);
	disks_judge_all(r, judge);
	record_end(r);
}

/* of one act, */
static inline void disks_of(const struct place *from, void (*act)(void *data), disks_judge *judge)
{
	struct record r;

	disks_begin(&r, from);
	ck_assert(!record_run(&r, act, NULL));
	disks_end(&r, judge);
}

/* or of two, the first of which is killed when it has given something that name: whoever comes next
 * sees it done, and the disk may not. */
static inline void disks_of_killed(const struct place *from, void (*first)(void *data),
		const char *name, void (*act)(void *data), disks_judge *judge)
{
	struct record r;

	disks_begin(&r, from);
	r.dies_at = name;
	ck_assert(record_run(&r, first, NULL));
	r.dies_at = NULL;
	ck_assert(!record_run(&r, act, NULL));
	disks_end(&r, judge);
}

#endif
