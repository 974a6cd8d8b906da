/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Replies that take long to compute, behind a real PostgreSQL: one a turn, and whoever leaves. */
#include "libshared/http_private.h"
#include "tests/unit/http_bed.h"
#include "tests/unit/scratch_pg.h"

#define SLOW "GET /v1/slow HTTP/1.1\r\n" HOST "\r\n"

enum { CLIENTS = 20, LATER_MOST = 256 };

static struct bed bed;
static struct answer a;
static int clients[CLIENTS];
static unsigned n_paid, n_finished;

static int finish(struct request *rq, struct reply *rp)
{
	(void)rq;
	n_finished++;
	return reply_empty(rp, 200);
}

static int slow_ask(struct request *rq, struct params *p)
{
	rq->finish = finish;
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	return 0;
}

static int slow_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	(void)rs;
	(void)rp;
	n_paid++;
	return 0;
}

static const struct route routes[] = {
	{ "GET", "/v1/slow", AUTH_NONE, PAY_NOTHING, KEY_NONE, 0, "fetch($1)", slow_ask,
			slow_answer },
};

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

	n_paid = n_finished = 0;
	bed_init(&bed);
	bed.options.routes = routes;
	bed.options.n_routes = ARRAY_LEN(routes);
	ck_assert_int_eq(db_new(&bed.db, bed.event, &bed_journal, &db), 0);
	while (!db_is_up(bed.db))
		bed_turn(&bed);
	bed_open(&bed);
}

static void end(void)
{
	bed_close(&bed);
}

/* All of them have paid in one batch, none is answered yet. */
static void pay_all(void)
{
	PGconn *admin = scratch_connect("postgres");
	int pid = (int)strtol(scratch_ask(admin,
					      "SELECT pid FROM pg_stat_activity "
					      "WHERE usename = 'blobd'"),
			NULL, 10);

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = bed_connect(&bed);
		bed_send(&bed, clients[i], SLOW);
		while (http_counters(bed.http)->parked <= (unsigned)i)
			bed_turn(&bed);
	}
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	while (n_paid < CLIENTS)
		bed_turn(&bed);
	PQfinish(admin);
}

static void receive(int from)
{
	for (int i = from; i < CLIENTS; i++) {
		bed_receive(&bed, clients[i], &a);
		check_status(&a, 200);
		close(clients[i]);
	}
}

START_TEST(a_turn_of_the_loop_computes_one)
{
	pay_all();
	while (n_finished < CLIENTS) {
		unsigned before = n_finished;

		bed_turn(&bed);
		ck_assert_uint_le(n_finished, before + 1);
	}
	receive(0);
	ck_assert_uint_eq(http_counters(bed.http)->parked, 0);
}
END_TEST

START_TEST(who_leaves_while_it_waits_leaves_nothing)
{
	pay_all();
	for (int i = 0; i < CLIENTS / 2; i++)
		close(clients[i]);
	receive(CLIENTS / 2);
	ck_assert_ptr_null(bed.http->later_first);
	while (http_counters(bed.http)->parked)
		bed_turn(&bed);
}
END_TEST

START_TEST(draining_answers_what_waits)
{
	pay_all();
	ck_assert_ptr_nonnull(bed.http->later_first);
	http_drain(bed.http);
	receive(0);
}
END_TEST

START_TEST(freeing_ends_what_waits)
{
	pay_all();
	ck_assert_ptr_nonnull(bed.http->later_first);
	http_free(bed.http);
	bed.http = NULL;
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	for (int i = 0; i < LATER_MOST; i++) {
		struct exchange *ex = calloc(1, sizeof *ex);

		ex->http = bed.http;
		ck_assert(!later_is_full(bed.http));
		ck_assert_int_eq(later_add(ex), 0);
	}
	ck_assert(later_is_full(bed.http));
	ck_assert_int_eq(later_add(&(struct exchange){ .http = bed.http }), E_BUSY);
	clients[0] = bed_connect(&bed);
	sd_event_source_set_enabled(bed.http->later, SD_EVENT_OFF);
	bed_send(&bed, clients[0], SLOW); /* refused before it pays */
	bed_receive(&bed, clients[0], &a);
	check_status(&a, 503);
	ck_assert_uint_eq(n_paid, 0);
	close(clients[0]);
	while (bed.http->counters.connections)
		bed_turn(&bed);
}
END_TEST

SCRATCH_UNIT("later", scratch_pg_up, start, end, a_turn_of_the_loop_computes_one,
		who_leaves_while_it_waits_leaves_nothing, draining_answers_what_waits,
		freeing_ends_what_waits, the_queue_is_bounded)
