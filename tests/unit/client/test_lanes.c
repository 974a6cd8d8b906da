/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Servers that answer, and one that says nothing until the test lets it. */
#include "client/lib/lanes.h"
#include "tests/unit/client/people.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

enum { SERVERS = 3 * LANES_MOST, SILENT = 0, TURNS = 4 };

static struct net net;
static struct lanes *lanes;
static atomic_bool released;
static atomic_int asked[SERVERS], at_once, most_at_once;
static int hangs_fd; /* readable once something hangs */

static int carry_out(struct net *n, const struct ask *ask, struct answer *out)
{
	const int server = ask->onion[0];
	int now = atomic_fetch_add(&at_once, 1) + 1, most = atomic_load(&most_at_once);

	(void)out;
	ck_assert_int_eq(atomic_fetch_add(&asked[server], 1), 0); /* nobody else is asking it */
	while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now)) {
	}
	if (server == SILENT) {
		(void)!eventfd_write(hangs_fd, 1);
		while (!atomic_load(&released) && !net_is_stopped(n))
			poll(NULL, 0, 1);
	}
	atomic_fetch_sub(&asked[server], 1);
	atomic_fetch_sub(&at_once, 1);
	return E_NET;
}

static int64_t no_time(void)
{
	return 100;
}

static void open_lanes(void)
{
	struct lanes_of of = { .net = &net };

	set_up();
	atomic_store(&released, false); /* with CK_FORK=no the tests share it */
	of.dir = alice.dir;
	of.vault = &alice.p->vault;
	ck_assert_int_eq(net_open(&net, "127.0.0.1:1", true), 0);
	net.carry = carry_out;
	net.up_s = no_time;
	hangs_fd = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_ge(hangs_fd, 0);
	ck_assert_int_eq(lanes_open(&lanes, &of), 0);
}

static void close_lanes(void)
{
	lanes_close(lanes);
	close(hangs_fd);
	net_close(&net);
	tear_down();
}

static void add_errand(enum errand_kind kind, int server)
{
	const uint8_t onion[ONION_KEY_BYTES] = { (uint8_t)server };
	struct own_mailbox box = { .id = 1 };
	struct errand *e;

	memcpy(box.onion, onion, sizeof onion);
	ck_assert_int_eq(errand_new(&e, kind, onion, &box, 1), 0);
	e->owner = asked;
	ck_assert_int_eq(lanes_add(lanes, e), 0);
}

static void wait_until_it_hangs(void)
{
	eventfd_t n;

	ck_assert_int_eq(eventfd_read(hangs_fd, &n), 0);
}

/* Which server's errand is the next that is done, and of which kind. */
static int next_done(enum errand_kind *out_kind)
{
	struct pollfd fd = { lanes_fd(lanes), POLLIN, 0 };
	struct errand *e;
	int server;

	while (!(e = lanes_done(lanes)))
		ck_assert_int_eq(poll(&fd, 1, -1), 1);
	ck_assert_ptr_eq(e->owner, asked);
	server = e->onion[0];
	if (out_kind)
		*out_kind = e->kind;
	errand_free(e);
	return server;
}

START_TEST(one_that_is_silent_holds_up_no_other)
{
	open_lanes();
	add_errand(ERRAND_FETCH, SILENT);
	wait_until_it_hangs();
	add_errand(ERRAND_FETCH, SILENT);
	for (int server = 1; server < LANES_MOST; server++)
		add_errand(ERRAND_FETCH, server);
	for (int i = 1; i < LANES_MOST; i++)
		ck_assert_int_ne(next_done(NULL), SILENT);
	ck_assert_ptr_null(lanes_done(lanes));
	atomic_store(&released, true);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(next_done(NULL), SILENT);
	close_lanes();
}
END_TEST

/* However many there are; none is asked twice at once. */
START_TEST(each_of_many_servers_has_its_turn)
{
	int n[SERVERS] = { 0 };

	open_lanes();
	add_errand(ERRAND_FETCH, SILENT);
	wait_until_it_hangs();
	for (int i = 0; i < TURNS; i++)
		for (int server = 1; server < SERVERS; server++)
			add_errand(ERRAND_FETCH, server);
	for (int i = 0; i < TURNS * (SERVERS - 1); i++)
		n[next_done(NULL)]++;
	for (int server = 1; server < SERVERS; server++)
		ck_assert_int_eq(n[server], TURNS);
	ck_assert_int_le(atomic_load(&most_at_once), LANES_MOST);
	close_lanes();
}
END_TEST

START_TEST(what_is_for_all_of_a_server_waits_once_and_what_was_written_goes_first)
{
	enum errand_kind kind;

	open_lanes();
	add_errand(ERRAND_FETCH, SILENT);
	wait_until_it_hangs();
	add_errand(ERRAND_SESSION, SILENT);
	for (int i = 0; i < 3; i++) {
		add_errand(ERRAND_KEEP, SILENT);
		add_errand(ERRAND_FLUSH, SILENT);
	}
	atomic_store(&released, true);
	ck_assert_int_eq(next_done(&kind), SILENT);
	ck_assert_int_eq(kind, ERRAND_FETCH);
	ck_assert_int_eq(next_done(&kind), SILENT);
	ck_assert_int_eq(kind, ERRAND_FLUSH);
	ck_assert_int_eq(next_done(&kind), SILENT);
	ck_assert_int_eq(kind, ERRAND_SESSION);
	ck_assert_int_eq(next_done(&kind), SILENT);
	ck_assert_int_eq(kind, ERRAND_KEEP);
	ck_assert_ptr_null(lanes_done(lanes));
	close_lanes();
}
END_TEST

START_TEST(the_end_waits_for_nobody)
{
	open_lanes();
	add_errand(ERRAND_FETCH, SILENT);
	wait_until_it_hangs();
	add_errand(ERRAND_FETCH, SILENT);
	add_errand(ERRAND_FETCH, 1);
	close_lanes();
	ck_assert(!atomic_load(&released));
}
END_TEST

UNIT("lanes", one_that_is_silent_holds_up_no_other, each_of_many_servers_has_its_turn,
		what_is_for_all_of_a_server_waits_once_and_what_was_written_goes_first,
		the_end_waits_for_nobody)
