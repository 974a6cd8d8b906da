/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sottoctl as it is typed, against a real cluster: upgrades, the sweep, keys. */
#include "libshared/token_keys.h"
#include "tests/unit/scratch_pg.h"

#include <sys/wait.h>
#include <time.h>

#define KEY_TEXT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static PGconn *admin;

#define run(...) ck_assert_int_eq(scratch_try(__VA_ARGS__), 0)

static void setup(void)
{
	admin = scratch_connect("postgres");
}

static void teardown(void)
{
	PQfinish(admin);
}

static int sottoctl(const char *role, const char *sql, const char *command)
{
	char line[1024];

	/* clang-format off */
	snprintf(line, sizeof line,
		"%s/sottoctl --database 'host=%s/pg port=5432 user=%s' --sql %s %s >/dev/null 2>&1",
		scratch_build(), scratch_pg_dir, role, sql, command);
	/* clang-format on */
	return WEXITSTATUS(system(line));
}

START_TEST(migrating_again_changes_nothing)
{
	/* clang-format off */
	static const char state[] =
		"SELECT (SELECT sum(oid::bigint) FROM pg_proc), "
		"(SELECT count(*) FROM sotto.migration), "
		"(SELECT sum(xmin::text::bigint) FROM pg_class "
		"WHERE relnamespace = 'sotto'::regnamespace AND relname <> 'migration')";
	/* clang-format on */
	char sql[600], before[256];

	snprintf(sql, sizeof sql, "%s/sql", scratch_build());
	snprintf(before, sizeof before, "%s", scratch_ask(admin, state));
	ck_assert_int_eq(sottoctl("sotto_owner", sql, "migrate"), 0);
	ck_assert_str_eq(scratch_ask(admin, state), before);
	ck_assert_int_eq(sottoctl("postgres", sql, "cluster"), 0);
}
END_TEST

START_TEST(a_changed_or_earlier_migration_is_refused)
{
	char copy[64];

	snprintf(copy, sizeof copy, "%s/sql", scratch_pg_dir);
	run("rm -rf %s && cp -r %s/sql %s", copy, scratch_build(), copy);
	run("echo 'CREATE TABLE added (); SELECT no_such()' > %s/migrations/0007_bad.sql", copy);
	ck_assert_int_eq(sottoctl("sotto_owner", copy, "migrate"), 1);
	ck_assert_str_eq(scratch_ask(admin, "SELECT to_regclass('sotto.added')"), "");
	run("echo 'CREATE TABLE added ()' > %s/migrations/0007_bad.sql", copy);
	ck_assert_int_eq(sottoctl("sotto_owner", copy, "migrate"), 0);
	ck_assert_int_eq(sottoctl("sotto_owner", copy, "migrate"), 0);
	run("echo 'CREATE TABLE earlier ()' > %s/migrations/0003_late.sql", copy);
	ck_assert_int_eq(sottoctl("sotto_owner", copy, "migrate"), 1);
	run("rm %s/migrations/0003_late.sql; echo '-- another' >> %s/migrations/0007_bad.sql", copy,
			copy);
	ck_assert_int_eq(sottoctl("sotto_owner", copy, "migrate"), 1);
	PQclear(PQexec(admin,
			"DROP TABLE sotto.added; DELETE FROM sotto.migration WHERE number = 7"));
}
END_TEST

START_TEST(a_function_that_was_lost_or_changed_is_made_again)
{
	static const char *const harm[] = {
		"DROP FUNCTION sotto.deposit",
		"REVOKE EXECUTE ON FUNCTION sotto.deposit FROM blobd",
		"GRANT EXECUTE ON FUNCTION sotto.deposit TO bridged",
		"ALTER FUNCTION sotto.deposit SECURITY INVOKER",
		"CREATE FUNCTION sotto.more() RETURNS integer LANGUAGE sql RETURN 1",
	};
	/* clang-format off */
	static const char state[] =
		"SELECT md5(string_agg(concat(oid::regprocedure, proacl, prosecdef), ' ' "
		"ORDER BY oid::regprocedure::text)) FROM pg_proc "
		"WHERE pronamespace = 'sotto'::regnamespace";
	/* clang-format on */
	CLEANUP(scope_free) char *before = strdup(scratch_ask(admin, state));
	char sql[600];

	snprintf(sql, sizeof sql, "%s/sql", scratch_build());
	for (size_t i = 0; i < ARRAY_LEN(harm); i++) {
		PQclear(PQexec(admin, harm[i]));
		ck_assert_str_ne(scratch_ask(admin, state), before);
		ck_assert_int_eq(sottoctl("sotto_owner", sql, "migrate"), 0);
		ck_assert_str_eq(scratch_ask(admin, state), before);
	}
}
END_TEST

/* Mailboxes 1 to 3 with two blobs each, accounts a and b with three bundles each, two and one of
 * them handed out. */
/* clang-format off */
static const char fill[] =
	"SET search_path = sotto; TRUNCATE mailbox, blob, account, bundle, issued, invite;"
	"CREATE FUNCTION pg_temp.k(i int, n int) RETURNS bytea LANGUAGE sql "
	"RETURN decode(repeat(lpad(to_hex(i), 2, '0'), n), 'hex');"
	"CREATE FUNCTION pg_temp.u(i int) RETURNS uuid LANGUAGE sql "
	"RETURN lpad(to_hex(i), 32, '0')::uuid;"
	"INSERT INTO mailbox (id, deposit_hash, keep_days, inbox) "
	"SELECT pg_temp.k(i, 32), pg_temp.k(i, 32), 1, false FROM generate_series(1, 3) i;"
	"INSERT INTO blob (mailbox, id, expires_on, head, body) "
	"SELECT pg_temp.k(i, 32), pg_temp.u(j), current_date, pg_temp.k(0, 104), pg_temp.k(0, 3992) "
	"FROM generate_series(1, 3) i, generate_series(1, 2) j;"
	"INSERT INTO account (id, owner_key, last_resort) "
	"SELECT pg_temp.u(i), pg_temp.k(i, 32), pg_temp.k(i, 2048) FROM generate_series(10, 11) i;"
	"INSERT INTO bundle (account, number, generation, head, body) "
	"SELECT pg_temp.u(i), j, 0, pg_temp.k(0, 52), pg_temp.k(0, 1996) "
	"FROM generate_series(10, 11) i, generate_series(1, 3) j;"
	"UPDATE bundle SET token = pg_temp.k(number::int, 32), taken_on = current_date "
	"WHERE account = pg_temp.u(10) AND number < 3;"
	"UPDATE bundle SET token = pg_temp.k(9, 32), taken_on = current_date "
	"WHERE account = pg_temp.u(11) AND number = 1;"
	"INSERT INTO invite (code, uses, expires_on) "
	"SELECT pg_temp.k(i, 32), 1, current_date - i FROM generate_series(0, 3) i;"
	"INSERT INTO issued (payment, request, slot, ends_on) "
	"SELECT pg_temp.k(i, 32), pg_temp.k(i, 32), 0, current_date - i FROM generate_series(0, 3) i";

static const char counts[] =
	"SELECT (SELECT count(*) FROM mailbox), (SELECT count(*) FROM blob), "
	"(SELECT count(*) FROM account), (SELECT count(*) FROM bundle), "
	"(SELECT count(*) FROM invite), (SELECT count(*) FROM issued)";

/* The second mailbox takes two blobs along, the account three bundles, the hand-out its bundle. */
static const char over[] =
	"UPDATE mailbox SET seen_on = current_date - 90 WHERE id = pg_temp.k(1, 32);"
	"UPDATE mailbox SET seen_on = current_date - 91 WHERE id = pg_temp.k(2, 32);"
	"UPDATE blob SET expires_on = current_date - 1 "
	"WHERE mailbox = pg_temp.k(3, 32) AND id = pg_temp.u(1);"
	"UPDATE account SET seen_on = current_date - 91 WHERE id = pg_temp.u(11);"
	"UPDATE bundle SET taken_on = current_date - 2 WHERE token = pg_temp.k(1, 32);"
	"UPDATE bundle SET taken_on = current_date - 1 WHERE token = pg_temp.k(2, 32)";
/* clang-format on */

START_TEST(a_sweep_deletes_what_is_over_and_nothing_else)
{
	PQclear(PQexec(admin, fill));
	ck_assert_str_eq(scratch_ask(admin, counts), "3|6|2|6|4|4");
	PQclear(PQexec(admin, over));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sottoctl("sotto_owner", "/", "sweep"), 0);
		ck_assert_str_eq(scratch_ask(admin, counts), "2|3|1|2|3|3");
	}
	ck_assert_str_eq(scratch_ask(admin, "SELECT token FROM bundle WHERE token IS NOT NULL"),
			"\\x02020202");
}
END_TEST

START_TEST(a_sweep_leaves_no_commit_times_behind)
{
	PQclear(PQexec(admin, fill));
	ck_assert_int_eq(sottoctl("sotto_owner", "/", "sweep"), 0);
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT count(*) FROM pg_ls_waldir() "
		"WHERE modification < (SELECT max(modification) FROM pg_ls_waldir()) "
		"AND name <> pg_walfile_name(pg_current_wal_lsn())"), "0");
	/* clang-format on */
}
END_TEST

START_TEST(keys_are_made_once)
{
	char dir[64];

	snprintf(dir, sizeof dir, "%s/keys", scratch_pg_dir);
	run("rm -rf %s; %s/sottoctl keys %s > %s.1", dir, scratch_build(), dir, dir);
	run("cp -r %s %s.copy; %s/sottoctl keys %s > %s.2", dir, dir, scratch_build(), dir, dir);
	run("diff -r %s %s.copy && cmp %s.1 %s.2", dir, dir, dir, dir);
	run("test $(find %s -type f -size -2 -perm 400 | wc -l) = 19", dir);
	run("cmp %s/bridged/session.key %s/broker/session.key", dir, dir);
	/* clang-format off */
	run("test \"$(cat %s/turn/secret)\" = \"static-auth-secret=$(base64 -w0 < %s/bridged/turn.key | "
	    "tr -d = | tr +/ -_)\"", dir, dir);
	run("test \"$(b2sum -l 256 < %s/blobd/broker.key | cut -c 1-64)\" = "
	    "\"$(od -An -v -tx1 < %s/broker/blobd.hash | tr -d ' \\n')\"", dir, dir);
	/* clang-format on */
	run("test $(grep -cE '^(prekeyd|blobd|bridged)_key = [A-Za-z0-9_-]{43}$' %s.1) = 3", dir);
}
END_TEST

/* Keys of an epoch long over and of this one: the first goes, the second stays. */
START_TEST(a_rotation_keeps_what_counts_and_drops_what_is_over)
{
	static struct token_keys before, after;
	const uint32_t now = token_epoch((uint64_t)time(NULL) / 86400);
	char dir[64], path[96];

	snprintf(dir, sizeof dir, "%s/turn", scratch_pg_dir);
	snprintf(path, sizeof path, "%s/prekeyd/token-keys", dir);
	run("rm -rf %s; %s/sottoctl keys %s > /dev/null", dir, scratch_build(), dir);
	ck_assert_int_eq(token_keys_load(&before, path), 0);
	ck_assert_uint_eq(before.n, 2 * TOKEN_OPERATIONS);
	run("(printf '\\1\\0\\0\\0\\7'; tail -c 32 %s; cat %s) > %s.1; mv -f %s.1 %s", path, path,
			path, path, path);
	ck_assert_int_eq(token_keys_load(&after, path), 0);
	ck_assert_uint_eq(after.n, before.n + 1);
	for (int i = 0; i < 2; i++) {
		run("touch %s.new; %s/sottoctl rotate %s > /dev/null", path, scratch_build(), dir);
		ck_assert_int_eq(token_keys_load(&after, path), 0);
		ck_assert_mem_eq(&after, &before, sizeof before);
	}
	for (size_t i = 0; i < after.n; i++)
		ck_assert_uint_eq(after.keys[i].epoch, now + i % 2);
	snprintf(path, sizeof path, "%s/bridged/token-keys", dir);
	ck_assert_int_eq(token_keys_load(&after, path), 0);
	ck_assert_uint_eq(after.n, 2);
	ck_assert_mem_eq(after.keys, &before.keys[before.n - 2], sizeof before.keys[0] * 2);
	snprintf(path, sizeof path, "%s/blobd/token-keys", dir);
	ck_assert_int_eq(token_keys_load(&after, path), 0);
	ck_assert_uint_eq(after.n, 6);
	ck_assert_mem_eq(after.keys, &before.keys[4], sizeof before.keys[0] * 6);
	run("echo > %s/prekeyd/token-keys", dir); /* not a key file: nothing is made over it */
	ck_assert_int_ne(
			scratch_try("%s/sottoctl rotate %s 2> /dev/null", scratch_build(), dir), 0);
}
END_TEST

static const char *partitions(void)
{
	static char text[256];
	PGresult *r = PQexec(admin,
			"SELECT coalesce(string_agg(substr(relname, 7), ' ' ORDER BY relname), '') "
			"FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
			"WHERE inhparent = 'sotto.spent'::regclass");

	snprintf(text, sizeof text, "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	return text;
}

START_TEST(partitions_are_there_ahead_and_go_with_their_epoch)
{
	const uint64_t day = (uint64_t)time(NULL) / 86400;
	const uint32_t now = token_epoch(day);
	char expected[256] = "", sql[600];
	PGconn *reader = scratch_connect("postgres");

	if (token_epoch_counts(now - 1, day))
		snprintf(expected, sizeof expected, "%u ", now - 1);
	snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%u %u %u", now,
			now + 1, now + 2);
	ck_assert_str_eq(partitions(), expected);
	PQclear(PQexec(admin,
			"CREATE TABLE sotto.spent_100 PARTITION OF sotto.spent FOR VALUES IN "
			"(100)"));
	snprintf(sql, sizeof sql, "DROP TABLE sotto.spent_%u", now + 1);
	PQclear(PQexec(admin, sql));
	/* Somebody who reads keeps the old one, and nobody waits for it. */
	PQclear(PQexec(reader, "BEGIN; SELECT FROM sotto.spent"));
	ck_assert_int_eq(sottoctl("sotto_owner", "/", "sweep"), 0);
	ck_assert_int_eq(strncmp(partitions(), "100 ", 4), 0);
	PQclear(PQexec(reader, "COMMIT"));
	ck_assert_int_eq(sottoctl("sotto_owner", "/", "sweep"), 0);
	ck_assert_str_eq(partitions(), expected);
	PQfinish(reader);
}
END_TEST

START_TEST(a_policy_is_one_of_three_words)
{
	static const char *const words[] = { "open", "closed", "invite" };
	char command[64];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		snprintf(command, sizeof command, "policy %s", words[i]);
		ck_assert_int_eq(sottoctl("sotto_owner", "/", command), 0);
		ck_assert_int_eq(sottoctl("sotto_owner", "/", "policy Open"), 1);
		ck_assert_int_eq(sottoctl("sotto_owner", "/", "policy open closed"), 2);
		ck_assert_str_eq(scratch_ask(admin, "SELECT registration FROM sotto.policy"),
				words[i]);
	}
	run("test \"$(%s/sottoctl --database 'host=%s/pg user=sotto_owner' policy)\" = invite",
			scratch_build(), scratch_pg_dir);
}
END_TEST

START_TEST(an_invite_is_kept_as_a_hash_with_uses_and_last_day)
{
	static const struct {
		const char *words;
		int status;
	} bad[] = { { "--uses 0", 1 }, { "--uses 1001", 1 }, { "--days 0", 1 }, { "--days 366", 1 },
		{ "--uses x", 1 }, { "--what", 2 }, { "more", 2 }, { "--uses", 2 } };
	char line[256];

	PQclear(PQexec(admin, "TRUNCATE sotto.invite"));
	run("printf "
	    "'[sotto]\ndatabase=x\nbroker=x\nonion_api=%s.onion\nonion_live=x\ncircuit_line=off\n"
	    "prekeyd_key=%s\nblobd_key=%s\nbridged_key=%s\n' > %s/sotto.conf",
			"2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid", KEY_TEXT,
			KEY_TEXT, KEY_TEXT, scratch_pg_dir);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(line, sizeof line, "--config %s/sotto.conf invite %s", scratch_pg_dir,
				bad[i].words);
		ck_assert_int_eq(sottoctl("sotto_owner", "/", line), bad[i].status);
	}
	ck_assert_int_eq(sottoctl("sotto_owner", "/", "--config /nonexistent invite"), 1);
	ck_assert_str_eq(scratch_ask(admin, "SELECT count(*) FROM sotto.invite"), "0");
	run("%s/sottoctl --database 'host=%s/pg user=sotto_owner' --config %s/sotto.conf invite "
	    "--uses 3 "
	    "--days 9 > %s/link",
			scratch_build(), scratch_pg_dir, scratch_pg_dir, scratch_pg_dir);
	ck_assert_str_eq(
			scratch_ask(admin,
					"SELECT uses, expires_on - current_date FROM sotto.invite"),
			"3|9");
	run("head -1 %s/link | grep -qE '^sotto://[A-Za-z0-9_-]{66}$' && test $(wc -l < %s/link) "
	    "-gt 10",
			scratch_pg_dir, scratch_pg_dir);
	run("head -1 %s/link | sed 's,sotto://,,; s,$,==,' | tr '_-' '/+' | base64 -d | tail -c 16 "
	    "| "
	    "b2sum -l 256 | cut -c 1-64 > %s/hash",
			scratch_pg_dir, scratch_pg_dir);
	run("test \"$(psql -XAtq -h %s/pg -U postgres -d sotto -c \"SELECT encode(code, 'hex') "
	    "FROM sotto.invite\")\""
	    " = \"$(cat %s/hash)\"",
			scratch_pg_dir, scratch_pg_dir);
}
END_TEST

SCRATCH_UNIT("sottoctl", scratch_pg_up, setup, teardown, migrating_again_changes_nothing,
		a_changed_or_earlier_migration_is_refused,
		a_function_that_was_lost_or_changed_is_made_again,
		a_sweep_deletes_what_is_over_and_nothing_else,
		a_sweep_leaves_no_commit_times_behind, keys_are_made_once,
		a_rotation_keeps_what_counts_and_drops_what_is_over,
		partitions_are_there_ahead_and_go_with_their_epoch, a_policy_is_one_of_three_words,
		an_invite_is_kept_as_a_hash_with_uses_and_last_day)
