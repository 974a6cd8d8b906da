/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bodies as they come in, without a connection: rooms, sums, and what is given back. */
#include "tests/unit/unit.h"

#include "libshared/error.h"
#include "libshared/http_private.h"

enum { LARGE = 1 << 20, FIRST = 64 << 10, MANY = 64 };

static const struct route small_route = { .body_bytes = BODY_SMALL_BYTES };
static const struct route large_route = { .body_bytes = LARGE };
static char data[LARGE];

static struct exchange begin(struct http *http, const struct route *route)
{
	return (struct exchange){ .http = http, .rq.route = route };
}

START_TEST(a_body_is_what_came_in_pieces)
{
	static const size_t pieces[] = { 1, 999, FIRST, 1, LARGE - FIRST - 1001 };
	struct http http = { 0 };
	struct exchange ex = begin(&http, &large_route);
	size_t at = 0;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * i >> 7);
	for (size_t i = 0; i < ARRAY_LEN(pieces); at += pieces[i++])
		ck_assert_int_eq(body_take(&ex, data + at, pieces[i]), 0);
	ck_assert_uint_eq(at, LARGE);
	ck_assert_uint_eq(ex.rq.body_len, LARGE);
	ck_assert_mem_eq(ex.rq.body, data, LARGE);
	ck_assert_uint_eq(http.bodies_held, LARGE);
	ck_assert_int_eq(body_take(&ex, data, 1), PROBLEM_BODY_SIZE);
	body_drop(&ex);
	ck_assert_uint_eq(http.bodies_held, 0);
}
END_TEST

START_TEST(who_drips_holds_what_they_sent)
{
	struct http http = { 0 };
	struct exchange ex = begin(&http, &large_route);

	ck_assert_int_eq(body_take(&ex, data, 1), 0);
	ck_assert_uint_eq(http.bodies_held, FIRST);
	ck_assert_int_eq(body_take(&ex, data, FIRST), 0);
	ck_assert_uint_eq(http.bodies_held, 2 * FIRST);
	body_drop(&ex);
}
END_TEST

START_TEST(large_ones_never_hold_more_than_their_share)
{
	struct http http = { 0 };
	struct exchange large[MANY], small = begin(&http, &small_route);
	unsigned n_refused = 0;

	for (unsigned i = 0; i < MANY; i++) {
		int rc;

		large[i] = begin(&http, &large_route);
		rc = body_take(&large[i], data, LARGE);
		ck_assert(rc == 0 || rc == E_BUSY);
		n_refused += rc != 0;
		ck_assert_uint_le(http.bodies_held, BODIES_HELD_MOST);
	}
	ck_assert_uint_eq(n_refused, MANY - BODIES_HELD_MOST / LARGE);
	ck_assert_int_eq(body_take(&small, data, BODY_SMALL_BYTES), 0);
	body_drop(&small);
	for (unsigned i = 0; i < MANY; i++)
		body_drop(&large[i]);
	ck_assert_uint_eq(http.bodies_held, 0);
}
END_TEST

START_TEST(large_replies_wait_for_room)
{
	struct http http = { 0 };
	struct exchange ex = begin(&http, &large_route), next = ex;

	ex.rq.holds = REPLIES_HELD_MOST;
	next.rq.holds = 1;
	ck_assert_int_eq(body_hold_reply(&ex), 0);
	ck_assert_int_eq(body_hold_reply(&next), E_BUSY);
	ck_assert_uint_eq(next.reply_held, 0);
	next.rq.holds = 0;
	ck_assert_int_eq(body_hold_reply(&next), 0);
}
END_TEST

UNIT("body", a_body_is_what_came_in_pieces, who_drips_holds_what_they_sent,
		large_ones_never_hold_more_than_their_share, large_replies_wait_for_room)
