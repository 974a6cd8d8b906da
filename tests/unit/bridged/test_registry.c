/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* registry.c: who is live. */
#include "services/bridged/registry.h"

#include "tests/unit/unit.h"

static struct session_wish wish(uint8_t name, unsigned n)
{
	struct session_wish w = { .n_ids = n };

	memset(w.id, name, sizeof w.id);
	for (unsigned i = 0; i < n; i++)
		memset(w.ids[i], (int)(100 + i), sizeof w.ids[i]);
	return w;
}

static unsigned holders(const struct registry *r, const uint8_t *id)
{
	unsigned n = 0;

	for (struct holding *h = registry_holding(r, id); h; h = registry_holding_next(h))
		n++;
	return n;
}

START_TEST(finds_a_session_by_id_and_by_each_thing_it_holds)
{
	CLEANUP(registry_free) struct registry *r = NULL;
	struct session_wish w = wish(1, SESSION_MAILBOXES);
	uint8_t other[MAILBOX_ID_BYTES] = { 0 };
	struct session *s;

	ck_assert_int_eq(registry_new(&r, 4), 0);
	ck_assert_int_eq(registry_put(r, &w, &s), 0);
	ck_assert_ptr_eq(registry_find(r, w.id), s);
	for (unsigned i = 0; i < SESSION_MAILBOXES; i++) {
		ck_assert_uint_eq(holders(r, w.ids[i]), 1);
		ck_assert(session_holds(s, w.ids[i]));
	}
	ck_assert_uint_eq(holders(r, other), 0);
	ck_assert(!session_holds(s, other));
}
END_TEST

START_TEST(the_same_id_is_the_same_session_and_not_a_second_place)
{
	CLEANUP(registry_free) struct registry *r = NULL;
	struct session_wish w = wish(1, 2);
	struct session *a, *b;

	ck_assert_int_eq(registry_new(&r, 1), 0);
	ck_assert_int_eq(registry_put(r, &w, &a), 0);
	ck_assert_int_eq(registry_put(r, &w, &b), 0);
	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(registry_count(r), 1);
}
END_TEST

START_TEST(is_full_at_its_limit_and_has_room_after_a_removal)
{
	CLEANUP(registry_free) struct registry *r = NULL;
	struct session_wish first = wish(1, 1), second = wish(2, 1);
	struct session *s;

	ck_assert_int_eq(registry_new(&r, 1), 0);
	ck_assert_int_eq(registry_put(r, &first, &s), 0);
	ck_assert_int_eq(registry_put(r, &second, &s), REGISTRY_FULL);
	registry_remove(r, registry_find(r, first.id));
	ck_assert_ptr_null(registry_find(r, first.id));
	ck_assert_uint_eq(holders(r, first.ids[0]), 0);
	ck_assert_int_eq(registry_put(r, &second, &s), 0);
}
END_TEST

START_TEST(several_sessions_may_hold_one_mailbox_and_leave_in_any_order)
{
	CLEANUP(registry_free) struct registry *r = NULL;
	struct session *s;

	ck_assert_int_eq(registry_new(&r, 100), 0);
	for (uint8_t i = 1; i <= 50; i++) {
		struct session_wish w = wish(i, 3);

		ck_assert_int_eq(registry_put(r, &w, &s), 0);
	}
	for (uint8_t i = 50; i >= 1; i -= 2) { /* every second one, from the middle of every list */
		struct session_wish w = wish(i, 3);

		ck_assert_uint_eq(holders(r, w.ids[2]), 25u + i / 2u);
		registry_remove(r, registry_find(r, w.id));
		if (i == 2)
			break;
	}
	ck_assert_uint_eq(registry_count(r), 25);
}
END_TEST

START_TEST(a_mailbox_in_too_many_sessions_displaces_the_one_renewed_longest_ago)
{
	CLEANUP(registry_free) struct registry *r = NULL;
	struct session_wish again = wish(1, 2), next = wish(HOLDERS_MOST + 1, 3),
			    other = wish(99, 1);
	struct session *s;

	memset(other.ids[0], 7, sizeof other.ids[0]);
	ck_assert_int_eq(registry_new(&r, 100), 0);
	for (uint8_t i = 1; i <= HOLDERS_MOST; i++) {
		struct session_wish w = wish(i, 2);

		ck_assert_ptr_null(registry_displaced(r, &w));
		ck_assert_int_eq(registry_put(r, &w, &s), 0);
		s->since_us = i == 3 ? 5 : 10 + i; /* the third was renewed longest ago */
	}
	ck_assert_ptr_null(registry_displaced(r, &again)); /* a renewal takes no place */
	ck_assert_ptr_null(registry_displaced(r, &other));
	s = registry_displaced(r, &next);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(s->since_us, 5);
	registry_remove(r, s);
	ck_assert_ptr_null(registry_displaced(r, &next));
}
END_TEST

UNIT("registry", a_mailbox_in_too_many_sessions_displaces_the_one_renewed_longest_ago,
		finds_a_session_by_id_and_by_each_thing_it_holds,
		the_same_id_is_the_same_session_and_not_a_second_place,
		is_full_at_its_limit_and_has_room_after_a_removal,
		several_sessions_may_hold_one_mailbox_and_leave_in_any_order)
