/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sottoctl as it is typed, against a real cluster: upgrades, the sweep, keys. */
#include "tests/unit/scratch_pg.h"

#include <sys/wait.h>

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

/* Mailboxes 1 to 3 with two blobs each, accounts a and b with three bundles each, two and one of
 * them handed out. */
/* clang-format off */
static const char fill[] =
	"SET search_path = sotto; TRUNCATE mailbox, blob, account, bundle, handout;"
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
	"UPDATE bundle SET token = pg_temp.k(number::int, 32) "
	"WHERE account = pg_temp.u(10) AND number < 3;"
	"UPDATE bundle SET token = pg_temp.k(9, 32) WHERE account = pg_temp.u(11) AND number = 1;"
	"INSERT INTO handout (account, token) "
	"SELECT account, token FROM bundle WHERE token IS NOT NULL";

static const char counts[] =
	"SELECT (SELECT count(*) FROM mailbox), (SELECT count(*) FROM blob), "
	"(SELECT count(*) FROM account), (SELECT count(*) FROM bundle), (SELECT count(*) FROM handout)";

/* The second mailbox takes two blobs along, the account three bundles, the hand-out its bundle. */
static const char over[] =
	"UPDATE mailbox SET seen_on = current_date - 90 WHERE id = pg_temp.k(1, 32);"
	"UPDATE mailbox SET seen_on = current_date - 91 WHERE id = pg_temp.k(2, 32);"
	"UPDATE blob SET expires_on = current_date - 1 "
	"WHERE mailbox = pg_temp.k(3, 32) AND id = pg_temp.u(1);"
	"UPDATE account SET seen_on = current_date - 91 WHERE id = pg_temp.u(11);"
	"UPDATE handout SET made_on = current_date - 2 WHERE token = pg_temp.k(1, 32);"
	"UPDATE handout SET made_on = current_date - 1 WHERE token = pg_temp.k(2, 32)";
/* clang-format on */

START_TEST(a_sweep_deletes_what_is_over_and_nothing_else)
{
	PQclear(PQexec(admin, fill));
	ck_assert_str_eq(scratch_ask(admin, counts), "3|6|2|6|3");
	PQclear(PQexec(admin, over));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sottoctl("sotto_owner", "/", "sweep"), 0);
		ck_assert_str_eq(scratch_ask(admin, counts), "2|3|1|2|2");
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
	run("test $(find %s -type f -size -2 -perm 400 | wc -l) = 16", dir);
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

SCRATCH_UNIT("sottoctl", scratch_pg_up, setup, teardown, migrating_again_changes_nothing,
		a_changed_or_earlier_migration_is_refused,
		a_sweep_deletes_what_is_over_and_nothing_else,
		a_sweep_leaves_no_commit_times_behind, keys_are_made_once)
