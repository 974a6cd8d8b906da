/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* In which order, how far apart and over which circuits mailboxes are read. */
#include "client/lib/spread.h"
#include "client/lib/sync.h"
#include "client/lib/upkeep.h"
#include "tests/unit/client/shop.h"

enum { CONTACTS = 12, BOXES = CONTACTS + 1, TURNS = 40 };

static struct person anna;
static struct shop shop;
static struct net net;
static uint8_t order[BOXES][MAILBOX_ID_BYTES]; /* as read */
static char circuits[BOXES][33];
static unsigned n_read, n_paused, n_shown;
static int64_t paused_ms, least_ms, most_ms;
static int answer_of, pause_of;

static int64_t no_time(void)
{
	return 1;
}

/* All mailboxes are empty. */
static int serve(struct net *n, const struct ask *ask, struct answer *out)
{
	answer_clear(out);
	if (answer_of)
		return answer_of;
	if (strcmp(ask->path, "/v1/server") == 0)
		return shop_describe(&shop, ask, out);
	if (strcmp(ask->method, "GET") != 0 || ask->circuit.id_len != MAILBOX_ID_BYTES)
		return E_NET; /* what else upkeep does */
	ck_assert_uint_lt(n_read, BOXES);
	memcpy(order[n_read], ask->circuit.id, MAILBOX_ID_BYTES);
	net_circuit_name(circuits[n_read++], n, &ask->circuit);
	out->status = 200;
	out->len = FETCH_BYTES;
	out->body = calloc(1, FETCH_BYTES);
	memset(out->nonce, 'A', NONCE_TEXT);
	return 0;
}

static int pause_for(struct net *n, int64_t ms)
{
	(void)n;
	ck_assert_uint_eq(n_read, n_paused + 1); /* one between two */
	n_paused++;
	paused_ms += ms;
	least_ms = ms < least_ms ? ms : least_ms;
	most_ms = ms > most_ms ? ms : most_ms;
	return pause_of;
}

static void on_reading(void *userdata, uint32_t done, uint32_t of)
{
	ck_assert_ptr_eq(userdata, &shop);
	ck_assert_uint_eq(done, ++n_shown);
	ck_assert_uint_eq(of, BOXES);
}

static void setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	person_make(&anna);
	for (int i = 1; i <= CONTACTS; i++)
		ck_assert_int_eq(q_run(anna.p->db,
						 "INSERT INTO mailbox (kind, made, contact, "
						 "owner_secret, deposit, request, home) VALUES (1, "
						 "1, ?, randomblob(32), randomblob(32), "
						 "randomblob(16), 1)",
						 "i", (int64_t)i),
				0);
	shop_open(&shop);
	memset(&net, 0, sizeof net);
	net.carry = serve;
	net.pause = pause_for;
	net.up_s = no_time;
	net.on_reading = on_reading;
	net.on_reading_userdata = &shop;
	key_random(&net.secret);
	answer_of = pause_of = 0;
}

static void end(void)
{
	person_end(&anna);
}

static int fetch(enum sync_pace pace)
{
	unsigned n_new;

	n_read = n_paused = n_shown = 0;
	paused_ms = most_ms = 0;
	least_ms = SPREAD_ALL_MS;
	return sync_fetch(&net, anna.p, pace, &n_new);
}

/* Where in the last turn a mailbox was read. */
static unsigned place_of(int64_t id)
{
	struct own_mailbox m;
	unsigned i = 0;

	ck_assert_int_eq(mailbox_next(&m, anna.p, id - 1), 0);
	while (i < n_read && memcmp(order[i], m.mailbox, MAILBOX_ID_BYTES) != 0)
		i++;
	return i;
}

START_TEST(each_turn_has_an_order_of_its_own_with_the_inbox_first)
{
	unsigned n_first[BOXES + 1] = { 0 }, n_kinds = 0;

	setup();
	for (int turn = 0; turn < TURNS; turn++) {
		ck_assert_int_eq(fetch(SYNC_AT_ONCE), 0);
		ck_assert_uint_eq(n_read, BOXES);
		ck_assert_uint_eq(place_of(1), 0);
		for (int64_t id = 2; id <= BOXES; id++)
			n_first[id] += place_of(id) == 1;
	}
	for (int id = 2; id <= BOXES; id++)
		n_kinds += n_first[id] > 0;
	ck_assert_uint_gt(n_kinds, CONTACTS / 3);
	end();
}
END_TEST

START_TEST(mailboxes_of_one_contact_are_read_in_the_order_in_which_they_were_made)
{
	setup();
	ck_assert_int_eq(q_run(anna.p->db, "UPDATE mailbox SET contact = 1 WHERE kind = 1", ""), 0);
	for (int turn = 0; turn < TURNS; turn++) {
		ck_assert_int_eq(fetch(SYNC_AT_ONCE), 0);
		for (int64_t id = 1; id <= BOXES; id++)
			ck_assert_uint_eq(place_of(id), (unsigned)id - 1);
	}
	end();
}
END_TEST

START_TEST(no_two_mailboxes_share_a_circuit)
{
	setup();
	ck_assert_int_eq(fetch(SYNC_AT_ONCE), 0);
	for (unsigned i = 0; i < n_read; i++)
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(circuits[i], circuits[j]);
	end();
}
END_TEST

START_TEST(between_two_is_a_gap_at_random_and_all_of_them_take_twenty_seconds_at_most)
{
	int64_t first = 0, n_other = 0;

	setup();
	for (int turn = 0; turn < TURNS; turn++) {
		ck_assert_int_eq(fetch(SYNC_SPREAD), 0);
		ck_assert_uint_eq(n_paused, BOXES - 1);
		ck_assert_uint_eq(n_shown, BOXES - 1);
		ck_assert_int_le(paused_ms, SPREAD_ALL_MS);
		ck_assert_int_ge(least_ms, SPREAD_ALL_MS / CONTACTS / SPREAD_LEAST_PART);
		ck_assert_int_gt(most_ms, least_ms);
		first = first ? first : paused_ms;
		n_other += paused_ms != first;
	}
	ck_assert_int_gt(n_other, TURNS / 2);
	for (int i = 0; i < 1000; i++) { /* of few, and of very many */
		ck_assert_int_ge(spread_gap_ms(2), SPREAD_GAP_MS / SPREAD_LEAST_PART);
		ck_assert_int_le(spread_gap_ms(2), SPREAD_GAP_MS);
		ck_assert_int_le(spread_gap_ms(100000), 1);
	}
	end();
}
END_TEST

START_TEST(who_wants_it_now_or_is_fast_waits_for_nothing)
{
	setup();
	ck_assert_int_eq(fetch(SYNC_AT_ONCE), 0);
	ck_assert_uint_eq(n_read, BOXES);
	ck_assert_uint_eq(n_paused + n_shown, 0);
	net.fast = true;
	ck_assert_int_eq(fetch(SYNC_SPREAD), 0);
	ck_assert_uint_eq(n_read, BOXES);
	ck_assert_uint_eq(n_paused + n_shown, 0);
	end();
}
END_TEST

START_TEST(where_there_is_no_way_it_is_told_at_once)
{
	setup();
	answer_of = E_NET;
	ck_assert_int_eq(fetch(SYNC_SPREAD), E_NET);
	ck_assert_uint_eq(n_paused, 0);
	end();
}
END_TEST

START_TEST(who_is_stopped_in_a_gap_reads_no_further)
{
	setup();
	pause_of = E_NET;
	ck_assert_int_eq(fetch(SYNC_SPREAD), E_NET);
	ck_assert_uint_eq(n_read, 1);
	end();
}
END_TEST

/* Those beyond the live ones, which a watch looks at every minute. */
START_TEST(what_is_polled_is_read_once_in_five_to_ten_minutes_at_times_of_its_own)
{
	unsigned n_new, n_before, n_times = 0;

	setup();
	ck_assert_int_eq(fetch(SYNC_AT_ONCE), 0);
	n_read = 0;
	for (int minute = 1; minute <= 11; minute++) {
		n_before = n_read;
		test_now += 60;
		ck_assert_int_lt(upkeep_tick(&net, anna.p, &n_new), 1);
		ck_assert(minute >= 5 || n_read == 0);
		n_times += n_read > n_before;
	}
	ck_assert_uint_eq(n_read, BOXES);
	ck_assert_uint_gt(n_times, 1);
	end();
}
END_TEST

/* --- what the server does not know ------------------------------------------ */

static const char *meanwhile; /* as a command beside does */
static unsigned n_made;

static int knows_none(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	answer_clear(out);
	if (strcmp(ask->path, "/v1/server") == 0)
		return shop_describe(&shop, ask, out);
	if (strcmp(ask->method, "GET") != 0) {
		n_made++;
		return E_NET;
	}
	ck_assert_int_eq(q_run(anna.p->db, meanwhile, ""), 0);
	out->status = 404;
	memset(out->nonce, 'A', NONCE_TEXT);
	return 0;
}

static int fetch_lost(const char *sql)
{
	struct own_mailbox m;
	unsigned n_new = 0;

	meanwhile = sql;
	n_made = 0;
	net.carry = knows_none;
	ck_assert_int_eq(mailbox_next(&m, anna.p, 1), 0);
	ck_assert_int_eq(m.contact, 1);
	return sync_fetch_one(&net, anna.p, &m, &n_new);
}

START_TEST(what_the_server_has_lost_is_made_again_unless_it_was_ended_meanwhile)
{
	setup();
	ck_assert_int_eq(fetch_lost("SELECT 1"), E_NET);
	ck_assert_uint_gt(n_made, 0);
	ck_assert_int_eq(
			fetch_lost("UPDATE mailbox SET kind = 3, contact = NULL WHERE contact = 1"),
			0);
	ck_assert_uint_eq(n_made, 0);
	ck_assert_int_eq(q_run(anna.p->db, "UPDATE mailbox SET kind = 1, contact = 1 WHERE id = 2",
					 ""),
			0);
	ck_assert_int_eq(fetch_lost("DELETE FROM mailbox WHERE contact = 1"), 0);
	ck_assert_uint_eq(n_made, 0);
	end();
}
END_TEST

UNIT("spread", what_is_polled_is_read_once_in_five_to_ten_minutes_at_times_of_its_own,
		each_turn_has_an_order_of_its_own_with_the_inbox_first,
		mailboxes_of_one_contact_are_read_in_the_order_in_which_they_were_made,
		no_two_mailboxes_share_a_circuit,
		between_two_is_a_gap_at_random_and_all_of_them_take_twenty_seconds_at_most,
		who_wants_it_now_or_is_fast_waits_for_nothing,
		where_there_is_no_way_it_is_told_at_once, who_is_stopped_in_a_gap_reads_no_further,
		what_the_server_has_lost_is_made_again_unless_it_was_ended_meanwhile)
