/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A profile that an older sotto has written is opened by this one, and its export imported. */
#include "client/lib/store.h"

#include "client/lib/backup.h"
#include "tests/unit/client/disks.h"
#include "tests/unit/client/mend.h"
#include "tests/unit/client/vectors/store_9.h"

static void run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
}

/* One value for each row that the query gives, joined. */
static char *joined(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	char *text = NULL;

	ck_assert_int_eq(q_open(&s, db, sql, ""), 0);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *value = (const char *)sqlite3_column_text(s, 0);
		char *longer = sqlite3_mprintf("%s%s\n", text ? text : "", value ? value : "");

		sqlite3_free(text);
		text = longer;
	}
	sqlite3_finalize(s);
	return text ? text : sqlite3_mprintf("");
}

static void key_text(char out[static 68], const struct key *key)
{
	char hex[2 * KEY_BYTES + 1];

	sodium_bin2hex(hex, sizeof hex, key->b, KEY_BYTES);
	snprintf(out, 68, "x'%s'", hex);
}

/* All that the old tables have a place for, into them. Without triggers, which would index the
 * words a second time. */
static void copy_rows(sqlite3 *old)
{
	char *tables = joined(old,
			"SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT "
			"LIKE "
			"'sqlite%' AND name NOT LIKE 'words%'");
	char *rest = tables, *table;

	while ((table = strsep(&rest, "\n")) && *table) {
		char *columns, *sql;

		sql = sqlite3_mprintf(
				"SELECT group_concat(name) FROM pragma_table_info(%Q, 'main')",
				table);
		columns = joined(old, sql);
		sqlite3_free(sql);
		columns[strcspn(columns, "\n")] = '\0';
		sql = sqlite3_mprintf("INSERT INTO main.%s (%s) SELECT %s FROM now.%s", table,
				columns, columns, table);
		run(old, sql);
		sqlite3_free(sql);
		sqlite3_free(columns);
	}
	sqlite3_free(tables);
}

/* The one account that it had. */
static const char account[] = "INSERT INTO main.meta SELECT 'onion', onion FROM now.home;"
			      "INSERT INTO main.meta SELECT 'uuid', uuid FROM now.home;"
			      "INSERT INTO main.meta SELECT 'owner', owner FROM now.home;"
			      "INSERT INTO main.meta SELECT 'bundle key', bundle_key FROM now.home;"
			      "INSERT INTO main.meta SELECT 'generation made', generation_s FROM "
			      "now.home";

/* The profile as the old sotto would have left it, and what else is said of it; the handle is
 * taken. */
static void make_old(struct profile *taken, const char *dir, const char *more)
{
	char path[64], now[64], key[68], *sql;
	sqlite3 *old;

	key_text(key, &taken->vault.key);
	snprintf(path, sizeof path, "%s/old", dir);
	snprintf(now, sizeof now, "%s/db.%d", dir, taken->vault.database);
	profile_close(taken);
	ck_assert_int_eq(sqlite3_open(path, &old), SQLITE_OK);
	ck_assert_int_eq(sqlite3_key_v2(old, "main", key, (int)strlen(key)), SQLITE_OK);
	run(old, store_9);
	sql = sqlite3_mprintf("ATTACH %Q AS now KEY %Q", now, key);
	run(old, sql);
	sqlite3_free(sql);
	copy_rows(old);
	run(old, account);
	run(old, more);
	ck_assert_int_eq(sqlite3_close(old), SQLITE_OK);
	ck_assert_int_eq(rename(path, now), 0);
}

static const char columns[] = "SELECT m.name || '.' || c.name || ' ' || c.type || c.\"notnull\" || "
			      "coalesce(c.dflt_value, '') || c.pk FROM sqlite_master m, "
			      "pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY "
			      "m.name, c.cid",
		  others[] = "SELECT sql FROM sqlite_master WHERE type <> 'table' ORDER BY name",
		  texts[] = "SELECT out || text FROM message ORDER BY id",
		  found[] = "SELECT rowid FROM words WHERE words MATCH 'harbour'";

static char *of(struct profile *p, const char *sql)
{
	return joined(p->db, sql);
}

static void reopen(struct person *a)
{
	struct vault vault;

	ck_assert_int_eq(profile_unlock(&vault, a->dir, "correct horse"), 0);
	ck_assert_int_eq(profile_open(&a->p, a->dir, &vault), 0);
	a->p->now_s = test_clock;
}

START_TEST(an_old_profile_has_everything_and_the_conversation_goes_on)
{
	char *before, *after;

	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	pass(&bob, "alice", &alice, "meet me at the harbour");
	pass(&alice, "bob", &bob, "when?");
	say(&alice, "bob", &bob, "this one waits");
	before = of(alice.p, texts);
	make_old(alice.p, alice.dir, "");
	reopen(&alice);
	after = of(alice.p, texts);
	ck_assert_str_eq(after, before);
	sqlite3_free(after);
	after = of(alice.p, found);
	ck_assert_str_eq(after, "1\n");
	sqlite3_free(after);
	sqlite3_free(before);
	{
		struct parcel waited = post(&alice);

		ck_assert_int_eq(deliver(&bob, &waited), RECEIVE_NEW);
	}
	pass(&bob, "alice", &alice, "at nine");
	pass(&alice, "bob", &bob, "good");
	tear_down();
}
END_TEST

/* What versions before 13 and 14 kept in another way: parts of a long text, a line of a group. Their
 * exports had no table of homes, ours has one, which is empty. */
static const char of_old[] =
		"INSERT INTO message (contact, out, number, part, parts, at_s, envelope, type, "
		"text) VALUES (1, 0, 31, 1, 3, 0, randomblob(16), 1, 'was '), (1, 0, 30, 0, 3, 0, "
		"randomblob(16), 1, 'it '), (1, 0, 32, 2, 3, 0, randomblob(16), 1, 'long'), (1, 1, "
		"20, 0, 2, 0, randomblob(16), 1, 'and '), (1, 1, 21, 1, 2, 0, randomblob(16), 1, "
		"'so on');"
		"INSERT INTO grp (id, gid, name, ours, state) VALUES (1, x'01', 'attic', 1, 1);"
		"INSERT INTO message (contact, out, number, part, parts, at_s, envelope, type, "
		"grp, text) VALUES (1, 1, 40, 0, 1, 0, randomblob(16), 9, 1, 'in the attic');"
		"CREATE TABLE home (id INTEGER PRIMARY KEY)";

/* The profile's database as the old sotto would have left it goes into a file. */
static void export_old(struct profile *taken, const char *dir, const char *file)
{
	char path[64], key[68];
	struct profile old = { .db = NULL };
	struct stream_key secret;

	key_text(key, &taken->vault.key);
	snprintf(path, sizeof path, "%s/db.%d", dir, taken->vault.database);
	make_old(taken, dir, "");
	ck_assert_int_eq(sqlite3_open(path, &old.db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_key_v2(old.db, "main", key, (int)strlen(key)), SQLITE_OK);
	run(old.db, of_old);
	ck_assert_int_eq(backup_key(&secret, "of the file", &cheap), 0);
	ck_assert_int_eq(backup_write(&old, file, &secret), 0);
	ck_assert_int_eq(sqlite3_close(old.db), SQLITE_OK);
}

static void must_be(const char *sql, const char *wanted)
{
	char *is = of(alice.p, sql);

	ck_assert_str_eq(is, wanted);
	sqlite3_free(is);
}

START_TEST(an_old_export_is_imported_whole_and_the_conversation_goes_on)
{
	char folder[] = "/tmp/so.XXXXXX", file[32], new[32];
	const struct backup from = { file, "of the file", "of the profile", &cheap };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/export", folder);
	snprintf(new, sizeof new, "%s/new", folder);
	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	pass(&bob, "alice", &alice, "meet me at the harbour");
	pass(&alice, "bob", &bob, "when?");
	export_old(alice.p, alice.dir, file);
	ck_assert_int_eq(backup_read(&alice.p, new, &from), 0);
	must_be("SELECT out || text FROM message WHERE text <> '' ORDER BY id",
			"0meet me at the harbour\n1when?\n0it was long\n1and so on\n1in the "
			"attic\n");
	must_be("SELECT count(*) || sum(whole NOT NULL) FROM message WHERE parts = 3", "32\n");
	must_be("SELECT count(DISTINCT text_id) || count(text_id) FROM message WHERE parts = 2",
			"12\n");
	must_be("SELECT m.contact || g.name FROM message m JOIN grp g ON g.id = m.grp WHERE text = "
		"'in the attic'",
			"0attic\n");
	must_be("SELECT text FROM message WHERE id IN (SELECT rowid FROM words WHERE words MATCH "
		"'harbour OR long OR attic')",
			"meet me at the harbour\nit was long\nin the attic\n");
	must_be("SELECT name FROM contact WHERE id > 0", "bob\n");
	alice.p->now_s = test_clock;
	ck_assert_int_eq(bundle_make_batch(alice.p, &alice.p->home, &alice.bundles, 2), 0);
	alice.next_bundle = 0;
	for (int hour = 0; hour < 3; hour++, test_now += 2 * LOSS_HOUR_S)
		settle();
	pass(&alice, "bob", &bob, "and on");
	pass(&bob, "alice", &alice, "and on");
	profile_close(alice.p);
	remove_dir(alice.dir);
	remove_dir(new);
	person_end(&bob);
	unlink(file);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static void say_long(struct person *from, const char *to, char letter)
{
	static char text[3 * CONTENT_PART_MOST + 1];

	memset(text, letter, sizeof text - 1);
	say(from, to, from == &alice ? &bob : &alice, text);
}

/* That many lines are of such letters alone, and of three parts. */
static int64_t long_lines(struct person *a, char letter)
{
	char sql[120];

	snprintf(sql, sizeof sql,
			"SELECT count(*) FROM message WHERE trim(text, '%c') = '' AND "
			"length(text) = %d AND NOT out",
			letter, 3 * CONTENT_PART_MOST);
	return count(a, sql);
}

START_TEST(long_texts_of_before_get_ids_when_they_go_and_stay_as_they_came)
{
	meet();
	say_long(&bob, "alice", 'b');
	for (int part = 0; part < 3; part++)
		if (part == 1)
			post(&bob); /* lost */
		else
			carry(&bob, &alice);
	say_long(&alice, "bob", 'a');
	for (int part = 0; part < 3; part++)
		post(&alice);
	say_long(&alice, "bob", 'w'); /* waits, one part of it sealed */
	make_old(alice.p, alice.dir, "");
	reopen(&alice);
	for (int hour = 0; hour < 3; hour++, test_now += LOSS_HOUR_S)
		settle();
	ck_assert_int_eq(long_lines(&bob, 'w'), 1);
	ck_assert_int_eq(long_lines(&bob, 'a'), 1);
	ck_assert_int_eq(long_lines(&alice, 'b'), 0);
	ck_assert_int_eq(count(&alice,
					 "SELECT count(*) FROM message WHERE NOT out AND parts = 3 "
					 "AND text_id IS NULL"),
			2);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM missing"), 0);
	say_long(&bob, "alice", 'c');
	settle();
	ck_assert_int_eq(long_lines(&alice, 'c'), 1);
	tear_down();
}
END_TEST

/* Of version 11, in the middle of a move from one place, and after one from another. */
static const char moved[] =
		"ALTER TABLE main.mailbox ADD COLUMN onion BLOB;"
		"ALTER TABLE main.mailbox ADD COLUMN heard_s INTEGER;"
		"CREATE TABLE main.left_account (id INTEGER PRIMARY KEY, onion BLOB NOT NULL,"
		" uuid BLOB NOT NULL, owner_secret BLOB NOT NULL, left_s INTEGER NOT NULL,"
		" ended_s INTEGER);"
		"INSERT INTO main.left_account (onion, uuid, owner_secret, left_s) SELECT"
		" CAST(printf('%032d', 1) AS BLOB), randomblob(16), randomblob(32), 5;"
		"INSERT INTO main.mailbox (kind, contact, owner_secret, deposit, request, made, "
		"onion)"
		" SELECT 1, 1, randomblob(32), randomblob(32), randomblob(16), 1,"
		" CAST(printf('%032d', n) AS BLOB) FROM (SELECT 1 AS n UNION SELECT 2);"
		"INSERT INTO main.meta VALUES ('invite', x'01'), ('tokens due', 7);"
		"INSERT INTO main.signed_prekey VALUES (2, x'00');"
		"PRAGMA main.user_version = 11";

START_TEST(what_an_old_profile_had_left_is_read_and_ended)
{
	struct home home = { .id = 0 };
	struct own_mailbox box = { .id = 0 };
	struct contact_link before, now;
	int n_left = 0, n = 0;

	set_up();
	add(&alice, "bob", &bob);
	profile_link(alice.p, &before);
	make_old(alice.p, alice.dir, moved);
	reopen(&alice);
	profile_link(alice.p, &now);
	ck_assert_mem_eq(&now, &before, sizeof now);
	ck_assert_int_eq(home_next_to_end(&home, alice.p, 0), 0);
	ck_assert(home.is_main && !home.is_left);
	ck_assert_int_eq(home_next_to_end(&home, alice.p, home.id), 0);
	ck_assert(home.is_left && home.onion[31] == '1');
	ck_assert_int_eq(home_next_to_end(&home, alice.p, home.id), HOME_NONE);
	while (mailbox_next(&box, alice.p, box.id) == 0) {
		n_left += box.is_left;
		n++;
	}
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(n_left, 2);
	ck_assert_int_eq(box.onion[31], '2'); /* whose account was ended */
	/* Bundles of before the move are handed out by who was left. */
	ck_assert_int_eq(count(&alice, "SELECT home FROM sealing WHERE turn = 0 LIMIT 1"), home.id);
	ck_assert_int_eq(count(&alice, "SELECT value FROM meta WHERE name = 'tokens due 1'"), 7);
	ck_assert_int_eq(count(&alice,
					 "SELECT value = (SELECT onion FROM home WHERE main) FROM "
					 "meta WHERE name = 'invite at'"),
			1);
	tear_down();
}
END_TEST

START_TEST(an_upgraded_database_is_as_a_new_one)
{
	set_up();
	make_old(alice.p, alice.dir, "");
	reopen(&alice);
	for (const char *const *sql = (const char *const[]){ columns, others, "PRAGMA user_version",
			     NULL };
			*sql; sql++) {
		char *upgraded = of(alice.p, *sql), *new = of(bob.p, *sql);

		ck_assert_str_eq(upgraded, new);
		sqlite3_free(upgraded);
		sqlite3_free(new);
	}
	tear_down();
}
END_TEST

static void act_open(void *unused)
{
	(void)unused;
	profile_close(open_place(&scene, own));
}

static struct place whole;

static void judge_open(void)
{
	ck_assert(opens(&scene, own, whole.identity));
}

START_TEST(a_cut_while_it_is_upgraded_loses_nothing)
{
	place_make(&whole);
	make_old(open_place(&whole, own), whole.dir, "");
	ck_assert_int_gt(cut_everywhere(&whole, act_open, NULL, judge_open), 4);
	place_end(&whole);
}
END_TEST

static bool still_opens(int promise, bool thoroughly)
{
	(void)promise;
	(void)thoroughly;
	return opens(&scene, own, whole.identity);
}

START_TEST(a_power_cut_while_it_is_upgraded_loses_nothing)
{
	place_make(&whole);
	make_old(open_place(&whole, own), whole.dir, "");
	disks_of(&whole, act_open, still_opens);
	place_end(&whole);
}
END_TEST

START_TEST(what_a_newer_or_unknown_version_wrote_is_refused_and_left_alone)
{
	set_up();
	for (const char *const *set = (const char *const[]){ "PRAGMA user_version = 1000",
			     "PRAGMA user_version = 8", "PRAGMA user_version = -1", NULL };
			*set; set++) {
		struct profile *second = NULL;
		char *before, *after;

		run(alice.p->db, *set);
		before = of(alice.p, "PRAGMA user_version");
		ck_assert_int_eq(profile_open(&second, alice.dir, &alice.p->vault), E_CONFIG);
		after = of(alice.p, "PRAGMA user_version");
		ck_assert_str_eq(after, before);
		sqlite3_free(before);
		sqlite3_free(after);
	}
	tear_down();
}
END_TEST

UNIT("upgrade", an_old_profile_has_everything_and_the_conversation_goes_on,
		an_old_export_is_imported_whole_and_the_conversation_goes_on,
		long_texts_of_before_get_ids_when_they_go_and_stay_as_they_came,
		what_an_old_profile_had_left_is_read_and_ended,
		an_upgraded_database_is_as_a_new_one, a_cut_while_it_is_upgraded_loses_nothing,
		a_power_cut_while_it_is_upgraded_loses_nothing,
		what_a_newer_or_unknown_version_wrote_is_refused_and_left_alone)
