/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Connections over a real socket: the circuit line, deadlines, limits, leaving, draining. */
#include "libshared/budget.h"
#include "tests/unit/http_bed.h"

#define OTHER_LINE "PROXY TCP6 fc00:dead:beef:4dad::1:2f ::1 47 7001\r\n"

static struct bed bed;

static void start(void)
{
	bed_init(&bed);
	bed_open(&bed);
}

static void start_with_lines(unsigned deadline_ms)
{
	bed_init(&bed);
	bed.options.circuit_line = CIRCUIT_REQUIRED;
	bed.options.deadline_ms = deadline_ms;
	bed_open(&bed);
}

static void start_with_budget(unsigned connections, unsigned burst)
{
	bed_init(&bed);
	bed.options.circuit_line = CIRCUIT_REQUIRED;
	bed.options.circuit_connections = connections;
	bed.options.circuit_requests = 1;
	bed.options.circuit_burst = burst;
	bed_open(&bed);
}

/* --- connections -------------------------------------------------------- */

START_TEST(the_circuit_line_may_come_glued_or_byte_by_byte)
{
	static struct answer a;
	int fd;

	start_with_lines(60000);
	check_status(bed_ask(&bed, LINE GET), 200);
	fd = bed_connect(&bed);
	for (const char *at = LINE GET; *at; at++) {
		bed_send_bytes(&bed, fd, at, 1);
		while (sd_event_run(bed.event, 0) > 0)
			;
	}
	bed_receive(&bed, fd, &a);
	check_status(&a, 200);
	ck_assert_uint_eq(http_counters(bed.http)->refused_lines, 0);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(without_a_good_line_the_connection_ends_unanswered)
{
	static const char *const starts[] = { GET, "PROXY UNKNOWN\r\n" GET, "\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 48 7001\r\n" GET };

	start_with_lines(60000);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct answer *a = bed_ask(&bed, starts[i]);

		ck_assert(a->ended);
		ck_assert_uint_eq(a->len, 0);
		ck_assert_uint_eq(http_counters(bed.http)->refused_lines, i + 1);
	}
	ck_assert_uint_eq(http_counters(bed.http)->requests, 0);
	bed_close(&bed);
}
END_TEST

START_TEST(a_line_is_not_taken_where_none_is_expected)
{
	struct answer *a;

	start();
	a = bed_ask(&bed, LINE GET);
	ck_assert_int_ne(a->status, 200);
	bed_close(&bed);
}
END_TEST

START_TEST(whatever_is_slow_ends_at_the_deadline)
{
	static const char *const halves[] = { "", "PROXY TC", LINE, LINE "GET /v1/he",
		LINE "GET /v1/health HTTP/1.1\r\nHo",
		LINE "POST /v1/small HTTP/1.1\r\n" HOST KEY "Content-Length: 5\r\n\r\nabc" };

	start_with_lines(50);
	for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
		int fd = bed_connect(&bed);

		bed_send(&bed, fd, halves[i]);
		bed_await_end(&bed, fd);
		ck_assert_uint_eq(http_counters(bed.http)->deadlines, i + 1);
		close(fd);
	}
	while (http_counters(bed.http)->connections)
		bed_turn(&bed);
	bed_close(&bed);
}
END_TEST

/*
 * Each byte in time does not make the whole request in time. Between two bytes the loop comes to
 * rest for a millisecond: a header that outgrows its memory would be answered before the deadline.
 */
static void drip(const char *begin)
{
	int fd = bed_connect(&bed);

	bed_send(&bed, fd, begin);
	while (http_counters(bed.http)->deadlines == 0) {
		bed_send(&bed, fd, "a");
		while (sd_event_run(bed.event, 1000) > 0)
			;
	}
	bed_await_end(&bed, fd);
	close(fd);
}

START_TEST(a_dripping_header_ends_at_the_deadline)
{
	start_with_lines(50);
	drip(LINE "GET /v1/health HTTP/1.1\r\nX: ");
	bed_close(&bed);
}
END_TEST

START_TEST(a_dripping_body_ends_at_the_deadline)
{
	start_with_lines(50);
	drip(LINE "POST /v1/large HTTP/1.1\r\n" HOST "Content-Length: 104464\r\n\r\n");
	bed_close(&bed);
}
END_TEST

START_TEST(who_does_not_read_replies_is_ended_too)
{
	int fd;

	start_with_lines(50);
	fd = bed_connect(&bed);
	bed_send(&bed, fd, LINE);
	while (http_counters(bed.http)->deadlines == 0)
		bed_send(&bed, fd, GET); /* until nothing more goes in */
	while (http_counters(bed.http)->connections)
		bed_turn(&bed);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(a_reply_gives_time_for_the_next_request)
{
	static struct answer a;
	int fd;

	start_with_lines(200);
	fd = bed_connect(&bed);
	bed_send(&bed, fd, LINE);
	while (http_counters(bed.http)->requests < 1000) {
		bed_send(&bed, fd, GET);
		bed_receive(&bed, fd, &a);
		check_status(&a, 200);
	}
	bed_await_end(&bed, fd);
	ck_assert_uint_eq(http_counters(bed.http)->deadlines, 1);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(above_the_limit_newcomers_wait_until_one_leaves)
{
	int fds[3];
	static struct answer a;

	bed_init(&bed);
	bed.options.max_connections = 2;
	bed_open(&bed);
	for (int i = 0; i < 3; i++) {
		fds[i] = bed_connect(&bed);
		bed_send(&bed, fds[i], GET);
	}
	for (int i = 0; i < 2; i++) {
		bed_receive(&bed, fds[i], &a);
		check_status(&a, 200);
	}
	while (sd_event_run(bed.event, 0) > 0)
		;
	ck_assert_uint_eq(http_counters(bed.http)->connections, 2);
	ck_assert_uint_eq(http_counters(bed.http)->requests, 2);
	close(fds[0]);
	bed_receive(&bed, fds[2], &a);
	check_status(&a, 200);
	close(fds[1]);
	close(fds[2]);
	bed_close(&bed);
}
END_TEST

START_TEST(at_the_limit_the_silent_make_room_and_the_busy_stay)
{
	static const char half[] = LINE "GET /v1/he";
	static struct answer a;
	int silent[2], busy;

	bed_init(&bed);
	bed.options.circuit_line = CIRCUIT_REQUIRED;
	bed.options.max_connections = 3;
	bed.options.yield_ms = 20;
	bed_open(&bed);
	for (int i = 0; i < 2; i++) {
		silent[i] = bed_connect(&bed);
		bed_send(&bed, silent[i], i ? half : "PROX"); /* libmicrohttpd has one of them */
	}
	busy = bed_connect(&bed);
	bed_send(&bed, busy, LINE GET);
	bed_receive(&bed, busy, &a);
	for (uint64_t i = 1; i <= 2; i++) {
		int fd = bed_connect(&bed);

		bed_send(&bed, fd, OTHER_LINE GET);
		bed_receive(&bed, fd, &a);
		check_status(&a, 200);
		ck_assert_uint_eq(http_counters(bed.http)->yielded, i);
		bed_await_end(&bed, silent[i - 1]);
		close(silent[i - 1]);
		bed_send(&bed, busy, GET);
		bed_receive(&bed, busy, &a);
		check_status(&a, 200);
		silent[i - 1] = fd;
	}
	ck_assert_uint_eq(http_counters(bed.http)->deadlines, 0);
	close(busy);
	close(silent[0]);
	close(silent[1]);
	bed_close(&bed);
}
END_TEST

START_TEST(clients_that_leave_midway_leave_nothing)
{
	static const char request[] = LINE "POST /v1/small HTTP/1.1\r\n" HOST KEY
					   "Content-Length: 5\r\n\r\nabcde";

	start_with_lines(60000);
	for (size_t len = 0; len <= strlen(request); len++) {
		int fd = bed_connect(&bed);

		bed_send_bytes(&bed, fd, request, len);
		if (len % 2)
			while (sd_event_run(bed.event, 0) > 0)
				;
		close(fd);
	}
	do
		bed_turn(&bed);
	while (http_counters(bed.http)->connections);
	ck_assert_uint_eq(http_counters(bed.http)->deadlines, 0); /* noticed at once */
	check_status(bed_ask(&bed, LINE GET), 200);
	bed_close(&bed);
}
END_TEST

START_TEST(draining_ends_idle_connections_and_answers_what_has_begun)
{
	static struct answer a;
	int idle, begun, arrived, newcomer;

	start();
	idle = bed_connect(&bed);
	begun = bed_connect(&bed);
	arrived = bed_connect(&bed);
	for (int i = 0; i < 3; i++) {
		int fd = (int[]){ idle, begun, arrived }[i];

		bed_send(&bed, fd, GET);
		bed_receive(&bed, fd, &a);
	}
	newcomer = bed_connect(&bed); /* accepted, its request is on the way */
	bed_send(&bed, begun, "POST /v1/small HTTP/1.1\r\n" HOST KEY "Content-Length: 5\r\n\r\nab");
	while (sd_event_run(bed.event, 0) > 0)
		;
	bed_send(&bed, arrived, GET); /* in the socket, not read yet */
	http_drain(bed.http);
	ck_assert(!http_is_idle(bed.http));
	bed_await_end(&bed, idle);
	bed_receive(&bed, arrived, &a);
	check_status(&a, 200);
	bed_send(&bed, newcomer, GET);
	bed_receive(&bed, newcomer, &a);
	check_status(&a, 200);
	bed_send(&bed, begun, "cde");
	bed_receive(&bed, begun, &a);
	check_status(&a, 200);
	ck_assert_ptr_nonnull(strstr(a.head, "Connection: close"));
	bed_await_end(&bed, begun);
	while (!http_is_idle(bed.http))
		bed_turn(&bed);
	ck_assert_uint_eq(http_counters(bed.http)->connections, 0);
	close(idle);
	close(begun);
	close(arrived);
	close(newcomer);
	bed_close(&bed);
}
END_TEST

START_TEST(draining_waits_for_the_lines_of_those_who_were_accepted)
{
	static struct answer a;
	int newcomer;

	start_with_lines(60000);
	newcomer = bed_connect(&bed);
	while (http_counters(bed.http)->connections == 0)
		bed_turn(&bed);
	http_drain(bed.http);
	ck_assert(!http_is_idle(bed.http));
	bed_send(&bed, newcomer, LINE GET);
	bed_receive(&bed, newcomer, &a);
	check_status(&a, 200);
	bed_await_end(&bed, newcomer);
	ck_assert(http_is_idle(bed.http));
	close(newcomer);
	bed_close(&bed);
}
END_TEST

START_TEST(freeing_closes_what_is_left)
{
	char byte;
	int waiting, reading;

	start_with_lines(60000);
	waiting = bed_connect(&bed);
	reading = bed_connect(&bed);
	bed_send(&bed, reading,
			LINE "POST /v1/small HTTP/1.1\r\n" HOST KEY "Content-Length: 5\r\n\r\nab");
	while (sd_event_run(bed.event, 0) > 0)
		;
	ck_assert_uint_eq(http_counters(bed.http)->connections, 2);
	bed_close(&bed);
	ck_assert_int_le(recv(waiting, &byte, 1, 0), 0);
	ck_assert_int_le(recv(reading, &byte, 1, 0), 0);
	close(waiting);
	close(reading);
}
END_TEST

/* --- what one circuit may take ------------------------------------------ */

START_TEST(a_circuit_that_asks_too_much_gets_429_and_others_do_not)
{
	static struct answer a;
	int fd;

	start_with_budget(8, 3);
	fd = bed_connect(&bed);
	bed_send(&bed, fd, LINE);
	for (int i = 0; i < 2; i++) {
		bed_send(&bed, fd, GET);
		bed_receive(&bed, fd, &a);
		check_status(&a, 200);
	}
	check_status(bed_ask(&bed, LINE "GET /v1/nothing HTTP/1.1\r\n" HOST "\r\n"), 404);
	bed_send(&bed, fd, GET GET);
	bed_receive(&bed, fd, &a);
	check_status(&a, 429);
	ck_assert_ptr_nonnull(strstr(a.head, "Retry-After: 5"));
	ck_assert_ptr_nonnull(strstr(a.head, "Connection: close"));
	ck_assert_ptr_nonnull(strstr(a.body, "urn:sotto:problem:too-many-requests"));
	bed_await_end(&bed, fd);
	close(fd);
	check_status(bed_ask(&bed, LINE GET), 429);
	check_status(bed_ask(&bed, OTHER_LINE GET), 200);
	ck_assert_uint_eq(http_counters(bed.http)->over_requests, 2);
	bed_close(&bed);
}
END_TEST

START_TEST(what_is_wrong_anyhow_is_charged_too_and_told_as_what_it_is)
{
	start_with_budget(8, 1);
	check_status(bed_ask(&bed, LINE "GET /v1/health? HTTP/1.1\r\n" HOST "\r\n"), 400);
	check_status(bed_ask(&bed, LINE GET), 429);
	check_status(bed_ask(&bed,
				     LINE "POST /v1/small HTTP/1.1\r\n" HOST KEY
					  "Transfer-Encoding: chunked\r\n\r\n"),
			411);
	check_status(bed_ask(&bed,
				     LINE "POST /v1/small HTTP/1.1\r\n" HOST KEY
					  "Content-Length: 5\r\n\r\nabcde"),
			429);
	bed_close(&bed);
}
END_TEST

START_TEST(a_circuits_tokens_come_back)
{
	bed_init(&bed);
	bed.options.circuit_line = CIRCUIT_REQUIRED;
	bed.options.circuit_requests = 60;
	bed.options.circuit_burst = 1;
	bed_open(&bed);
	while (bed_ask(&bed, LINE GET)->status != 429)
		;
	while (bed_ask(&bed, LINE GET)->status != 200)
		;
	bed_close(&bed);
}
END_TEST

START_TEST(a_circuit_has_so_many_connections_and_others_have_theirs)
{
	static struct answer a;
	int fds[2];

	start_with_budget(2, 100);
	for (int i = 0; i < 2; i++) {
		fds[i] = bed_connect(&bed);
		bed_send(&bed, fds[i], LINE GET);
		bed_receive(&bed, fds[i], &a);
		check_status(&a, 200);
	}
	ck_assert_uint_eq(bed_ask(&bed, LINE GET)->len, 0);
	check_status(bed_ask(&bed, OTHER_LINE GET), 200);
	ck_assert_uint_eq(http_counters(bed.http)->over_connections, 1);
	close(fds[0]);
	while (http_counters(bed.http)->connections > 1)
		bed_turn(&bed);
	check_status(bed_ask(&bed, LINE GET), 200);
	close(fds[1]);
	bed_close(&bed);
}
END_TEST

/* The only way to see a full table here: 4 rows, and tokens that take a minute to come back. */
START_TEST(where_no_row_is_free_newcomers_are_closed_and_the_rest_is_served)
{
	char request[128];

	bed_init(&bed);
	bed.options.circuit_line = CIRCUIT_REQUIRED;
	bed.options.max_connections = 1;
	bed.options.circuit_requests = 1;
	bed.options.circuit_burst = 1000000;
	bed_open(&bed);
	for (int circuit = 1; circuit <= BUDGET_ROWS_PER_CONNECTION; circuit++) {
		snprintf(request, sizeof request,
				"PROXY TCP6 fc00:dead:beef:4dad::0:%x ::1 %d 7001\r\n" GET, circuit,
				circuit);
		for (int i = 0; i < 3; i++) /* held longer than this test may take */
			check_status(bed_ask(&bed, request), 200);
	}
	ck_assert_uint_eq(bed_ask(&bed, LINE GET)->len, 0);
	ck_assert_uint_eq(http_counters(bed.http)->over_circuits, 1);
	check_status(bed_ask(&bed, request), 200);
	bed_close(&bed);
}
END_TEST

START_TEST(without_lines_there_are_no_budgets)
{
	bed_init(&bed);
	bed.options.circuit_connections = 1;
	bed.options.circuit_requests = 1;
	bed.options.circuit_burst = 1;
	bed_open(&bed);
	for (int i = 0; i < 10; i++)
		check_status(bed_ask(&bed, GET), 200);
	bed_close(&bed);
}
END_TEST

UNIT("listener", the_circuit_line_may_come_glued_or_byte_by_byte,
		without_a_good_line_the_connection_ends_unanswered,
		a_line_is_not_taken_where_none_is_expected, whatever_is_slow_ends_at_the_deadline,
		a_dripping_header_ends_at_the_deadline, a_dripping_body_ends_at_the_deadline,
		a_reply_gives_time_for_the_next_request, who_does_not_read_replies_is_ended_too,
		above_the_limit_newcomers_wait_until_one_leaves,
		at_the_limit_the_silent_make_room_and_the_busy_stay,
		clients_that_leave_midway_leave_nothing,
		draining_ends_idle_connections_and_answers_what_has_begun,
		draining_waits_for_the_lines_of_those_who_were_accepted,
		freeing_closes_what_is_left,
		a_circuit_that_asks_too_much_gets_429_and_others_do_not,
		what_is_wrong_anyhow_is_charged_too_and_told_as_what_it_is,
		a_circuits_tokens_come_back,
		a_circuit_has_so_many_connections_and_others_have_theirs,
		where_no_row_is_free_newcomers_are_closed_and_the_rest_is_served,
		without_lines_there_are_no_budgets)
