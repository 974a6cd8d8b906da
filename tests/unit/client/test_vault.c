/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The vault and the two databases: what opens them, what a duress passphrase leaves, and that a cut
 * at any step leaves a working profile or none.
 */
#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "tests/unit/client/place.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

enum { KEY_FILE = 264, HEAD = 40, SLOT = 112 };

static void write_rows(struct profile *p, unsigned n_kib)
{
	char text[1024];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(q_begin(p->db), 0);
	for (unsigned i = 0; i < n_kib; i++) {
		if (i % 256 == 255) {
			ck_assert_int_eq(q_end(p->db, 0), 0);
			ck_assert_int_eq(q_begin(p->db), 0);
		}
		ck_assert_int_eq(q_run(p->db,
						 "INSERT INTO message (contact, out, number, part, "
						 "parts, at_s, envelope, text) VALUES (1, 0, 1, 0, "
						 "1, 0, "
						 "randomblob(16), ?)",
						 "t", text),
				0);
	}
	ck_assert_int_eq(q_end(p->db, 0), 0);
}

static uint8_t *read_file(const struct place *a, const char *name, size_t *out_len)
{
	char path[64];
	struct stat st;
	uint8_t *bytes;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", a->dir, name);
	ck_assert_int_eq(stat(path, &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	file = fopen(path, "re");
	ck_assert(bytes && file);
	*out_len = fread(bytes, 1, (size_t)st.st_size, file);
	ck_assert_int_eq((int64_t)*out_len, st.st_size);
	fclose(file);
	return bytes;
}

static void write_file(const struct place *a, const char *name, const uint8_t *bytes, size_t len)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", a->dir, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static void write_key_file(const struct place *a, const uint8_t *bytes, size_t len)
{
	write_file(a, "key", bytes, len);
}

/* --- the key file ------------------------------------------------------- */

START_TEST(opens_under_its_passphrase_and_no_other)
{
	struct place a;

	place_make(&a);
	ck_assert(opens(&a, own, a.identity));
	ck_assert(is_locked(&a, "Own"));
	ck_assert(is_locked(&a, ""));
	ck_assert(opens(&a, own, a.identity));
	place_end(&a);
}
END_TEST

START_TEST(a_changed_cut_or_longer_key_file_is_refused)
{
	struct place a;
	struct vault vault;
	uint8_t *good, bad[KEY_FILE + 1] = { 0 };
	size_t len;
	int lost, n_open = 0;

	place_make(&a);
	good = read_file(&a, "key", &len);
	ck_assert_uint_eq(len, KEY_FILE);
	for (size_t i = 0; i < KEY_FILE; i++) {
		memcpy(bad, good, KEY_FILE);
		bad[i] ^= 1;
		write_key_file(&a, bad, KEY_FILE);
		n_open += vault_open(&vault, &lost, a.dir, own) == 0;
	}
	ck_assert_int_eq(
			n_open, SLOT); /* every byte counts but the other slot's, which are noise */
	for (size_t i = 0; i < KEY_FILE; i += 37) {
		write_key_file(&a, good, i);
		ck_assert_int_eq(vault_open(&vault, &lost, a.dir, own), E_CONFIG);
	}
	memcpy(bad, good, KEY_FILE);
	write_key_file(&a, bad, sizeof bad);
	ck_assert_int_eq(vault_open(&vault, &lost, a.dir, own), E_CONFIG);
	write_key_file(&a, good, KEY_FILE);
	ck_assert(opens(&a, own, a.identity));
	free(good);
	place_end(&a);
}
END_TEST

START_TEST(costs_beyond_the_bounds_are_refused_before_hashing)
{
	static const struct {
		int at;
		const char *hex;
	} bad[] = { { 12, "00000000" }, { 12, "00000041" }, { 12, "ffffffff" },
		{ 16, "0000000040000001" }, { 16, "0000010000000000" },
		{ 16, "0000000000001fff" } };
	struct place a;
	struct vault vault;
	uint8_t *good, file[KEY_FILE];
	size_t len;
	int lost;

	place_make(&a);
	good = read_file(&a, "key", &len);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		memcpy(file, good, KEY_FILE);
		unit_hex(file + bad[i].at, strlen(bad[i].hex) / 2, bad[i].hex);
		write_key_file(&a, file, KEY_FILE);
		/* E_NOMEM would mean that it was tried */
		ck_assert_int_eq(vault_open(&vault, &lost, a.dir, own), E_CONFIG);
	}
	free(good);
	place_end(&a);
}
END_TEST

START_TEST(the_measured_cost_is_moderate_at_least)
{
	struct cost cost;

	ck_assert_int_eq(cost_measure(&cost), 0);
	ck_assert_uint_ge(cost.mem, 64 << 20);
	ck_assert_uint_le(cost.mem, 1 << 30);
	ck_assert_uint_ge(cost.ops * (cost.mem >> 20), 3 * 256);
	ck_assert_uint_le(cost.ops, 64);
}
END_TEST

START_TEST(a_changed_passphrase_opens_and_the_old_one_does_not)
{
	struct place a;

	place_make(&a);
	add_decoy(&a);
	ck_assert_int_eq(vault_change(a.dir, "wrong", third), E_LOCKED);
	ck_assert_int_eq(vault_change(a.dir, own, duress), VAULT_TAKEN);
	ck_assert(opens(&a, own, a.identity));
	ck_assert_int_eq(vault_change(a.dir, own, third), 0);
	ck_assert(is_locked(&a, own));
	ck_assert(opens(&a, third, a.identity));
	ck_assert(opens(&a, duress, a.decoy));
	place_end(&a);
}
END_TEST

/* --- duress ------------------------------------------------------------- */

START_TEST(the_duress_passphrase_opens_the_decoy_and_destroys_the_profile)
{
	struct place a, saved;
	struct profile *p;

	place_make(&a);
	ck_assert_int_eq(profile_add_decoy(open_place(&a, own), a.dir, own, own), VAULT_TAKEN);
	add_decoy(&a);
	ck_assert(memcmp(a.identity, a.decoy, 32) != 0);
	ck_assert(opens(&a, own, a.identity));
	saved = place_copy(&a);
	ck_assert(opens(&a, duress, a.decoy));
	ck_assert(is_locked(&a, own));
	ck_assert(opens(&a, duress, a.decoy)); /* again */
	ck_assert_int_eq(vault_change(a.dir, duress, third), 0);
	ck_assert(opens(&a, third, a.decoy));
	/* the limit: a copy made before is not touched */
	ck_assert(opens(&saved, own, saved.identity));
	/* a decoy that is there stays under a further duress passphrase */
	ck_assert_int_eq(profile_add_decoy(open_place(&saved, own), saved.dir, own, third), 0);
	ck_assert(is_locked(&saved, duress));
	p = open_place(&saved, own);
	ck_assert_mem_eq(p->identity, saved.identity, 32);
	profile_close(p);
	ck_assert(opens(&saved, third, saved.decoy));
	place_end(&saved);
	place_end(&a);
}
END_TEST

START_TEST(duress_ends_who_still_has_the_profile_open_and_what_the_keyring_keeps)
{
	struct place a;
	struct profile *p;
	struct vault vault;
	int ready[2], status;
	pid_t pid;
	char c;

	place_make(&a);
	add_decoy(&a);
	p = open_place(&a, own);
	ck_assert_int_eq(keyring_keep(&p->vault, a.dir, 600), 0);
	profile_close(p);
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		p = open_place(&a, own);
		signal(SIGALRM, SIG_DFL); /* not Check's */
		alarm(20);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert(opens(&a, duress, a.decoy));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(keyring_use(&vault, a.dir), KEYRING_NONE);
	place_end(&a);
}
END_TEST

/* Chi-square over the 256 byte values: noise stays within 8 standard deviations of its mean. */
static void looks_random(const uint8_t *bytes, size_t len)
{
	double expected = (double)len / 256, sum = 0;
	size_t counts[256] = { 0 };

	for (size_t i = 0; i < len; i++)
		counts[bytes[i]]++;
	for (int i = 0; i < 256; i++)
		sum += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
	ck_assert_double_gt(sum, 255 - 8 * sqrt(510));
	ck_assert_double_lt(sum, 255 + 8 * sqrt(510));
	for (size_t i = 0; i + 4096 <= len;
			i += 4096) /* a page of zeros would be lost in the sum */
		ck_assert(memmem(bytes + i, 4096, "\0\0\0\0\0\0\0\0", 8) == NULL);
}

/* Names and sizes of the files, in one line. */
static void describe(char out[static 256], const struct place *a)
{
	struct dirent **names;
	int n = scandir(a->dir, &names, NULL, alphasort);
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < n; i++) {
		char path[512];
		struct stat st;

		snprintf(path, sizeof path, "%s/%s", a->dir, names[i]->d_name);
		ck_assert_int_eq(stat(path, &st), 0);
		if (S_ISREG(st.st_mode))
			used += (size_t)snprintf(out + used, 256 - used, "%s %o %lld; ",
					names[i]->d_name, st.st_mode, (long long)st.st_size);
		free(names[i]);
	}
	free(names);
}

struct look { /* of a profile that was opened */
	char files[256];
	unsigned slot, database; /* in use */
};

static void look_at(struct look *out, const struct place *a, const char *passphrase)
{
	static const char *const names[] = { "db.0", "db.1" };
	struct profile *p = open_place(a, passphrase);
	uint8_t *before, *after;
	struct vault vault;
	size_t len;
	int lost;

	out->database = p->vault.database;
	profile_close(p);
	describe(out->files, a);
	before = read_file(a, "key", &len);
	ck_assert_int_eq(vault_open(&vault, &lost, a->dir, passphrase), 0);
	ck_assert_int_eq(lost, -1); /* a profile like any other */
	after = read_file(a, "key", &len);
	out->slot = memcmp(before + HEAD, after + HEAD, SLOT) == 0; /* opening renews one's own */
	ck_assert_mem_eq(before, after, HEAD);
	ck_assert_mem_eq(before + HEAD + SLOT * !out->slot, after + HEAD + SLOT * !out->slot, SLOT);
	free(before);
	free(after);
	for (int i = 0; i < 2; i++) {
		before = read_file(a, names[i], &len);
		looks_random(before, len);
		free(before);
	}
}

/*
 * Many profiles without a duress code, and as many that were opened by one. All with as much in
 * them at most: their files are the same, and where things lie is a fair coin in both.
 */
START_TEST(after_duress_a_profile_looks_as_one_without)
{
	enum { N = 40 };
	unsigned slots[2] = { 0 }, databases[2] = { 0 };

	for (int i = 0; i < N; i++) {
		unsigned n_kib = i < 6 ? 3000 * (unsigned)(i % 3) : 0;
		struct look looks[2];

		for (int with = 0; with < 2; with++) {
			struct place a;
			struct profile *p;

			place_make(&a);
			p = open_place(&a, own);
			write_rows(p, n_kib);
			profile_close(p);
			if (with) {
				add_decoy(&a);
				profile_close(open_place(&a, duress));
			}
			look_at(&looks[with], &a, with ? duress : own);
			slots[with] += looks[with].slot;
			databases[with] += looks[with].database;
			place_end(&a);
		}
		ck_assert_str_eq(looks[0].files, looks[1].files);
	}
	for (int with = 0; with < 2; with++) { /* fails by chance once in 10^7 runs */
		ck_assert_uint_gt(slots[with], 4);
		ck_assert_uint_lt(slots[with], N - 4);
		ck_assert_uint_gt(databases[with], 4);
		ck_assert_uint_lt(databases[with], N - 4);
	}
}
END_TEST

/* --- the two databases -------------------------------------------------- */

static int64_t size_of(const struct place *a, int database)
{
	char path[PAIR_PATH];
	struct stat st;

	ck_assert_int_eq(pair_path(path, a->dir, database), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

START_TEST(both_grow_together_in_steps_and_never_shrink)
{
	struct place a;
	struct profile *p;
	int64_t largest = 0, pages;

	place_make(&a);
	for (int i = 0; i < 4; i++) {
		p = open_place(&a, own);
		write_rows(p, 2500);
		ck_assert_int_eq(q_number(&pages, p->db, "PRAGMA page_count", ""), 0);
		profile_close(p);
		ck_assert_int_eq(size_of(&a, 0), size_of(&a, 1));
		ck_assert_int_eq(size_of(&a, 0) % PAIR_STEP, 0);
		ck_assert_int_eq(size_of(&a, 0), pages * 4096); /* no tail behind the pages */
		ck_assert_int_ge(size_of(&a, 0), largest);
		largest = size_of(&a, 0);
	}
	ck_assert_int_ge(largest, 3 * PAIR_STEP);
	p = open_place(&a, own);
	ck_assert_int_eq(q_run(p->db, "DELETE FROM message", ""), 0);
	profile_close(p);
	ck_assert_int_eq(size_of(&a, 0), largest);
	ck_assert_int_eq(size_of(&a, 1), largest);
	add_decoy(&a); /* the decoy begins as large */
	ck_assert_int_eq(size_of(&a, 0), largest);
	ck_assert_int_eq(size_of(&a, 1), largest);
	place_end(&a);
}
END_TEST

START_TEST(a_setting_that_would_leak_cannot_be_turned)
{
	static const char *const refused[] = { "PRAGMA temp_store = FILE",
		"PRAGMA secure_delete = OFF", "PRAGMA cipher_log_level = TRACE",
		"PRAGMA cipher_memory_security = OFF", "PRAGMA journal_mode = DELETE",
		"PRAGMA synchronous = NORMAL", "PRAGMA rekey = 'x'" };
	struct place a;
	struct profile *p;

	place_make(&a);
	p = open_place(&a, own);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		ck_assert_int_eq(q_run(p->db, refused[i], ""), E_IO);
	profile_close(p);
	place_end(&a);
}
END_TEST

/* --- power cuts --------------------------------------------------------- */

static void act_create(void *data)
{
	static const uint8_t onion[32] = { 7 };
	struct profile *p;

	(void)data;
	if (profile_create(&p, scene.dir, own, onion, &cheap))
		_exit(1);
	profile_close(p);
}

static void act_open(void *data)
{
	struct vault vault;
	struct profile *p;

	if (profile_unlock(&vault, scene.dir, data) || profile_open(&p, scene.dir, &vault))
		_exit(1);
	profile_close(p);
}

static void act_change(void *data)
{
	(void)data;
	if (vault_change(scene.dir, own, third))
		_exit(1);
}

static void act_add_decoy(void *data)
{
	(void)data;
	if (profile_add_decoy(open_place(&scene, own), scene.dir, own, duress))
		_exit(1);
}

static void act_grow(void *data)
{
	struct profile *p = open_place(&scene, own);

	(void)data;
	write_rows(p, 300); /* the last that there is room for */
	profile_close(p);
	if (size_of(&scene, 0) != 2 * PAIR_STEP)
		_exit(1);
}

static void one_profile_or_none(void)
{
	uint8_t name[VAULT_NAME_BYTES];

	if (vault_name(name, scene.dir)) /* none: so it can be made */
		act_create(NULL);
	ck_assert_int_eq(identity_under(scene.identity, &scene, own), 0);
}

START_TEST(a_cut_while_a_profile_is_made_leaves_it_or_none)
{
	struct place empty = { SCRATCH, { 0 }, { 0 } };
	FILE *file;
	char path[64];

	ck_assert_ptr_nonnull(mkdtemp(empty.dir));
	snprintf(path, sizeof path, "%s/db.0", empty.dir); /* of one that was destroyed */
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	ck_assert_int_gt(cut_everywhere(&empty, act_create, NULL, one_profile_or_none), 20);
	place_end(&empty);
}
END_TEST

static void still_there(void)
{
	ck_assert(opens(&scene, own, scene.identity));
}

static void old_or_new_passphrase(void)
{
	if (is_locked(&scene, own))
		ck_assert(opens(&scene, third, scene.identity));
	else
		ck_assert(is_locked(&scene, third) && opens(&scene, own, scene.identity));
}

static void profile_and_perhaps_decoy(void)
{
	uint8_t found[32];
	int rc;

	ck_assert(opens(&scene, own, scene.identity));
	rc = identity_under(found, &scene, duress);
	ck_assert(rc == 0 || rc == E_LOCKED);
	ck_assert(rc || memcmp(found, scene.identity, 32) != 0);
	ck_assert_int_eq(is_locked(&scene, own), rc == 0);
}

START_TEST(a_cut_while_it_is_opened_or_grows_loses_nothing)
{
	struct profile *p;
	struct place a;

	place_make(&a);
	ck_assert_int_gt(cut_everywhere(&a, act_open, own, still_there), 8);
	p = open_place(&a, own);
	write_rows(p, 2050);
	profile_close(p);
	ck_assert_int_gt(cut_everywhere(&a, act_grow, NULL, still_there), 20);
	place_end(&a);
}
END_TEST

START_TEST(a_cut_while_a_passphrase_is_changed_or_a_decoy_made_loses_nothing)
{
	struct place a;

	place_make(&a);
	ck_assert_int_gt(cut_everywhere(&a, act_change, NULL, old_or_new_passphrase), 6);
	ck_assert_int_gt(cut_everywhere(&a, act_add_decoy, NULL, profile_and_perhaps_decoy), 20);
	place_end(&a);
}
END_TEST

static void profile_before_or_decoy_after(void)
{
	if (!is_locked(&scene, own))
		ck_assert(opens(&scene, own, scene.identity));
	ck_assert(opens(&scene, duress, scene.decoy));
	ck_assert(is_locked(&scene, own));
}

START_TEST(a_cut_under_duress_leaves_profile_or_decoy)
{
	struct place a;

	place_make(&a);
	add_decoy(&a);
	ck_assert_int_gt(cut_everywhere(&a, act_open, duress, profile_before_or_decoy_after), 8);
	place_end(&a);
}
END_TEST

static uint8_t before[KEY_FILE];

/* What is destroyed in the one is not in the other. */
static void nothing_beside_it(void)
{
	size_t len;
	uint8_t *key = read_file(&scene, "key", &len), *left = NULL;
	char path[64];

	snprintf(path, sizeof path, "%s/key.new", scene.dir);
	if (access(path, F_OK) == 0)
		left = read_file(&scene, "key.new", &len);
	for (size_t at = HEAD; left && len == KEY_FILE && at < KEY_FILE; at += SLOT)
		ck_assert(memcmp(key + at, before + at, SLOT) == 0 ||
				memcmp(left + at, before + at, SLOT) != 0);
	free(left);
	free(key);
}

START_TEST(a_new_key_file_that_a_cut_has_left_goes_before_anything_else)
{
	struct place a;
	uint8_t *key;
	size_t len;

	place_make(&a);
	add_decoy(&a);
	key = read_file(&a, "key", &len);
	ck_assert_uint_eq(len, KEY_FILE);
	memcpy(before, key, KEY_FILE);
	free(key);
	write_file(&a, "key.new", before, KEY_FILE);
	ck_assert_int_gt(cut_everywhere(&a, act_open, duress, nothing_beside_it), 10);
	place_end(&a);
}
END_TEST

static void act_unlock(void *data)
{
	struct vault vault;
	int lost;

	if (vault_open(&vault, &lost, scene.dir, data))
		_exit(1);
}

/* Overwritten in place, twice; then the new file, whole on the disk before it takes the name; then
 * the old one, twice. */
START_TEST(opening_writes_the_same_whether_it_destroys_or_not)
{
	struct steps plain = { .kill_at = -1 }, under_duress = { .kill_at = -1 };
	struct place a;

	place_make(&a);
	add_decoy(&a);
	scene = a;
	ck_assert(!steps_run(&plain, act_unlock, (void *)own));
	ck_assert(!steps_run(&under_duress, act_unlock, (void *)duress));
	ck_assert(is_locked(&a, own));
	ck_assert_str_eq(plain.text,
			"l"
			"wsws"
			"owsrs"
			"wsws");
	ck_assert_str_eq(under_duress.text, plain.text);
	place_end(&a);
}
END_TEST

UNIT("vault", opens_under_its_passphrase_and_no_other, a_changed_cut_or_longer_key_file_is_refused,
		costs_beyond_the_bounds_are_refused_before_hashing,
		the_measured_cost_is_moderate_at_least,
		a_changed_passphrase_opens_and_the_old_one_does_not,
		the_duress_passphrase_opens_the_decoy_and_destroys_the_profile,
		duress_ends_who_still_has_the_profile_open_and_what_the_keyring_keeps,
		after_duress_a_profile_looks_as_one_without,
		both_grow_together_in_steps_and_never_shrink,
		a_setting_that_would_leak_cannot_be_turned,
		a_cut_while_a_profile_is_made_leaves_it_or_none,
		a_cut_while_it_is_opened_or_grows_loses_nothing,
		a_cut_while_a_passphrase_is_changed_or_a_decoy_made_loses_nothing,
		a_cut_under_duress_leaves_profile_or_decoy,
		a_new_key_file_that_a_cut_has_left_goes_before_anything_else,
		opening_writes_the_same_whether_it_destroys_or_not)
