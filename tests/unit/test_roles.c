/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What each role may do in a real cluster, and what the tables would tell their thief. */
#include "tests/unit/scratch_pg.h"

static PGconn *admin, *blobd, *prekeyd, *bridged;

static void setup(void)
{
	admin = scratch_connect("postgres");
	blobd = scratch_connect("blobd");
	prekeyd = scratch_connect("prekeyd");
	bridged = scratch_connect("bridged");
}

static void teardown(void)
{
	PQfinish(admin);
	PQfinish(blobd);
	PQfinish(prekeyd);
	PQfinish(bridged);
}

/* --- roles -------------------------------------------------------------- */

/* What a daemon's role is refused, all with 42501. */
/* clang-format off */
static const char *const refused[] = {
	"SELECT count(*) FROM sotto.mailbox", "SELECT id FROM sotto.mailbox", "SELECT * FROM sotto.blob",
	"SELECT * FROM sotto.account", "SELECT * FROM sotto.bundle",
	"SELECT * FROM sotto.migration", "SELECT * FROM sotto.blob_seq", "TABLE sotto.mailbox",
	"SELECT * FROM sotto.spent", "SELECT * FROM sotto.issued", "SELECT * FROM sotto.invite",
	"SELECT * FROM sotto.policy", "SELECT sotto.spend(1, NULL, NULL, 1)", "UPDATE sotto.policy SET registration = 'open'",
	"DELETE FROM sotto.spent", "INSERT INTO sotto.invite DEFAULT VALUES", "DROP TABLE sotto.spent",
	"INSERT INTO sotto.blob DEFAULT VALUES", "INSERT INTO sotto.mailbox DEFAULT VALUES",
	"UPDATE sotto.mailbox SET keep_days = 1", "UPDATE sotto.account SET generation = 0",
	"DELETE FROM sotto.blob", "TRUNCATE sotto.blob", "DROP TABLE sotto.blob",
	"ALTER TABLE sotto.blob DISABLE TRIGGER ALL",
	"CREATE TABLE sotto.mine ()", "CREATE TEMP TABLE mine ()", "CREATE SCHEMA mine", "CREATE DATABASE mine",
	"CREATE FUNCTION sotto.mine() RETURNS int LANGUAGE sql RETURN 1", "DO 'BEGIN END'",
	"SELECT * FROM pg_class", "SELECT * FROM pg_proc", "SELECT * FROM pg_authid", "SELECT * FROM pg_roles",
	"SELECT * FROM pg_stat_activity", "SELECT * FROM pg_stats", "SELECT * FROM pg_locks",
	"SELECT * FROM information_schema.tables", "SELECT now()", "SELECT version()", "SELECT 1 + 1",
	"SELECT pg_stat_get_live_tuples(1)", "SELECT pg_read_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
	"SELECT lo_create(0)", "SELECT lo_from_bytea(0, '')", "SELECT lo_import('/etc/passwd')",
	"SELECT pg_advisory_lock(1)", "SELECT pg_sleep(1)", "SELECT pg_switch_wal()", "SELECT pg_stat_reset()",
	"SELECT pg_logical_emit_message(true, '', '')", "SELECT pg_terminate_backend(1)",
	"SELECT set_config('a.b', '', true)",
	"SELECT pg_notify('a', '')", "SELECT nextval('sotto.blob_seq')",
	"SELECT query_to_xml('SELECT 1', true, true, '')",
	"COPY sotto.blob TO STDOUT", "COPY (SELECT 1) TO '/tmp/so.never'", "COPY (SELECT 1) TO PROGRAM 'true'",
	"SET deadlock_timeout = 1", "SET ROLE sotto_owner", "SET SESSION AUTHORIZATION postgres",
	"ALTER ROLE sotto_owner SUPERUSER", "ALTER ROLE blobd SUPERUSER", "ALTER SYSTEM SET jit = on", "CHECKPOINT",
	"LOAD 'plpgsql'", "CREATE EXTENSION lo",
};
/* clang-format on */

START_TEST(daemons_are_refused_everything_but_their_functions)
{
	PGconn *const conns[] = { blobd, prekeyd, bridged };

	for (size_t i = 0; i < ARRAY_LEN(conns); i++) {
		ck_assert_str_eq(scratch_ask(conns[i], "SELECT 1"), "1");
		for (size_t j = 0; j < ARRAY_LEN(refused); j++)
			ck_assert_msg(strcmp(scratch_ask(conns[i], refused[j]), "[42501]") == 0,
					"%s: %s as %s", refused[j],
					scratch_ask(conns[i], refused[j]), PQuser(conns[i]));
	}
}
END_TEST

/* {role, function} for all that a daemon may execute in our schema; nothing may be missing here. */
/* clang-format off */
static const char allowed[] =
	"blobd ack,blobd blobs_held,blobd chunk_end,blobd chunk_get,blobd chunk_put,blobd chunk_use,blobd deposit,blobd fetch,blobd mailbox_end,blobd mailbox_put,"
	"bridged live_ack,bridged session_open,bridged signal_to,bridged turn_pay,"
	"prekeyd account_end,prekeyd account_put,prekeyd blobs_known,prekeyd bundle_take,"
	"prekeyd bundles_count,prekeyd bundles_put,prekeyd server_policy,prekeyd tokens_pay";
/* clang-format on */

START_TEST(each_function_is_one_daemons)
{
	/* clang-format off */
	PGresult *r = PQexec(admin,
		"SELECT string_agg(rolname || ' ' || proname, ',' ORDER BY rolname, proname) "
		"FROM pg_proc, pg_roles WHERE rolname IN ('blobd', 'bridged', 'prekeyd') "
		"AND pronamespace = 'sotto'::regnamespace "
		"AND has_function_privilege(pg_roles.oid, pg_proc.oid, 'EXECUTE')");
	/* clang-format on */

	ck_assert_str_eq(PQgetvalue(r, 0, 0), allowed);
	PQclear(r);
}
END_TEST

START_TEST(every_function_is_the_owners_and_closed)
{
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT count(*) FROM pg_proc WHERE pronamespace = 'sotto'::regnamespace AND NOT "
		"(prosecdef AND provolatile = 'v' AND proowner = 'sotto_owner'::regrole "
		"AND proconfig = ARRAY['search_path=sotto, pg_temp'] "
		"AND NOT has_function_privilege('public', oid, 'EXECUTE'))"), "0");
	/* clang-format on */
}
END_TEST

START_TEST(the_catalogue_is_closed_to_the_public)
{
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT count(*) FROM pg_proc WHERE has_function_privilege('public', oid, 'EXECUTE')"), "0");
	/* clang-format on */
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'S') AND "
		"(has_any_column_privilege('public', oid, 'SELECT, INSERT, UPDATE') OR "
		"has_table_privilege('public', oid, 'DELETE, TRUNCATE, TRIGGER')) AND relkind <> 'S'"), "0");
	/* clang-format on */
}
END_TEST

START_TEST(the_owner_is_no_superuser_in_disguise)
{
	static const char *const statements[] = { "SELECT pg_read_file('PG_VERSION')",
		"SELECT pg_ls_dir('.')", "SELECT lo_import('/etc/passwd')",
		"SELECT * FROM pg_authid", "COPY (SELECT 1) TO PROGRAM 'true'",
		"SELECT pg_reload_conf()", "SELECT pg_read_binary_file('PG_VERSION', 0, 1)",
		"ALTER SYSTEM SET jit = on" };
	PGconn *owner = scratch_connect("sotto_owner");

	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		ck_assert_str_eq(scratch_ask(owner, statements[i]), "[42501]");
	PQfinish(owner);
}
END_TEST

START_TEST(daemons_have_their_settings)
{
	ck_assert_str_eq(scratch_ask(blobd, "SHOW enable_seqscan"), "off");
	ck_assert_str_eq(scratch_ask(prekeyd, "SHOW plan_cache_mode"), "force_gene");
	ck_assert_str_eq(scratch_ask(bridged, "SHOW lock_timeout"), "200ms");
	ck_assert_str_eq(scratch_ask(blobd, "SHOW statement_timeout"), "2s");
}
END_TEST

/* --- what the tables tell ----------------------------------------------- */

START_TEST(no_column_is_finer_than_a_day_and_all_are_explained)
{
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT count(*) FROM information_schema.columns WHERE table_schema = 'sotto' "
		"AND (data_type ~ 'time|interval|inet|cidr|macaddr' OR data_type = 'json')"), "0");
	/* clang-format on */
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT coalesce(string_agg(relname || '.' || attname, ' '), '') FROM pg_attribute "
		"JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'sotto'::regnamespace "
		"AND relkind IN ('r', 'p') AND attnum > 0 "
		"AND (col_description(attrelid, attnum) IS NULL OR obj_description(c.oid) IS NULL)"), "");
	/* clang-format on */
}
END_TEST

START_TEST(every_bytea_has_a_length)
{
	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"SELECT coalesce(string_agg(relname || '.' || attname, ' '), '') FROM pg_attribute a "
		"JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'sotto'::regnamespace "
		"AND relkind IN ('r', 'p') AND atttypid = 'bytea'::regtype AND NOT EXISTS "
		"(SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' "
		"AND a.attnum = ANY (k.conkey) AND pg_get_constraintdef(k.oid) ~ 'octet_length')"), "");
	/* clang-format on */
}
END_TEST

SCRATCH_UNIT("roles", scratch_pg_up, setup, teardown,
		daemons_are_refused_everything_but_their_functions, each_function_is_one_daemons,
		every_function_is_the_owners_and_closed, the_catalogue_is_closed_to_the_public,
		the_owner_is_no_superuser_in_disguise, daemons_have_their_settings,
		no_column_is_finer_than_a_day_and_all_are_explained, every_bytea_has_a_length)
