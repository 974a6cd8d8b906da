/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What waits: sealed once, sealed anew after a day, in a session that the peer can still open. */
#include "tests/unit/client/people.h"

enum { DAY_S = 86400 };

static struct parcel waiting(struct person *a, const char *name)
{
	return peek(a, the_contact(a, name).id);
}

static int bundles_taken(const struct person *a)
{
	return a->next_bundle;
}

START_TEST(a_retry_sends_the_same_bytes_for_a_day)
{
	struct parcel first, again;

	set_up();
	add(&alice, "bob", &bob);
	say(&alice, "bob", &bob, "hi");
	first = waiting(&alice, "bob");
	test_now += SEALED_S;
	again = waiting(&alice, "bob");
	ck_assert_mem_eq(first.packet, again.packet, sizeof first.packet);
	ck_assert_mem_eq(first.key, again.key, sizeof first.key);
	tear_down();
}
END_TEST

START_TEST(after_a_day_it_is_sealed_anew_and_counts_once)
{
	struct parcel first, again;

	set_up();
	add(&alice, "bob", &bob);
	pass(&alice, "bob", &bob, "one");
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "answered");
	say(&alice, "bob", &bob, "two");
	first = waiting(&alice, "bob");
	test_now += SEALED_S + 1;
	again = post(&alice);
	ck_assert_mem_ne(first.packet, again.packet, sizeof first.packet);
	ck_assert_mem_ne(first.key, again.key, sizeof first.key);
	ck_assert_int_eq(deliver(&bob, &again), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &first), RECEIVE_DUPLICATE);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE NOT out"), 2);
	tear_down();
}
END_TEST

/* The keys are gone, and with them the envelope ids; the text is still known. */
START_TEST(what_came_long_ago_is_known_by_its_text_s_envelope)
{
	struct parcel first, again;

	set_up();
	add(&alice, "bob", &bob);
	say(&alice, "bob", &bob, "the reply to this deposit was lost");
	first = waiting(&alice, "bob");
	ck_assert_int_eq(deliver(&bob, &first), RECEIVE_NEW);
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM envelope", ""), 0);
	test_now += 60 * DAY_S;
	again = post(&alice);
	ck_assert_int_eq(deliver(&bob, &again), RECEIVE_DUPLICATE);
	tear_down();
}
END_TEST

START_TEST(a_clock_that_was_ahead_seals_anew)
{
	struct parcel first, again;

	set_up();
	add(&alice, "bob", &bob);
	test_now += 3650 * (int64_t)DAY_S;
	say(&alice, "bob", &bob, "in ten years");
	first = waiting(&alice, "bob");
	test_now -= 3650 * (int64_t)DAY_S;
	again = post(&alice);
	ck_assert_mem_ne(first.packet, again.packet, sizeof first.packet);
	ck_assert_int_eq(deliver(&bob, &again), RECEIVE_NEW);
	tear_down();
}
END_TEST

START_TEST(an_unanswered_bundle_serves_for_a_day)
{
	set_up();
	add(&alice, "bob", &bob);
	pass(&alice, "bob", &bob, "one");
	test_now += SEALED_S;
	pass(&alice, "bob", &bob, "two");
	ck_assert_int_eq(bundles_taken(&bob), 1);
	test_now += 1;
	pass(&alice, "bob", &bob, "three");
	ck_assert_int_eq(bundles_taken(&bob), 2);
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "an answer at last");
	test_now += 60 * DAY_S;
	pass(&alice, "bob", &bob, "four");
	ck_assert_int_eq(bundles_taken(&bob), 2);
	tear_down();
}
END_TEST

START_TEST(without_a_bundle_the_old_session_serves_a_day_more)
{
	struct contact c;
	struct parcel parcel;

	set_up();
	add(&alice, "bob", &bob);
	pass(&alice, "bob", &bob, "one");
	test_now += SEALED_S + 1;
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(conversation_send(alice.p, &c, "two"), 0);
	ck_assert_int_eq(outbox_next(&parcel, alice.p, c.id), OUTBOX_NEEDS_BUNDLE);
	ck_assert_int_eq(outbox_without_bundle(alice.p, c.id), 0);
	ck_assert_int_eq(outbox_next(&parcel, alice.p, c.id), 0);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	tear_down();
}
END_TEST

START_TEST(a_large_session_is_replaced)
{
	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "one");
	pass(&bob, "alice", &alice, "two");
	for (int i = 0; i < 700; i++) {
		say(&bob, "alice", &alice, "lost");
		post(&bob);
	}
	pass(&bob, "alice", &alice, "found");
	test_now += SEALED_S + 1;
	ck_assert_int_eq(bundles_taken(&bob), 1);
	pass(&alice, "bob", &bob, "in a new session");
	ck_assert_int_eq(bundles_taken(&bob), 2);
	pass(&bob, "alice", &alice, "where they go on");
	pass(&alice, "bob", &bob, "small again");
	ck_assert_int_eq(bundles_taken(&bob), 2);
	tear_down();
}
END_TEST

/* The library keeps 40 beside the current one; what is known of those it dropped goes too. */
START_TEST(the_last_forty_sessions_are_kept_and_no_more)
{
	enum { SESSIONS = 46, OLDEST = SESSIONS - 41 };
	struct parcel late[SESSIONS];

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	for (int i = 0; i < SESSIONS; i++) {
		ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET renew = 1", ""), 0);
		pass(&alice, "bob", &bob, "begins");
		say(&alice, "bob", &bob, "late");
		late[i] = post(&alice);
	}
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM peer_turn"), 41);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM peer_turn"), 41);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM sealing WHERE turn = 0 AND base NOT "
					 "NULL"),
			41);
	for (int i = 0; i < SESSIONS; i++)
		ck_assert_int_eq(deliver(&bob, &late[i]), i < OLDEST ? RECEIVE_JUNK : RECEIVE_NEW);
	tear_down();
}
END_TEST

START_TEST(when_the_mailbox_is_gone_it_goes_to_the_inbox)
{
	struct parcel parcel, moved;

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "one");
	pass(&bob, "alice", &alice, "two");
	say(&alice, "bob", &bob, "three");
	parcel = waiting(&alice, "bob");
	ck_assert_int_eq(q_run(bob.p->db,
					 "UPDATE mailbox SET deposit = randomblob(32) WHERE kind = "
					 "1",
					 ""),
			0);
	ck_assert_int_eq(outbox_moved(alice.p, &parcel), 0);
	moved = post(&alice);
	ck_assert(!key_equal(&moved.address.deposit, &parcel.address.deposit));
	ck_assert_int_eq(deliver(&bob, &moved), RECEIVE_NEW);
	pass(&bob, "alice", &alice, "here I am");
	pass(&alice, "bob", &bob, "found again");
	tear_down();
}
END_TEST

START_TEST(a_second_setup_under_a_one_time_bundle_is_refused_and_counted)
{
	static const char counted[] = "SELECT count(*) FROM meta WHERE name = 'bundles reused' AND "
				      "value = 1";
	struct person carol;
	struct parcel parcel;

	set_up();
	person_make(&carol);
	add(&alice, "bob", &bob);
	add(&carol, "bob", &bob);
	pass(&alice, "bob", &bob, "hi");
	pass(&alice, "bob", &bob, "the same set-up again is no second one");
	ck_assert_int_eq(count(&bob, counted), 0);
	bob.next_bundle = 0; /* as a dishonest server would */
	say(&carol, "bob", &bob, "me too");
	parcel = post(&carol);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, counted), 1);
	person_end(&carol);
	tear_down();
}
END_TEST

/* SQLite gives the newest row's id again. */
START_TEST(what_was_sent_by_another_process_takes_nothing_else_with_it)
{
	struct parcel first, second;

	set_up();
	add(&alice, "bob", &bob);
	say(&alice, "bob", &bob, "one");
	first = waiting(&alice, "bob");
	ck_assert_int_eq(outbox_done(alice.p, &first), 0);
	say(&alice, "bob", &bob, "two");
	second = waiting(&alice, "bob");
	ck_assert_int_eq(second.id, first.id);
	ck_assert_int_eq(outbox_done(alice.p, &first), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"), 1);
	ck_assert_int_eq(outbox_done(alice.p, &second), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"), 0);
	tear_down();
}
END_TEST

UNIT("outbox", a_retry_sends_the_same_bytes_for_a_day,
		after_a_day_it_is_sealed_anew_and_counts_once,
		what_came_long_ago_is_known_by_its_text_s_envelope,
		a_clock_that_was_ahead_seals_anew, an_unanswered_bundle_serves_for_a_day,
		without_a_bundle_the_old_session_serves_a_day_more, a_large_session_is_replaced,
		the_last_forty_sessions_are_kept_and_no_more,
		when_the_mailbox_is_gone_it_goes_to_the_inbox,
		a_second_setup_under_a_one_time_bundle_is_refused_and_counted,
		what_was_sent_by_another_process_takes_nothing_else_with_it)
