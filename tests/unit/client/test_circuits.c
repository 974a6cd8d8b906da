/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which requests share a circuit, and for how long. */
#include "client/lib/net.h"
#include "libshared/error.h"
#include "tests/unit/unit.h"

enum { ADDRESSES = 50, HOURS = 6, MINUTE_S = 60 };

static struct net net;
static int64_t now_s;

static int64_t clock_s(void)
{
	return now_s;
}

static void setup(void)
{
	key_random(&net.secret);
	net.up_s = clock_s;
	now_s = 100000;
}

static const char *name(const char *purpose, int id, bool renews)
{
	static char names[2][33];
	static unsigned turn;
	const struct circuit circuit = { purpose, &id, sizeof id, renews };
	char *out = names[turn++ % 2];

	net_circuit_name(out, &net, &circuit);
	return out;
}

START_TEST(another_purpose_or_id_is_another_circuit)
{
	setup();
	ck_assert_str_eq(name("write", 1, true), name("write", 1, true));
	ck_assert_str_ne(name("write", 1, true), name("write", 2, true));
	ck_assert_str_ne(name("write", 1, true), name("take", 1, true));
	ck_assert_str_ne(name("read", 1, false), name("write", 1, true));
}
END_TEST

START_TEST(reading_goes_on_over_the_same_circuit)
{
	char first[33];

	setup();
	snprintf(first, sizeof first, "%s", name("read", 1, false));
	now_s += HOURS * 60 * MINUTE_S;
	ck_assert_str_eq(name("read", 1, false), first);
}
END_TEST

/* Not all at one time, else the times would join them. */
START_TEST(writing_takes_a_new_one_after_ten_to_sixty_minutes)
{
	int64_t renewed[ADDRESSES];
	unsigned n_alone = 0;

	setup();
	for (int id = 0; id < ADDRESSES; id++) {
		char last[33];
		int64_t since = 0;

		now_s = 100000;
		renewed[id] = 0;
		snprintf(last, sizeof last, "%s", name("write", id, true));
		for (; now_s < 100000 + HOURS * 60 * MINUTE_S; now_s++) {
			if (strcmp(name("write", id, true), last) == 0) {
				ck_assert_int_le(now_s - (since ? since : 100000), 3600);
				continue;
			}
			ck_assert(!since || now_s - since >= 600);
			since = now_s;
			renewed[id] = renewed[id] ? renewed[id] : now_s;
			snprintf(last, sizeof last, "%s", name("write", id, true));
		}
		ck_assert_int_ne(since, 0);
	}
	for (int id = 1; id < ADDRESSES; id++)
		n_alone += renewed[id] != renewed[0];
	ck_assert_uint_gt(n_alone, ADDRESSES / 2);
}
END_TEST

/* --- servers that are away ------------------------------------------------ */

static int n_tried, answer_of, takes_s;

static int carry(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	(void)ask;
	out->status = 200;
	n_tried++;
	now_s += takes_s;
	return answer_of;
}

static int tries(const uint8_t *onion)
{
	const struct ask ask = { .onion = onion, .method = "GET", .path = "/" };
	struct answer answer;
	const int before = n_tried;

	ck_assert_int_eq(net_ask(&net, &ask, &answer), n_tried > before ? answer_of : E_NET);
	return n_tried - before;
}

START_TEST(a_server_that_is_away_holds_up_no_other_and_is_tried_again)
{
	static const uint8_t dead[ONION_KEY_BYTES] = { 1 }, good[ONION_KEY_BYTES] = { 2 };

	setup();
	net.carry = carry;
	answer_of = E_NET;
	takes_s = 60;
	ck_assert(!net_is_silent(&net, dead));
	ck_assert_int_eq(tries(dead), 1);
	ck_assert_int_eq(tries(dead), 1); /* the first may have been a circuit's fault */
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(tries(dead), 0);
	ck_assert(net_is_silent(&net, dead));
	answer_of = takes_s = 0;
	ck_assert_int_eq(tries(good), 1);
	ck_assert_int_eq(tries(dead), 0);
	net.insists = true;
	answer_of = E_NET;
	takes_s = 60;
	ck_assert_int_eq(tries(dead), 1);
	net.insists = false;
	now_s += 600;
	ck_assert_int_eq(tries(dead), 1);
	ck_assert_int_eq(tries(dead), 0);
	now_s += 600;
	answer_of = 0;
	ck_assert_int_eq(tries(dead), 1);
	ck_assert_int_eq(tries(dead), 1);
	ck_assert(!net_is_silent(&net, dead));
}
END_TEST

START_TEST(what_fails_at_once_is_always_tried_again)
{
	static const uint8_t onion[ONION_KEY_BYTES] = { 1 };

	setup();
	net.carry = carry;
	answer_of = E_NET; /* as when there is no Tor */
	takes_s = 0;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(tries(onion), 1);
	ck_assert(net_is_silent(&net, onion));
}
END_TEST

UNIT("circuits", a_server_that_is_away_holds_up_no_other_and_is_tried_again,
		what_fails_at_once_is_always_tried_again, another_purpose_or_id_is_another_circuit,
		reading_goes_on_over_the_same_circuit,
		writing_takes_a_new_one_after_ten_to_sixty_minutes)
