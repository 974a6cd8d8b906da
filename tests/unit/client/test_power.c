/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The power goes: of what was written and not synced, anything may be on the disk (disks.h). What a
 * command has promised by then holds all the same, and before there is a working profile or none.
 */
#include "client/lib/backup.h"
#include "client/lib/pair.h"
#include "client/lib/panic.h"
#include "tests/unit/client/disks.h"

enum { PROMISED_NOTHING, PROMISED, PROMISED_MORE };

static const uint8_t server[32] = { 7 };

/* --- passphrases --------------------------------------------------------- */

static void act_change(void *data)
{
	(void)data;
	if (vault_change(scene.dir, own, third))
		_exit(1);
	record_mark(PROMISED);
}

static void act_change_unless_it_was(void *data)
{
	struct vault vault;
	int lost;

	if (vault_open(&vault, &lost, scene.dir, third))
		act_change(data);
	record_mark(PROMISED);
}

/* Opening renews the key file; afterwards it is as before. */
static bool old_or_new_and_then_new(int promise, bool thoroughly)
{
	const bool is_new = is_locked(&scene, own);

	if (promise && !is_new)
		return false;
	return opens(&scene, is_new ? third : own, scene.identity) &&
			is_locked(&scene, is_new ? own : third) &&
			(!thoroughly || opens(&scene, is_new ? third : own, scene.identity));
}

START_TEST(a_new_passphrase_counts_or_the_old_one_and_afterwards_only_the_new_one)
{
	struct place a;

	place_make(&a);
	disks_of(&a, act_change, old_or_new_and_then_new);
	disks_of_killed(&a, act_change, "key", act_change_unless_it_was, old_or_new_and_then_new);
	place_end(&a);
}
END_TEST

static void act_open(void *data)
{
	struct vault vault;
	struct profile *p;

	if (profile_unlock(&vault, scene.dir, data ? data : own))
		_exit(1);
	record_mark(PROMISED);
	if (profile_open(&p, scene.dir, &vault))
		_exit(1);
	profile_close(p);
}

static bool still_there(int promise, bool thoroughly)
{
	(void)promise;
	(void)thoroughly;
	return opens(&scene, own, scene.identity);
}

START_TEST(opening_loses_nothing)
{
	struct place a;

	place_make(&a);
	disks_of(&a, act_open, still_there);
	place_end(&a);
}
END_TEST

/* --- duress -------------------------------------------------------------- */

static void act_duress(void *data)
{
	(void)data;
	act_open((void *)duress);
}

static bool profile_and_then_decoy(int promise, bool thoroughly)
{
	const bool lost = is_locked(&scene, own);

	if (!lost && (promise || !opens(&scene, own, scene.identity)))
		return false;
	return opens(&scene, duress, scene.decoy) && (!thoroughly || is_locked(&scene, own));
}

START_TEST(under_duress_there_is_the_profile_or_the_decoy_and_afterwards_no_profile)
{
	struct place a;

	place_make(&a);
	add_decoy(&a);
	disks_of(&a, act_duress, profile_and_then_decoy);
	disks_of_killed(&a, act_open, "key", act_duress, profile_and_then_decoy);
	place_end(&a);
}
END_TEST

static void act_add_decoy(void *data)
{
	(void)data;
	if (profile_add_decoy(open_place(&scene, own), scene.dir, own, duress))
		_exit(1);
	record_mark(PROMISED);
}

static bool there_and_a_decoy_can_be_made(int promise, bool thoroughly)
{
	uint8_t found[32];

	if (!opens(&scene, own, scene.identity))
		return false;
	if (!promise && !thoroughly)
		return true;
	if (!promise && profile_add_decoy(open_place(&scene, own), scene.dir, own, duress))
		return false;
	return identity_under(found, &scene, duress) == 0 &&
			memcmp(found, scene.identity, 32) != 0 && is_locked(&scene, own);
}

START_TEST(a_decoy_that_was_begun_can_be_made_again)
{
	struct place a;

	place_make(&a);
	disks_of(&a, act_add_decoy, there_and_a_decoy_can_be_made);
	place_end(&a);
}
END_TEST

/* --- panic --------------------------------------------------------------- */

static void act_panic(void *data)
{
	struct panic what = { .dir = scene.dir };

	(void)data;
	if (vault_destroy(scene.dir)) /* the signal's handler */
		_exit(1);
	record_mark(PROMISED);
	if (panic(&what))
		_exit(1);
	record_mark(PROMISED_MORE);
}

static bool opens_nothing(const char *passphrase)
{
	struct vault vault;
	int lost, rc = vault_open(&vault, &lost, scene.dir, passphrase);

	return rc == E_LOCKED || rc == E_IO;
}

static bool nothing_is_there(void)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(profile_files); i++) {
		snprintf(path, sizeof path, "%s/%s", scene.dir, profile_files[i]);
		if (access(path, F_OK) == 0)
			return false;
	}
	return true;
}

static bool profile_and_then_none(int promise, bool thoroughly)
{
	struct panic what = { .dir = scene.dir };
	struct profile *p = NULL;

	if (promise == PROMISED_MORE && !nothing_is_there())
		return false;
	if (!promise && !opens_nothing(own))
		return opens(&scene, own, scene.identity);
	if (!opens_nothing(own) || !opens_nothing(third) || !opens_nothing(duress))
		return promise == PROMISED_NOTHING;
	if (!thoroughly)
		return true;
	/* What a cut has left can be ended, and then begun anew. */
	if (panic(&what) || !nothing_is_there() ||
			profile_create(&p, scene.dir, own, server, &cheap))
		return false;
	profile_close(p);
	return true;
}

START_TEST(once_panic_has_destroyed_the_slots_no_passphrase_opens_whatever_is_on_the_disk)
{
	struct place a;

	place_make(&a);
	add_decoy(&a);
	disks_of(&a, act_panic, profile_and_then_none);
	place_end(&a);
}
END_TEST

/* Whoever was killed there has renamed a new key file, and nobody has synced that. */
START_TEST(so_it_is_after_a_program_was_killed_that_had_just_renamed_the_key_file)
{
	struct place a;

	place_make(&a);
	disks_of_killed(&a, act_change, "key", act_panic, profile_and_then_none);
	place_end(&a);
}
END_TEST

/* --- the program --------------------------------------------------------- */

static const char better[] = "sorrel quince lantern ferry",
		  after[] = "sorrel quince lantern ferry\n";

/* It stands two folders above this test; what it is asked for stands on its standard input. */
static void act_program(const char *command, const char *first)
{
	char path[PATH_MAX + 16] = "";
	const ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	int in[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && len > 0 && strrchr(path, '/'); i++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/sotto");
	if (null < 0 || pipe(in) < 0 || dprintf(in[1], "%s\n%s", first, after) < 0 ||
			close(in[1]) < 0 || dup2(in[0], STDIN_FILENO) < 0 ||
			dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(2);
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* it cannot, as it is traced */
	execl(path, path, "--profile", scene.dir, command, NULL);
	_exit(3);
}

static void act_passwd(void *data)
{
	(void)data;
	act_program("passwd", own);
}

static void act_panic_command(void *data)
{
	(void)data;
	act_program("panic", own);
}

static bool old_or_better(int promise, bool thoroughly)
{
	const bool is_new = is_locked(&scene, own);

	(void)thoroughly;
	return (is_new || !promise) && opens(&scene, is_new ? better : own, scene.identity) &&
			is_locked(&scene, is_new ? own : better);
}

static bool there_or_gone(int promise, bool thoroughly)
{
	return profile_and_then_none(promise ? PROMISED_MORE : PROMISED_NOTHING, thoroughly);
}

static void disks_of_program(const struct place *from, void (*act)(void *data), disks_judge *judge)
{
	struct record r;
	bool promised = false;

	disks_begin(&r, from);
	r.tells = true;
	ck_assert(!record_run(&r, act, NULL));
	for (size_t i = 0; i < r.n; i++)
		promised = promised || r.steps[i].kind == RECORD_MARK;
	ck_assert(promised);
	disks_end(&r, judge);
}

START_TEST(what_the_program_prints_is_on_the_disk)
{
	struct place a;

	place_make(&a);
	disks_of_program(&a, act_passwd, old_or_better);
	disks_of_program(&a, act_panic_command, there_or_gone);
	place_end(&a);
}
END_TEST

/* --- what is stored ------------------------------------------------------ */

enum { ROWS = 900 };

static void store_rows(struct profile *p)
{
	static const char sql[] =
			"WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE "
			"i < ?) INSERT INTO message (contact, out, number, part, parts, at_s, "
			"envelope, text) SELECT 1, 0, 1, 0, 1, 0, randomblob(16), "
			"hex(randomblob(500)) FROM row";

	if (q_run(p->db, sql, "i", (int64_t)ROWS))
		_exit(1);
}

/* Until both databases have grown. */
static void act_store(void *data)
{
	struct profile *p = open_place(&scene, own);
	int64_t n;
	int promise = 0;

	(void)data;
	do {
		store_rows(p);
		record_mark(++promise);
		if (q_number(&n, p->db, "PRAGMA page_count", ""))
			_exit(1);
	} while (n * 4096 <= PAIR_STEP);
	store_rows(p);
	record_mark(++promise);
	profile_close(p);
}

static bool what_was_stored_is_there(int promise, bool thoroughly)
{
	CLEANUP(profile_close) struct profile *p = open_place(&scene, own);
	int64_t n = -1;

	if (q_number(&n, p->db, "SELECT count(*) FROM message", "") || n % ROWS ||
			n / ROWS < promise)
		return false;
	return !thoroughly ||
			q_number(&n, p->db, "PRAGMA cipher_integrity_check", "") == STORE_NONE;
}

START_TEST(what_was_stored_stays_while_the_databases_grow)
{
	struct place a;

	place_make(&a);
	disks_of(&a, act_store, what_was_stored_is_there);
	place_end(&a);
}
END_TEST

/* --- a new profile ------------------------------------------------------- */

static uint8_t *made; /* its identity, as the process tells */

static void act_create(void *data)
{
	char dir[64];
	struct profile *p;

	(void)data;
	snprintf(dir, sizeof dir, "%s/p", scene.dir);
	if (profile_create(&p, dir, own, server, &cheap))
		_exit(1);
	memcpy(made, p->identity, 32);
	record_mark(PROMISED);
	profile_close(p);
}

static bool that_profile_or_none(int promise, bool thoroughly)
{
	struct place inside = scene;
	uint8_t name[VAULT_NAME_BYTES], found[32];
	struct profile *p;

	strcat(inside.dir, "/p");
	if (promise)
		return opens(&inside, own, made);
	if (vault_name(name, inside.dir)) { /* none: so it can be made */
		if (!thoroughly)
			return true;
		if (profile_create(&p, inside.dir, own, server, &cheap))
			return false;
		profile_close(p);
	}
	return identity_under(found, &inside, own) == 0;
}

START_TEST(a_new_profile_is_whole_or_none_and_once_it_is_told_it_stays)
{
	struct place empty = { SCRATCH, { 0 }, { 0 } };

	made = mmap(NULL, 32, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(made != MAP_FAILED);
	ck_assert_ptr_nonnull(mkdtemp(empty.dir));
	disks_of(&empty, act_create, that_profile_or_none);
	ck_assert_int_eq(rmdir(empty.dir), 0);
}
END_TEST

/* --- an export ----------------------------------------------------------- */

static const char theirs[] = "of the file";
static struct place exported;

static void export_to(const char *dir)
{
	CLEANUP(profile_close) struct profile *p = open_place(&exported, own);
	struct stream_key key;
	char path[64];

	snprintf(path, sizeof path, "%s/export", dir);
	if (backup_key(&key, theirs, &cheap) || backup_write(p, path, &key))
		_exit(1);
}

static void act_export(void *data)
{
	(void)data;
	export_to(scene.dir);
	record_mark(PROMISED);
}

/* The new one has rows. */
static bool old_export_and_then_new(int promise, bool thoroughly)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	char path[64], dir[64];
	const struct backup from = { path, theirs, own, &cheap };
	int64_t n = -1;

	(void)thoroughly;
	snprintf(path, sizeof path, "%s/export", scene.dir);
	snprintf(dir, sizeof dir, "%s/p", scene.dir);
	if (backup_read(&p, dir, &from) || q_number(&n, p->db, "SELECT count(*) FROM message", ""))
		return false;
	return n == ROWS || (n == 0 && !promise);
}

START_TEST(an_export_is_the_old_one_or_the_new_one_and_once_it_is_told_the_new_one)
{
	struct place a = { SCRATCH, { 0 }, { 0 } };
	struct profile *p;

	place_make(&exported);
	ck_assert_ptr_nonnull(mkdtemp(a.dir));
	export_to(a.dir);
	p = open_place(&exported, own);
	store_rows(p);
	profile_close(p);
	disks_of(&a, act_export, old_export_and_then_new);
	disks_remove(a.dir);
	place_end(&exported);
}
END_TEST

UNIT("power", a_new_passphrase_counts_or_the_old_one_and_afterwards_only_the_new_one,
		opening_loses_nothing,
		under_duress_there_is_the_profile_or_the_decoy_and_afterwards_no_profile,
		a_decoy_that_was_begun_can_be_made_again,
		once_panic_has_destroyed_the_slots_no_passphrase_opens_whatever_is_on_the_disk,
		so_it_is_after_a_program_was_killed_that_had_just_renamed_the_key_file,
		what_the_program_prints_is_on_the_disk,
		what_was_stored_stays_while_the_databases_grow,
		a_new_profile_is_whole_or_none_and_once_it_is_told_it_stays,
		an_export_is_the_old_one_or_the_new_one_and_once_it_is_told_the_new_one)
