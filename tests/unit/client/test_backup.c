/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Exports: all of a profile but its ratchets, whole or refused; and what comes of an old one. */
#include "client/lib/backup.h"

#include "client/lib/plan.h"
#include "tests/unit/client/mend.h"
#include "tests/unit/client/steps.h"

#include <errno.h>
#include <sys/stat.h>

static const char theirs[] = "of the file", own[] = "of the profile";
static char file_dir[32], file[48], new_dir[48];

static void open_scratch(void)
{
	snprintf(file_dir, sizeof file_dir, "/tmp/so.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(file_dir));
	snprintf(file, sizeof file, "%s/export", file_dir);
	snprintf(new_dir, sizeof new_dir, "%s/new", file_dir);
}

static void close_scratch(void)
{
	unlink(file);
	remove_dir(new_dir);
	ck_assert_int_eq(rmdir(file_dir), 0); /* nothing else was left */
}

static struct stream_key make_key(void)
{
	struct stream_key key;

	ck_assert_int_eq(backup_key(&key, theirs, &cheap), 0);
	return key;
}

static void export(struct person *a)
{
	struct stream_key key = make_key();

	ck_assert_int_eq(backup_write(a->p, file, &key), 0);
}

static int import_under(struct profile **out, const char *passphrase)
{
	const struct backup from = { file, passphrase, own, &cheap };

	return backup_read(out, new_dir, &from);
}

/* Refused, and nothing was made. */
static int refusal(void)
{
	struct profile *p = NULL;
	int rc = import_under(&p, theirs);

	ck_assert_int_ne(rc, 0);
	ck_assert_ptr_null(p);
	ck_assert(access(new_dir, F_OK) < 0 && errno == ENOENT);
	return rc;
}

static uint8_t *read_export(size_t *out_len)
{
	FILE *from = fopen(file, "re");
	struct stat st;
	uint8_t *bytes;

	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	bytes = malloc((size_t)st.st_size + 1);
	ck_assert(from && bytes);
	*out_len = fread(bytes, 1, (size_t)st.st_size, from);
	fclose(from);
	return bytes;
}

static void write_export(const uint8_t *bytes, size_t len)
{
	FILE *to = fopen(file, "we");

	ck_assert_ptr_nonnull(to);
	ck_assert_uint_eq(fwrite(bytes, 1, len, to), len);
	fclose(to);
}

/* More than one piece of the file holds. */
static void write_long(struct person *a, unsigned n_kib)
{
	ck_assert_int_eq(q_run(a->p->db,
					 "INSERT INTO message (contact, out, number, part, parts, "
					 "at_s, envelope, text) VALUES (1, 0, 9, 0, 1, 0, "
					 "randomblob(16), hex(randomblob(?)))",
					 "i", (int64_t)n_kib * 512),
			0);
}

static void set_newest_columns(struct person *a)
{
	static const char sql[] =
			"INSERT INTO file (contact, out, begun_s, body, grp, end_key) VALUES (0, "
			"1, 0, x'00', 7, x'42'); UPDATE message SET lost = 3, text_id = x'17'; "
			"UPDATE mailbox SET place = 5";

	ck_assert_int_eq(sqlite3_exec(a->p->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* --- the file ----------------------------------------------------------- */

START_TEST(who_one_is_and_what_was_said_comes_back_and_no_ratchet_does)
{
	static const char *const dead[] = { "session", "prekey", "signed_prekey", "sealing",
		"peer_turn", "envelope", "token", "issue", "held" };
	struct profile *p;
	struct vault vault;
	struct person back;
	char sql[96];

	open_scratch();
	meet();
	write_long(&alice, 200);
	ck_assert_int_eq(q_run(alice.p->db,
					 "INSERT INTO token VALUES (1, x'00', 2, x'00', x'00', "
					 "NULL)",
					 ""),
			0);
	set_newest_columns(&alice);
	export(&alice);
	ck_assert_int_eq(import_under(&p, theirs), 0);
	ck_assert_mem_eq(p->identity, alice.p->identity, 32);
	ck_assert_mem_eq(p->home.uuid, alice.p->home.uuid, UUID_BYTES);
	ck_assert_mem_eq(p->home.owner.secret.b, alice.p->home.owner.secret.b, KEY_BYTES);
	ck_assert(memcmp(p->vault.key.b, alice.p->vault.key.b, KEY_BYTES) != 0);
	profile_close(p);
	ck_assert_int_eq(profile_unlock(&vault, new_dir, own), 0);
	ck_assert_int_eq(profile_open(&back.p, new_dir, &vault), 0);
	for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", dead[i]);
		ck_assert_msg(count(&back, sql) == 0, "%s", dead[i]);
	}
	snprintf(sql, sizeof sql, "SELECT sum(length(text) + id * number) FROM message");
	ck_assert_int_eq(count(&back, sql), count(&alice, sql));
	snprintf(sql, sizeof sql,
			"SELECT sum(id * kind + made + length(owner_secret)) FROM mailbox");
	ck_assert_int_eq(count(&back, sql), count(&alice, sql));
	ck_assert_int_gt(count(&back,
					 "SELECT count(*) FROM file f, message, mailbox WHERE "
					 "f.grp = "
					 "7 AND end_key = x'42' AND lost = 3 AND text_id = x'17' "
					 "AND "
					 "place = 5"),
			0);
	ck_assert_int_gt(count(&back, "SELECT value FROM meta WHERE name = 'next prekey'"),
			count(&alice, "SELECT value FROM meta WHERE name = 'next prekey'"));
	profile_close(back.p);
	close_scratch();
	tear_down();
}
END_TEST

/* As one of before version 16 left it, in which mailboxes knew their servers, and meta the account. */
static const char *const before_homes[] = {
	"INSERT INTO meta SELECT 'onion', onion FROM home",
	"INSERT INTO meta SELECT 'uuid', uuid FROM home",
	"INSERT INTO meta SELECT 'owner', owner FROM home",
	"INSERT INTO meta SELECT 'bundle key', bundle_key FROM home",
	"DELETE FROM home",
	"ALTER TABLE mailbox ADD onion BLOB",
	"UPDATE mailbox SET onion = zeroblob(32) WHERE kind = 1",
	"ALTER TABLE mailbox DROP home",
	"ALTER TABLE contact DROP home",
	"PRAGMA user_version = 15",
};

START_TEST(an_export_from_before_there_were_homes_has_one_and_what_was_left)
{
	struct profile *p;
	struct person back;

	open_scratch();
	meet();
	for (size_t i = 0; i < ARRAY_LEN(before_homes); i++)
		ck_assert_int_eq(q_run(alice.p->db, before_homes[i], ""), 0);
	export(&alice);
	ck_assert_int_eq(import_under(&p, theirs), 0);
	ck_assert_mem_eq(p->home.uuid, alice.p->home.uuid, UUID_BYTES);
	ck_assert_mem_eq(p->home.onion, alice.p->home.onion, ONION_KEY_BYTES);
	ck_assert_mem_eq(p->home.owner.secret.b, alice.p->home.owner.secret.b, KEY_BYTES);
	back.p = p;
	ck_assert_int_eq(count(&back,
					 "SELECT count(*) FROM mailbox m JOIN home h ON h.id = "
					 "m.home "
					 "WHERE (m.kind = 1) = (h.left_s NOT NULL)"),
			2);
	ck_assert_int_eq(
			count(&back, "SELECT home = (SELECT id FROM home WHERE main) FROM contact"),
			1);
	profile_close(p);
	close_scratch();
	tear_down();
}
END_TEST

START_TEST(a_changed_byte_is_refused_wherever_it_is)
{
	uint8_t *good, *bad;
	size_t len;
	int n_locked = 0, n_damaged = 0;

	open_scratch();
	meet();
	write_long(&alice, 100);
	export(&alice);
	good = read_export(&len);
	ck_assert_uint_gt(len, STREAM_PIECE * 2);
	bad = malloc(len + 1);
	ck_assert_ptr_nonnull(bad);
	for (size_t i = 0; i < len; i += i < 80 ? 3 : 6007) {
		int rc;

		memcpy(bad, good, len);
		bad[i] ^= 1;
		write_export(bad, len);
		rc = refusal();
		n_locked += rc == E_LOCKED;
		n_damaged += rc == STREAM_DAMAGED;
		ck_assert_msg(i >= 8 || rc == STREAM_FOREIGN, "%zu", i);
		ck_assert_msg(i < 100 || rc == STREAM_DAMAGED, "%zu", i);
		ck_assert(rc > 0 || rc == E_LOCKED);
	}
	ck_assert_int_gt(n_locked, 0);
	ck_assert_int_gt(n_damaged, 20);
	memcpy(bad, good, len); /* one byte more */
	bad[len] = 0;
	write_export(bad, len + 1);
	ck_assert_int_eq(refusal(), STREAM_DAMAGED);
	free(bad);
	free(good);
	close_scratch();
	tear_down();
}
END_TEST

START_TEST(a_cut_file_is_refused_also_between_two_pieces)
{
	const size_t piece = STREAM_PIECE + crypto_secretstream_xchacha20poly1305_ABYTES;
	uint8_t *good;
	size_t len;

	open_scratch();
	meet();
	write_long(&alice, 100);
	export(&alice);
	good = read_export(&len);
	for (size_t cut = len - 1; cut > piece; cut -= 20011) {
		write_export(good, cut);
		ck_assert_int_eq(refusal(), STREAM_CUT);
	}
	write_export(good, len - piece);
	ck_assert_int_eq(refusal(), STREAM_CUT);
	for (size_t cut = 0; cut < 90; cut += 10) {
		write_export(good, cut);
		ck_assert_int_eq(refusal(), cut < COST_HEAD_BYTES ? STREAM_FOREIGN : STREAM_CUT);
	}
	free(good);
	close_scratch();
	tear_down();
}
END_TEST

START_TEST(another_passphrase_version_or_table_is_refused)
{
	struct profile *p = NULL;
	uint8_t *bytes;
	size_t len;

	open_scratch();
	meet();
	export(&alice);
	ck_assert_int_eq(import_under(&p, "wrong"), E_LOCKED);
	ck_assert(access(new_dir, F_OK) < 0);
	bytes = read_export(&len);
	bytes[11]++;
	write_export(bytes, len);
	ck_assert_int_eq(refusal(), STREAM_VERSION);
	free(bytes);
	/* of a later schema: a further column, and a higher number */
	ck_assert_int_eq(q_run(alice.p->db, "ALTER TABLE contact ADD later INTEGER", ""), 0);
	export(&alice);
	ck_assert_int_eq(refusal(), STREAM_VERSION);
	ck_assert_int_eq(q_run(alice.p->db, "ALTER TABLE contact DROP later", ""), 0);
	ck_assert_int_eq(q_run(alice.p->db, "PRAGMA user_version = 1000", ""), 0);
	export(&alice);
	ck_assert_int_eq(refusal(), STREAM_VERSION);
	close_scratch();
	tear_down();
}
END_TEST

START_TEST(a_profile_that_is_there_is_not_touched)
{
	struct profile *p = NULL;
	struct backup from = { file, theirs, own, &cheap };

	open_scratch();
	meet();
	export(&alice);
	ck_assert_int_eq(backup_read(&p, bob.dir, &from), E_IO);
	pass(&alice, "bob", &bob, "still there");
	close_scratch();
	tear_down();
}
END_TEST

START_TEST(a_table_that_nobody_has_decided_about_is_a_fault)
{
	struct stream_key key = make_key();

	open_scratch();
	meet();
	ck_assert_int_eq(q_run(alice.p->db, "CREATE TABLE forgotten (id INTEGER)", ""), 0);
	ck_assert_int_eq(backup_write(alice.p, file, &key), E_BUG);
	ck_assert(access(file, F_OK) < 0);
	close_scratch();
	tear_down();
}
END_TEST

/* --- cuts --------------------------------------------------------------- */

static void act_export(void *data)
{
	struct stream_key key = make_key();
	struct profile *p;
	struct vault vault;

	(void)data;
	if (profile_unlock(&vault, alice.dir, "correct horse") ||
			profile_open(&p, alice.dir, &vault) || backup_write(p, file, &key))
		_exit(1);
	profile_close(p);
}

START_TEST(a_cut_while_it_is_written_leaves_the_old_one_or_the_new_one)
{
	struct steps steps = { .kill_at = 0 };
	struct profile *p;
	char new[64];
	bool killed = true;

	open_scratch();
	set_up();
	export(&alice);
	profile_close(alice.p);
	snprintf(new, sizeof new, "%s.new", file);
	for (; killed; steps.kill_at++) {
		killed = steps_run(&steps, act_export, NULL);
		ck_assert_int_eq(import_under(&p, theirs), 0);
		profile_close(p);
		remove_dir(new_dir);
	}
	ck_assert_int_gt(steps.kill_at, 8);
	ck_assert(access(new, F_OK) < 0);
	remove_dir(alice.dir);
	person_end(&bob);
	close_scratch();
}
END_TEST

/* --- an old one --------------------------------------------------------- */

#define KEYS_BEFORE                                                                             \
	"SELECT key_hash FROM sealing UNION ALL SELECT record FROM prekey UNION ALL SELECT "    \
	"record FROM signed_prekey UNION ALL SELECT public FROM sealing UNION ALL SELECT "      \
	"base FROM sealing WHERE base NOT NULL UNION ALL SELECT base FROM peer_turn UNION "     \
	"ALL SELECT cast('prekey ' || id AS BLOB) FROM prekey UNION ALL SELECT cast('signed ' " \
	"|| id AS BLOB) FROM signed_prekey"

/* Keeps the fingerprints of all keys in the peer's database, which is there before and after. */
static void note_keys(struct person *from, struct person *keeper, const char *table)
{
	sqlite3_stmt *s;
	char sql[128];

	snprintf(sql, sizeof sql, "CREATE TABLE %s (key BLOB)", table);
	ck_assert_int_eq(q_run(keeper->p->db, sql, ""), 0);
	snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?)", table);
	ck_assert_int_eq(q_open(&s, from->p->db, KEYS_BEFORE, ""), 0);
	while (sqlite3_step(s) == SQLITE_ROW)
		ck_assert_int_eq(q_run(keeper->p->db, sql, "b", sqlite3_column_blob(s, 0),
						 (size_t)sqlite3_column_bytes(s, 0)),
				0);
	sqlite3_finalize(s);
}

/* Alice's device is gone; another one takes the export. Her server has no bundles of hers any
 * more that open, until she makes a new generation. */
static void lose_device(void)
{
	profile_close(alice.p);
	ck_assert_int_eq(import_under(&alice.p, theirs), 0);
	alice.p->now_s = test_clock;
	ck_assert_int_eq(bundle_make_batch(alice.p, &alice.p->home, &alice.bundles, 2), 0);
	alice.next_bundle = 0;
}

START_TEST(of_an_old_one_the_conversation_goes_on_and_no_key_is_used_twice)
{
	struct parcel late;

	open_scratch();
	meet();
	say(&alice, "bob", &bob, "waiting when it was made");
	export(&alice);
	late = post(&alice);
	ck_assert_int_eq(deliver(&bob, &late), RECEIVE_NEW);
	for (int i = 0; i < 3; i++) {
		pass(&bob, "alice", &alice, "heard and forgotten");
		pass(&alice, "bob", &bob, "said and forgotten");
	}
	lose(&bob, "alice", &alice, "on its way"); /* she never sees it */
	note_keys(&alice, &bob, "before");
	lose_device();
	ck_assert_int_gt(count(&alice, "SELECT sent FROM contact"), 1 << 20);
	ck_assert_int_eq(count(&alice, "SELECT broken FROM contact"), 1); /* so she asks */
	say(&bob, "alice", &alice, "to the old device");
	say(&alice, "bob", &bob, "from the new device");
	settle();
	for (int hour = 0; hour < 4; hour++, test_now += 2 * LOSS_HOUR_S)
		settle();
	ck_assert_int_eq(heard(&alice, "heard and forgotten"), 3);
	ck_assert_int_eq(heard(&alice, "on its way"), 1);
	ck_assert_int_eq(heard(&alice, "to the old device"), 1);
	ck_assert_int_eq(heard(&alice, "one"), 1);
	ck_assert_int_eq(heard(&bob, "from the new device"), 1);
	ck_assert_int_eq(heard(&bob, "waiting when it was made"), 1);
	ck_assert_int_eq(heard(&bob, "said and forgotten"), 3);
	pass(&alice, "bob", &bob, "and on");
	pass(&bob, "alice", &alice, "and on");
	note_keys(&alice, &bob, "after");
	ck_assert_int_gt(count(&bob, "SELECT count(*) FROM before"), 200);
	ck_assert_int_gt(count(&bob, "SELECT count(*) FROM after"), 200);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM before JOIN after USING (key)"), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	profile_close(alice.p);
	remove_dir(alice.dir);
	person_end(&bob);
	close_scratch();
}
END_TEST

/* --- daily -------------------------------------------------------------- */

START_TEST(it_is_written_again_after_a_day_while_that_is_asked_for)
{
	struct stream_key key = make_key();
	struct profile *p;
	char nowhere[64];

	open_scratch();
	meet();
	snprintf(nowhere, sizeof nowhere, "%s/none/export", file_dir);
	ck_assert_int_eq(backup_keep(alice.p), BACKUP_OFF);
	ck_assert_int_eq(backup_daily(alice.p, file, &key), 0);
	ck_assert_int_eq(backup_keep(alice.p), BACKUP_OFF);
	test_now += 86400;
	ck_assert_int_eq(backup_keep(alice.p), 0);
	ck_assert_int_eq(backup_keep(alice.p), BACKUP_OFF);
	ck_assert_int_eq(import_under(&p, theirs), 0);
	ck_assert_int_eq(backup_keep(p), BACKUP_OFF); /* the key is not in the file */
	profile_close(p);
	ck_assert_int_eq(backup_daily(alice.p, nowhere, &key), 0);
	test_now += 86400;
	ck_assert_int_eq(backup_keep(alice.p), E_IO);
	ck_assert_int_eq(backup_keep(alice.p), BACKUP_OFF); /* for an hour */
	test_now += 3600;
	ck_assert_int_eq(backup_keep(alice.p), E_IO);
	ck_assert_int_eq(backup_daily(alice.p, NULL, NULL), 0);
	test_now += 86400;
	ck_assert_int_eq(backup_keep(alice.p), BACKUP_OFF);
	close_scratch();
	tear_down();
}
END_TEST

UNIT("backup", who_one_is_and_what_was_said_comes_back_and_no_ratchet_does,
		an_export_from_before_there_were_homes_has_one_and_what_was_left,
		a_changed_byte_is_refused_wherever_it_is,
		a_cut_file_is_refused_also_between_two_pieces,
		another_passphrase_version_or_table_is_refused,
		a_profile_that_is_there_is_not_touched,
		a_table_that_nobody_has_decided_about_is_a_fault,
		a_cut_while_it_is_written_leaves_the_old_one_or_the_new_one,
		of_an_old_one_the_conversation_goes_on_and_no_key_is_used_twice,
		it_is_written_again_after_a_day_while_that_is_asked_for)
