/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is lost is asked for and sent again, once; what cannot be had is let go. */
#include "tests/unit/client/mend.h"

#include "client/lib/loss.h"

enum { DAY_S = 86400 };

START_TEST(a_gap_is_asked_for_and_filled)
{
	meet();
	lose(&alice, "bob", &bob, "two");
	lose(&alice, "bob", &bob, "three");
	pass(&alice, "bob", &bob, "four");
	ck_assert_int_eq(count(&bob, "SELECT sum(last - first + 1) FROM missing"), 2);
	settle();
	ck_assert_int_eq(heard(&bob, "two"), 1);
	ck_assert_int_eq(heard(&bob, "three"), 1);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(what_comes_late_after_all_counts_once)
{
	struct parcel late;

	meet();
	say(&alice, "bob", &bob, "two");
	late = post(&alice);
	pass(&alice, "bob", &bob, "three");
	settle();
	ck_assert_int_eq(deliver(&bob, &late), RECEIVE_DUPLICATE);
	ck_assert_int_eq(heard(&bob, "two"), 1);
	tear_down();
}
END_TEST

START_TEST(late_ones_close_their_gaps_in_any_order)
{
	struct parcel late[9];

	meet();
	for (int i = 0; i < 9; i++) {
		say(&alice, "bob", &bob, "x");
		late[i] = post(&alice);
	}
	for (int i = 0; i < 9; i++)
		ck_assert_int_eq(deliver(&bob, &late[(i * 5 + 8) % 9]), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(count(&bob, "SELECT heard FROM contact"), 10);
	tear_down();
}
END_TEST

START_TEST(a_push_overtakes_nothing)
{
	struct parcel waits, early;

	meet();
	say(&alice, "bob", &bob, "two");
	waits = post(&alice);
	say(&alice, "bob", &bob, "three");
	early = post(&alice);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_EARLY);
	ck_assert_int_eq(heard(&bob, "three"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(push_blob(&bob, &waits), RECEIVE_NEW);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_NEW);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_DUPLICATE);
	lose(&alice, "bob", &bob, "four");
	say(&alice, "bob", &bob, "five");
	early = post(&alice);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_EARLY);
	ck_assert_int_eq(deliver(&bob, &early), RECEIVE_NEW); /* nothing else was there */
	ck_assert_int_eq(count(&bob, "SELECT first FROM missing"), 4);
	settle();
	ck_assert_int_eq(heard(&bob, "four"), 1);
	tear_down();
}
END_TEST

/* It has no number of its own, and tells of one that was not heard. */
START_TEST(what_tells_of_a_number_overtakes_nothing)
{
	struct parcel waits, early;

	meet();
	say(&alice, "bob", &bob, "two");
	waits = post(&alice);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET broken = 1", ""), 0);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	early = post(&alice);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_EARLY);
	ck_assert_int_eq(push_blob(&bob, &waits), RECEIVE_NEW);
	ck_assert_int_eq(push_blob(&bob, &early), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(a_lost_tail_shows_with_whatever_comes_next)
{
	meet();
	lose(&alice, "bob", &bob, "the last one");
	lose(&bob, "alice", &alice, "so is this");
	pass(&bob, "alice", &alice, "and this makes alice ask");
	settle();
	ck_assert_int_eq(heard(&bob, "the last one"), 1); /* her ask told her number */
	ck_assert_int_eq(heard(&alice, "so is this"), 1);
	tear_down();
}
END_TEST

START_TEST(what_cannot_be_had_is_let_go)
{
	meet();
	lose(&alice, "bob", &bob, "deleted");
	lose(&alice, "bob", &bob, "two");
	lose(&alice, "bob", &bob, "deleted");
	pass(&alice, "bob", &bob, "three");
	ck_assert_int_eq(q_run(alice.p->db, "DELETE FROM message WHERE text = 'deleted'", ""), 0);
	settle();
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(heard(&bob, "two"), 1);
	tear_down();
}
END_TEST

START_TEST(one_asks_once_an_hour_and_three_times_a_day)
{
	int asks = 0;

	meet();
	lose(&alice, "bob", &bob, "two");
	pass(&alice, "bob", &bob, "three");
	for (int minute = 0; minute < 24 * 60; minute += 10) {
		ck_assert_int_eq(loss_mend(bob.p), 0);
		for (; waiting(&bob); asks++)
			post(&bob); /* lost */
		test_now += 600;
		if (minute == 50)
			ck_assert_int_eq(asks, 1);
	}
	ck_assert_int_eq(asks, LOSS_ASKS_A_DAY);
	test_now += DAY_S;
	settle();
	ck_assert_int_eq(heard(&bob, "two"), 1);
	tear_down();
}
END_TEST

START_TEST(one_answers_once_an_hour)
{
	struct parcel ask, more;

	meet();
	lose(&alice, "bob", &bob, "two");
	pass(&alice, "bob", &bob, "three");
	ck_assert_int_eq(loss_mend(bob.p), 0);
	ask = post(&bob);
	ck_assert_int_eq(deliver(&alice, &ask), RECEIVE_NEW);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	while (waiting(&alice))
		post(&alice); /* lost as well */
	test_now += LOSS_HOUR_S + 1;
	ck_assert_int_eq(loss_mend(bob.p), 0);
	more = post(&bob);
	test_now -= LOSS_HOUR_S;
	ck_assert_int_eq(deliver(&alice, &more), RECEIVE_NEW);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	ck_assert_uint_eq(waiting(&alice), 0);
	test_now += LOSS_HOUR_S;
	ck_assert_int_eq(loss_mend(alice.p), 0);
	ck_assert_uint_gt(waiting(&alice), 0);
	tear_down();
}
END_TEST

/* Both ways, and what the other could not read is had in a new session. */
START_TEST(a_restored_profile_gets_what_it_missed_and_goes_on)
{
	int64_t sent;

	meet();
	pass(&bob, "alice", &alice, "two");
	sent = count(&alice, "SELECT sent FROM contact");
	ck_assert_int_eq(loss_restored(alice.p), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM session"), 0);
	ck_assert_int_ge(count(&alice, "SELECT sent FROM contact"), sent + (1 << 20));
	lose(&bob, "alice", &alice, "three");
	say(&bob, "alice", &alice, "she cannot read that");
	settle();
	pass(&bob, "alice", &alice, "nor is that lost");
	pass(&alice, "bob", &bob, "there you are");
	ck_assert_int_eq(heard(&alice, "three"), 1);
	ck_assert_int_eq(heard(&alice, "she cannot read that"), 1);
	ck_assert_int_eq(heard(&alice, "two"), 1);
	tear_down();
}
END_TEST

/* Nobody said that the profile is an old one: it writes in a session that bob has gone on with. */
START_TEST(an_old_copy_is_found_out_and_nothing_of_it_is_lost)
{
	static const char *const old[] = { "CREATE TABLE old_session AS SELECT * FROM session",
		"CREATE TABLE old_contact AS SELECT * FROM contact" };
	static const char *const back[] = { "DELETE FROM session",
		"INSERT INTO session SELECT * FROM old_session",
		"DELETE FROM message WHERE number > 1",
		"UPDATE contact SET (sent, heard) = (SELECT sent, heard FROM old_contact)",
		"DELETE FROM envelope", "DELETE FROM sealing WHERE turn > 1" };
	struct parcel parcel;

	meet();
	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		ck_assert_int_eq(q_run(alice.p->db, old[i], ""), 0);
	for (int i = 0; i < 5; i++) {
		pass(&alice, "bob", &bob, "forgotten by alice");
		pass(&bob, "alice", &alice, "this too");
	}
	for (size_t i = 0; i < ARRAY_LEN(back); i++)
		ck_assert_int_eq(q_run(alice.p->db, back[i], ""), 0);
	for (int i = 0; i < 2; i++) {
		say(&alice, "bob", &bob, i ? "new two" : "new one");
		parcel = post(&alice);
		ck_assert_int_eq(deliver(&bob, &parcel), i ? RECEIVE_NEW : RECEIVE_JUNK);
	}
	ck_assert_int_eq(count(&bob, "SELECT broken FROM contact"), 1);
	for (int hour = 0; hour < 6; hour++, test_now += 2 * LOSS_HOUR_S)
		settle();
	ck_assert_int_eq(heard(&bob, "new one"), 1);
	ck_assert_int_eq(heard(&bob, "new two"), 1);
	ck_assert_int_eq(heard(&alice, "this too"), 5);
	ck_assert_int_ge(count(&alice, "SELECT sent FROM contact"), 6); /* goes on above */
	pass(&alice, "bob", &bob, "and on");
	pass(&bob, "alice", &alice, "and on");
	tear_down();
}
END_TEST

START_TEST(junk_in_the_inbox_makes_nobody_ask)
{
	struct parcel parcel = { 0 };
	struct own_mailbox box;

	meet();
	ck_assert_int_eq(mailbox_for(&box, bob.p, 0), 0);
	parcel.address.deposit = box.deposit;
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT broken FROM contact"), 0);
	ck_assert_int_eq(mailbox_for(&box, bob.p, the_contact(&bob, "alice").id), 0);
	parcel.address.deposit = box.deposit;
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT broken FROM contact"), 1);
	settle();
	ck_assert_int_eq(count(&bob, "SELECT broken FROM contact"), 0);
	tear_down();
}
END_TEST

/* Whatever a contact's ask or answer holds: no crash, no gap of ours that is not one. */
START_TEST(wild_asks_and_answers_do_no_harm)
{
	struct content m = { .parts = 1 };

	meet();
	for (int i = 0; i < 20000; i++) {
		m.type = i % 2 ? CONTENT_ASK : CONTENT_ANSWER;
		m.number = randombytes_uniform(3);
		m.text_len = (uint16_t)randombytes_uniform(CONTENT_TEXT_MOST + 1);
		randombytes_buf(m.text, m.text_len);
		if (i % 3) { /* of the right form */
			m.text[0] = 0;
			m.text[9] = (char)randombytes_uniform(70);
			m.text_len = (uint16_t)(10 + 16 * m.text[9]);
			if (m.text_len > CONTENT_TEXT_MOST)
				m.text_len = CONTENT_TEXT_MOST;
		}
		ck_assert_int_eq(loss_heard(bob.p, the_contact(&bob, "alice").id, &m), 0);
	}
	ck_assert_int_eq(loss_mend(bob.p), 0);
	ck_assert_int_le(count(&bob, "SELECT count(*) FROM missing"), LOSS_GAPS_MOST);
	tear_down();
}
END_TEST

UNIT("loss", a_gap_is_asked_for_and_filled, what_comes_late_after_all_counts_once,
		late_ones_close_their_gaps_in_any_order, a_push_overtakes_nothing,
		what_tells_of_a_number_overtakes_nothing,
		a_lost_tail_shows_with_whatever_comes_next, what_cannot_be_had_is_let_go,
		one_asks_once_an_hour_and_three_times_a_day, one_answers_once_an_hour,
		a_restored_profile_gets_what_it_missed_and_goes_on,
		an_old_copy_is_found_out_and_nothing_of_it_is_lost,
		junk_in_the_inbox_makes_nobody_ask, wild_asks_and_answers_do_no_harm)
