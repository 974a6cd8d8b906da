/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Requests that wait for a real PostgreSQL. Stopping its backend holds every call, so that what
 * happens meanwhile (deadlines, leaving, draining, ending) happens in the order a test says.
 */
#include "tests/unit/http_bed.h"
#include "tests/unit/scratch_pg.h"

#define PARKED "GET /v1/parked HTTP/1.1\r\n" HOST "\r\n"
#define HEALTH "GET /v1/health HTTP/1.1\r\n" HOST "\r\n"

enum { CLIENTS = 40 };

static struct bed bed;
static int clients[CLIENTS];
static struct answer a;

static void start(void)
{
	static const char *const statements[] = { "fetch($1)" };
	struct db_options db = {
		.conninfo = scratch_conninfo("blobd"),
		.statements = statements,
		.n_statements = 1,
		.batch_calls = 128,
		.batch_bytes = 4 << 20,
		.queue_calls = 4096,
	};

	bed_init(&bed);
	ck_assert_int_eq(db_new(&bed.db, bed.event, &bed_journal, &db), 0);
	while (!db_is_up(bed.db))
		bed_turn(&bed);
}

static void end(void)
{
	bed_close(&bed);
}

static int backend(void)
{
	PGconn *admin = scratch_connect("postgres");
	const char *text = scratch_ask(
			admin, "SELECT pid FROM pg_stat_activity WHERE usename = 'blobd'");
	int pid = (int)strtol(text, NULL, 10);

	PQfinish(admin);
	ck_assert_int_gt(pid, 0);
	return pid;
}

static unsigned n_parked(void)
{
	return http_counters(bed.http)->parked;
}

/* So many requests, each on a connection of its own, all waiting for their call. */
static void park(int n)
{
	for (int i = 0; i < n; i++) {
		clients[i] = bed_connect(&bed);
		bed_send(&bed, clients[i], PARKED);
	}
	while (n_parked() < (unsigned)n)
		bed_turn(&bed);
}

static void receive_all(int n, int status)
{
	for (int i = 0; i < n; i++) {
		bed_receive(&bed, clients[i], &a);
		check_status(&a, status);
	}
}

static void close_all(int n)
{
	for (int i = 0; i < n; i++)
		close(clients[i]);
}

START_TEST(many_are_answered_from_few_commits)
{
	bed_open(&bed);
	park(1);
	receive_all(1, 200);
	close_all(1);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = bed_connect(&bed);
		bed_send(&bed, clients[i], PARKED);
	}
	receive_all(CLIENTS, 200);
	ck_assert_uint_eq(n_parked(), 0);
	ck_assert_uint_lt(db_counters(bed.db)->batches, CLIENTS / 2);
	close_all(CLIENTS);
}
END_TEST

START_TEST(nothing_is_answered_before_the_commit)
{
	int pid;

	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	while (db_is_alive(bed.db, 1, false)) /* the loop turns, and the database is silent */
		bed_turn(&bed);
	ck_assert_uint_eq(http_counters(bed.http)->served, 0);
	ck_assert_int_eq(recv(clients[0], a.bytes, 1, MSG_DONTWAIT), -1);
	check_status(bed_ask(&bed, HEALTH), 200); /* others are served meanwhile */
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	receive_all(CLIENTS, 200);
	close_all(CLIENTS);
}
END_TEST

START_TEST(at_its_deadline_a_parked_request_gets_503_and_its_connection_goes_on)
{
	int pid;

	bed.options.deadline_ms = 300;
	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	receive_all(CLIENTS, 503);
	ck_assert_uint_eq(n_parked(), 0);
	ck_assert_uint_eq(http_counters(bed.http)->deadlines, CLIENTS);
	ck_assert(!db_is_idle(bed.db)); /* the calls are still under way and own their requests */
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	while (!db_is_idle(bed.db))
		bed_turn(&bed);
	close_all(CLIENTS);
	clients[0] = bed_connect(&bed);
	bed_send(&bed, clients[0], PARKED);
	receive_all(1, 200);
	close_all(1);
}
END_TEST

START_TEST(one_connection_may_give_up_and_ask_again)
{
	int pid;

	bed.options.deadline_ms = 100;
	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(1);
	receive_all(1, 503);
	bed_send(&bed, clients[0], PARKED); /* the first call is still under way */
	bed_receive(&bed, clients[0], &a);
	check_status(&a, 503);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	do {
		bed_send(&bed, clients[0], PARKED);
		bed_receive(&bed, clients[0], &a);
	} while (a.status == 503);
	check_status(&a, 200);
	close_all(1);
}
END_TEST

START_TEST(who_leaves_while_parked_leaves_nothing)
{
	int pid;

	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	close_all(CLIENTS);
	while (sd_event_run(bed.event, 0) > 0)
		;
	ck_assert_uint_eq(n_parked(), CLIENTS); /* nobody notices before the call is done */
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	while (http_counters(bed.http)->connections)
		bed_turn(&bed);
	ck_assert_uint_eq(n_parked(), 0);
	while (!db_is_idle(bed.db)) /* a beat may be under way */
		bed_turn(&bed);
}
END_TEST

START_TEST(draining_answers_what_is_parked_and_refuses_newcomers)
{
	int pid, newcomer;

	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	http_drain(bed.http);
	newcomer = bed_connect(&bed);
	bed_send(&bed, newcomer, PARKED);
	while (sd_event_run(bed.event, 0) > 0)
		;
	ck_assert_uint_eq(n_parked(), CLIENTS);
	ck_assert(!http_is_idle(bed.http));
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	for (int i = 0; i < CLIENTS; i++) {
		bed_receive(&bed, clients[i], &a);
		check_status(&a, 200);
		ck_assert_ptr_nonnull(strstr(a.head, "Connection: close"));
		bed_await_end(&bed, clients[i]);
	}
	while (!http_is_idle(bed.http))
		bed_turn(&bed);
	ck_assert_uint_eq(http_counters(bed.http)->requests, CLIENTS);
	close_all(CLIENTS);
	close(newcomer);
}
END_TEST

START_TEST(freeing_gives_what_is_parked_its_503_or_its_end)
{
	int pid;
	ssize_t n;

	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		bed_send(&bed, clients[i],
				PARKED); /* pipelined behind it: must not be parked again */
	http_free(bed.http);
	bed.http = NULL;
	for (int i = 0; i < CLIENTS; i++) {
		n = recv(clients[i], a.bytes, sizeof a.bytes - 1, 0);
		ck_assert(n <= 0 || strncmp(a.bytes, "HTTP/1.1 503 ", 13) == 0);
	}
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	while (!db_is_idle(bed.db)) /* the calls end after everything else */
		bed_turn(&bed);
	close_all(CLIENTS);
}
END_TEST

START_TEST(a_lost_database_is_503_for_all_that_wait)
{
	PGconn *admin = scratch_connect("postgres");
	char statement[64];
	int pid;

	bed_open(&bed);
	pid = backend();
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	park(CLIENTS);
	snprintf(statement, sizeof statement, "SELECT pg_terminate_backend(%d)", pid);
	ck_assert_str_eq(scratch_ask(admin, statement), "t");
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	receive_all(CLIENTS, 503);
	close_all(CLIENTS);
	PQfinish(admin);
}
END_TEST

SCRATCH_UNIT("exchange", scratch_pg_up, start, end, many_are_answered_from_few_commits,
		nothing_is_answered_before_the_commit,
		at_its_deadline_a_parked_request_gets_503_and_its_connection_goes_on,
		one_connection_may_give_up_and_ask_again, who_leaves_while_parked_leaves_nothing,
		draining_answers_what_is_parked_and_refuses_newcomers,
		freeing_gives_what_is_parked_its_503_or_its_end,
		a_lost_database_is_503_for_all_that_wait)
