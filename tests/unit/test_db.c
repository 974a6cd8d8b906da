/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* db.c against a real PostgreSQL: group commit, and every way in which a batch or the connection
 * fails. */
#include "libshared/db.h"

#include "libshared/error.h"
#include "libshared/journal.h"
#include "tests/unit/scratch_pg.h"

#include <signal.h>

enum { CALLS = 600, PENDING = 100 /* an rc no call ends with */ };

/* Functions that fail on purpose; keys(k) takes row locks like any insert. */
/* clang-format off */
static const char test_functions[] =
	"CREATE TABLE sotto.test_key (k bytea PRIMARY KEY);"
	"CREATE TABLE sotto.test_late (k bytea UNIQUE DEFERRABLE INITIALLY DEFERRED);"
	"CREATE FUNCTION sotto.test_put(k1 bytea, k2 bytea, k3 bytea, OUT code int) "
	"LANGUAGE plpgsql SECURITY DEFINER SET search_path = sotto, pg_temp AS $$ BEGIN "
	"INSERT INTO test_key VALUES (k1) ON CONFLICT DO NOTHING; "
	"INSERT INTO test_key VALUES (k2) ON CONFLICT DO NOTHING; "
	"INSERT INTO test_key VALUES (k3) ON CONFLICT DO NOTHING; code := 7; END $$;"
	"CREATE FUNCTION sotto.test_raise(k1 bytea, OUT code int) "
	"LANGUAGE plpgsql SECURITY DEFINER SET search_path = sotto, pg_temp AS $$ BEGIN "
	"RAISE EXCEPTION 'no'; END $$;"
	"CREATE FUNCTION sotto.test_late(k1 bytea, OUT code int) "
	"LANGUAGE plpgsql SECURITY DEFINER SET search_path = sotto, pg_temp AS $$ BEGIN "
	"INSERT INTO test_late VALUES ('same'); code := 0; END $$;"
	"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sotto TO blobd";
/* clang-format on */

static const char PUT[] = "test_put($1, $2, $3)", RAISE[] = "test_raise($1)",
		  LATE[] = "test_late($1)";
static const char DEPOSIT[] = "deposit($1, $2, $3, $4, $5, $6, $7)";
static const char *const statements[] = { PUT, RAISE, LATE, DEPOSIT };

struct tried {
	struct call call;
	char key[16];
	int rc;
	int32_t code;
	unsigned order; /* of being done, from 1 */
};

static const struct journal journal = { .daemon = "test_db", .instance = "1", .to_stderr = true };
static sd_event *event;
static PGconn *admin;
static struct tried tried[CALLS];
static unsigned n_done;
static bool submitting;

static void up(void)
{
	PGconn *conn;

	scratch_pg_up();
	conn = PQconnectdb(scratch_conninfo("sotto_owner"));
	PQclear(PQexec(conn, test_functions));
	PQfinish(conn);
}

static void setup(void)
{
	ck_assert_int_ge(sd_event_default(&event), 0);
	admin = scratch_connect("postgres");
}

static void teardown(void)
{
	PQfinish(admin);
	sd_event_unref(event);
}

static void done(struct call *call, int rc, const struct result *result)
{
	struct tried *t = (struct tried *)call;

	ck_assert(!submitting);
	ck_assert_int_eq(t->rc, PENDING);
	t->rc = rc;
	t->order = ++n_done;
	if (rc == 0)
		t->code = result_i32(result, 0, 0);
}

static struct db *db_open_with(unsigned queue_calls, unsigned batch_calls)
{
	static char conninfo[160]; /* db borrows it for life */
	struct db_options options = {
		.conninfo = conninfo,
		.statements = statements,
		.n_statements = ARRAY_LEN(statements),
		.batch_calls = batch_calls,
		.batch_bytes = 4 << 20,
		.queue_calls = queue_calls,
	};
	struct db *db = NULL;

	snprintf(conninfo, sizeof conninfo, "%s", scratch_conninfo("blobd"));
	ck_assert_int_eq(db_new(&db, event, &journal, &options), 0);
	while (!db_is_up(db))
		ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
	return db;
}

static struct db *db_open(void)
{
	return db_open_with(4096, 128);
}

static int submit(struct db *db, struct tried *t)
{
	int rc;

	t->call.done = done;
	t->rc = PENDING;
	submitting = true;
	rc = db_submit(db, &t->call);
	submitting = false;
	return rc;
}

/* test_put of three keys, or another statement of the first. */
static void ask(struct db *db, unsigned i, const char *statement, const char *k1, const char *k2,
		const char *k3)
{
	struct params *p = &tried[i].call.params;

	tried[i].call.statement = statement;
	memset(p, 0, sizeof *p);
	params_bytes(p, k1, strlen(k1));
	if (k2)
		params_bytes(p, k2, strlen(k2));
	if (k3)
		params_bytes(p, k3, strlen(k3));
	ck_assert_int_eq(submit(db, &tried[i]), 0);
}

static void ask_own(struct db *db, unsigned i, const char *prefix)
{
	snprintf(tried[i].key, sizeof tried[i].key, "%s%03u", prefix, i);
	ask(db, i, PUT, tried[i].key, tried[i].key, tried[i].key);
}

static void run_until_done(unsigned n)
{
	while (n_done < n)
		ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
}

static void expect(unsigned from, unsigned to, int rc)
{
	for (unsigned i = from; i < to; i++) {
		ck_assert_int_eq(tried[i].rc, rc);
		if (rc == 0)
			ck_assert_int_eq(tried[i].code, 7);
	}
}

static int backend(void)
{
	return atoi(scratch_ask(admin, "SELECT pid FROM pg_stat_activity WHERE usename = 'blobd'"));
}

/* --- committing --------------------------------------------------------- */

START_TEST(five_hundred_deposits_take_five_commits)
{
	static const uint8_t body[4096], hash[32] = "e";
	static uint8_t ids[512][16];
	struct db *db = db_open();
	uint64_t before = db_counters(db)->batches;

	/* clang-format off */
	ck_assert_str_eq(scratch_ask(admin,
		"INSERT INTO sotto.mailbox (id, deposit_hash, keep_days, inbox) VALUES "
		"(repeat('f', 32)::bytea, '\\x65' || decode(repeat('00', 31), 'hex'), 1, false) "
		"RETURNING 1"), "1");
	/* clang-format on */

	for (unsigned i = 0; i < 512; i++) {
		struct params *p = &tried[i].call.params;

		memcpy(ids[i], &i, sizeof i);
		tried[i].call.statement = DEPOSIT;
		params_bytes(p, hash, sizeof hash);
		params_uuid(p, ids[i]);
		params_bytes(p, body, sizeof body);
		params_i32(p, 1000);
		params_bytes(p, NULL, 0);
		params_bytes(p, NULL, 0);
		params_i32(p, 0);
		ck_assert_int_eq(submit(db, &tried[i]), 0);
	}
	run_until_done(512);
	for (unsigned i = 0; i < 512; i++)
		ck_assert(tried[i].rc == 0 && tried[i].code == 0);
	ck_assert_uint_le(db_counters(db)->batches - before, 5);
	ck_assert_str_eq(scratch_ask(admin,
					 "SELECT count(*), count(DISTINCT xmin::text) < 6 FROM "
					 "sotto.blob"),
			"512|t");
	while (!db_is_idle(db)) /* a beat may be under way */
		ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
	db_free(db);
}
END_TEST

START_TEST(batches_of_one_commit_one_by_one)
{
	struct db *db = db_open_with(4096, 1);

	for (unsigned i = 0; i < 20; i++)
		ask_own(db, i, "one");
	run_until_done(20);
	expect(0, 20, 0);
	ck_assert_str_eq(scratch_ask(admin,
					 "SELECT count(DISTINCT xmin::text) FROM sotto.test_key "
					 "WHERE substring(k FOR 3) = 'one'"),
			"20");
	db_free(db);
}
END_TEST

START_TEST(a_large_batch_does_not_stall)
{
	static char large[128][60000];
	struct db *db = db_open();

	for (unsigned i = 0; i < 128; i++) { /* 7 MB through a socket that takes 200 kB at once */
		memset(large[i], 'a', sizeof large[i] - 1);
		ask_own(db, i, "lg");
		tried[i].call.params.values[2] = large[i];
		tried[i].call.params.lengths[2] = 2000; /* a btree key has a limit */
	}
	for (unsigned i = 128; i < 160; i++) {
		ask_own(db, i, "lg");
		tried[i].call.statement = RAISE;
		tried[i].call.params.n = 1;
		tried[i].call.params.values[0] = large[i - 128];
		tried[i].call.params.lengths[0] = (int)sizeof large[0];
	}
	run_until_done(160);
	expect(0, 128, 0);
	expect(128, 160, E_DB);
	db_free(db);
}
END_TEST

/* --- failing calls ------------------------------------------------------ */

START_TEST(a_statement_that_fails_in_the_middle_fails_alone)
{
	struct db *db = db_open();

	for (unsigned i = 0; i < 10; i++)
		ask_own(db, i, "mid");
	ask(db, 10, RAISE, "mid004b", NULL, NULL); /* sorts between them */
	run_until_done(11);
	expect(0, 10, 0);
	expect(10, 11, E_DB);
	ck_assert_uint_eq(tried[10].order, 1);
	db_free(db);
}
END_TEST

START_TEST(ten_that_fail_do_not_take_their_neighbours_along)
{
	struct db *db = db_open();

	for (unsigned i = 0; i < 100; i++)
		ask_own(db, i, "ten");
	for (unsigned i = 100; i < 110; i++) {
		snprintf(tried[i].key, sizeof tried[i].key, "ten%03ub", (i - 100) * 9);
		ask(db, i, RAISE, tried[i].key, NULL, NULL);
	}
	run_until_done(110);
	expect(0, 100, 0);
	expect(100, 110, E_DB);
	db_free(db);
}
END_TEST

START_TEST(a_call_that_fails_at_commit_is_found_by_halves)
{
	struct db *db = db_open();

	ck_assert_str_eq(scratch_ask(admin,
					 "INSERT INTO sotto.test_late VALUES ('same') RETURNING 1"),
			"1");
	for (unsigned i = 0; i < 20; i++)
		ask_own(db, i, "late");
	ask(db, 20, LATE, "late005b", NULL, NULL);
	run_until_done(21);
	expect(0, 20, 0);
	expect(20, 21, E_DB);
	db_free(db);
}
END_TEST

/* Two daemons' batches hold a and b, wait for m, and then want the other's. */
START_TEST(a_deadlock_ends_well_for_everybody)
{
	struct db *one = db_open(), *other = db_open();

	scratch_ask(admin, "BEGIN");
	scratch_ask(admin, "INSERT INTO sotto.test_key VALUES ('dl-m')");
	ask(one, 0, PUT, "dl-a", "dl-m", "dl-b");
	ask(other, 1, PUT, "dl-b", "dl-m", "dl-a");
	for (unsigned i = 2; i < 40; i++)
		ask_own(i % 2 ? one : other, i, "dx");
	for (const char *n = "0"; strcmp(n, "2") != 0;) {
		sd_event_run(event, 1000);
		n = scratch_ask(admin,
				"SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted");
	}
	scratch_ask(admin, "ROLLBACK");
	run_until_done(40);
	expect(0, 40, 0);
	ck_assert_uint_ge(db_counters(one)->retries + db_counters(other)->retries, 1);
	ck_assert_uint_eq(db_counters(one)->failures + db_counters(other)->failures, 0);
	db_free(one);
	db_free(other);
}
END_TEST

START_TEST(neighbours_of_a_victim_do_not_wait_for_its_retries)
{
	struct db *db = db_open();

	scratch_ask(admin, "BEGIN");
	scratch_ask(admin, "INSERT INTO sotto.test_key VALUES ('held')");
	ask(db, 0, PUT, "held", "held", "held");
	for (unsigned i = 1; i < 30; i++)
		ask_own(db, i, "nb");
	run_until_done(29);
	expect(1, 30, 0);
	ck_assert_int_eq(tried[0].rc, PENDING);
	for (unsigned i = 30; i < 40; i++) /* new ones go between two retries */
		ask_own(db, i, "nb");
	run_until_done(39);
	ck_assert_int_eq(tried[0].rc, PENDING);
	scratch_ask(admin, "ROLLBACK");
	run_until_done(40);
	expect(0, 40, 0);
	db_free(db);
}
END_TEST

START_TEST(a_victim_that_never_gets_its_lock_fails_after_three_retries)
{
	struct db *db = db_open();

	scratch_ask(admin, "BEGIN");
	scratch_ask(admin, "INSERT INTO sotto.test_key VALUES ('kept')");
	ask(db, 0, PUT, "kept", "kept", "kept");
	run_until_done(1);
	expect(0, 1, E_DB);
	ck_assert_uint_eq(db_counters(db)->retries, 4);
	scratch_ask(admin, "ROLLBACK");
	db_free(db);
}
END_TEST

/* --- limits ------------------------------------------------------------- */

START_TEST(a_full_queue_is_busy)
{
	struct db *db = db_open_with(4, 128);

	for (unsigned i = 0; i < 4; i++)
		ask_own(db, i, "q");
	tried[4] = tried[0];
	ck_assert_int_eq(submit(db, &tried[4]), E_BUSY);
	run_until_done(4);
	ask_own(db, 5, "q");
	run_until_done(5);
	db_free(db);
}
END_TEST

START_TEST(freeing_answers_what_is_under_way)
{
	struct db *db = db_open();

	for (unsigned i = 0; i < 3; i++)
		ask_own(db, i, "free");
	db_free(db);
	ck_assert_uint_eq(n_done, 3);
	expect(0, 3, E_DB);
}
END_TEST

/* --- the connection ----------------------------------------------------- */

START_TEST(nothing_is_answered_while_the_server_is_silent)
{
	struct db *db = db_open();
	int pid = backend();

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	for (unsigned i = 0; i < 200; i++)
		ask_own(db, i, "stop");
	while (db_is_alive(db, 1500000, true)) /* the probe does not come back either */
		sd_event_run(event, UINT64_MAX);
	ck_assert_uint_eq(n_done, 0);
	ck_assert(db_is_up(db));
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	run_until_done(200);
	expect(0, 200, 0);
	ck_assert(db_is_alive(db, 1500000, false));
	ck_assert_uint_eq(db_counters(db)->reconnects, 0);
	db_free(db);
}
END_TEST

START_TEST(a_lost_connection_fails_all_and_is_made_again)
{
	struct db *db = db_open();
	int pid = backend();
	char statement[64];

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	for (unsigned i = 0; i < 200; i++) /* one batch under way and one waiting */
		ask_own(db, i, "term");
	while (sd_event_run(event, 0) > 0)
		;
	snprintf(statement, sizeof statement, "SELECT pg_terminate_backend(%d)", pid);
	ck_assert_str_eq(scratch_ask(admin, statement), "t");
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	run_until_done(200);
	expect(128, 200, E_DB);
	for (unsigned i = 0; i < 128; i++) /* all or none, if it was committed before the end */
		ck_assert_int_eq(tried[i].rc, tried[0].rc);
	ck_assert(!db_is_up(db) && db_is_idle(db));
	ck_assert(db_is_alive(db, 0, true) && !db_is_alive(db, UINT64_MAX, false));
	ck_assert_int_eq(submit(db, &tried[300]), E_DB);
	while (!db_is_up(db))
		sd_event_run(event, UINT64_MAX);
	ask_own(db, 301, "term");
	run_until_done(201);
	expect(301, 302, 0);
	ck_assert_uint_eq(db_counters(db)->reconnects, 1);
	db_free(db);
}
END_TEST

START_TEST(an_idle_connection_is_probed)
{
	struct db *db = db_open();
	uint64_t before = db_counters(db)->batches;

	while (db_counters(db)->batches < before + 2)
		sd_event_run(event, UINT64_MAX);
	ck_assert(db_is_alive(db, 1000000, false));
	db_free(db);
}
END_TEST

START_TEST(replaced_functions_are_prepared_anew)
{
	struct db *db = db_open();
	PGconn *owner = scratch_connect("sotto_owner");

	ask_own(db, 0, "new");
	run_until_done(1);
	/* clang-format off */
	PQclear(PQexec(owner,
		"BEGIN; DROP FUNCTION sotto.test_put; "
		"CREATE FUNCTION sotto.test_put(k1 bytea, k2 bytea, k3 bytea, OUT code int, OUT more int) "
		"LANGUAGE sql SECURITY DEFINER SET search_path = sotto, pg_temp RETURN (7, 8); "
		"GRANT EXECUTE ON FUNCTION sotto.test_put TO blobd; COMMIT"));
	/* clang-format on */
	PQfinish(owner);
	ask_own(db, 1, "new");
	run_until_done(2);
	expect(1, 2, E_DB);
	while (!db_is_up(db))
		sd_event_run(event, UINT64_MAX);
	ask_own(db, 2, "new");
	run_until_done(3);
	expect(2, 3, 0);
	db_free(db);
}
END_TEST

START_TEST(a_restart_of_the_server_is_survived)
{
	struct db *db = db_open();

	PQfinish(STEAL(admin));
	ck_assert_int_eq(scratch_cluster("down", ""), 0);
	while (db_is_up(db))
		sd_event_run(event, UINT64_MAX);
	for (unsigned i = 0; i < 5; i++) /* some dialling in vain */
		sd_event_run(event, UINT64_MAX);
	ck_assert_int_eq(scratch_cluster("up", ""), 0);
	while (!db_is_up(db))
		sd_event_run(event, UINT64_MAX);
	ask_own(db, 0, "back");
	run_until_done(1);
	expect(0, 1, 0);
	db_free(db);
}
END_TEST

SCRATCH_UNIT("db", up, setup, teardown, five_hundred_deposits_take_five_commits,
		batches_of_one_commit_one_by_one, a_large_batch_does_not_stall,
		a_statement_that_fails_in_the_middle_fails_alone,
		ten_that_fail_do_not_take_their_neighbours_along,
		a_call_that_fails_at_commit_is_found_by_halves, a_deadlock_ends_well_for_everybody,
		neighbours_of_a_victim_do_not_wait_for_its_retries,
		a_victim_that_never_gets_its_lock_fails_after_three_retries, a_full_queue_is_busy,
		freeing_answers_what_is_under_way, nothing_is_answered_while_the_server_is_silent,
		a_lost_connection_fails_all_and_is_made_again, an_idle_connection_is_probed,
		a_restart_of_the_server_is_survived, replaced_functions_are_prepared_anew)
