/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Generations of bundles: what of an old one dies, and when; spare mailboxes; the end of a contact. */
#include "tests/unit/client/people.h"

#include "client/lib/plan.h"

enum { DAY_S = 86400 };

static const char unused[] = "SELECT count(*) FROM sealing WHERE turn = 0 AND base IS NULL";

static void all_seen_empty(struct person *a)
{
	struct own_mailbox box = { .id = 0 };

	while (mailbox_next(&box, a->p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(a->p, &box), 0);
}

static void renew(struct person *a, uint32_t generation)
{
	ck_assert_int_eq(bundle_make_batch(a->p, &a->p->home, &a->bundles, generation), 0);
	a->next_bundle = 0;
}

START_TEST(an_old_generation_dies_quiet_after_the_new_one_was_confirmed)
{
	set_up();
	ck_assert_int_eq(count(&alice, unused), BUNDLES_PER_PUT + 1);
	renew(&alice, 2);
	test_now += 60 * DAY_S;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), 2 * (BUNDLES_PER_PUT + 1)); /* not confirmed */
	ck_assert_int_eq(bundle_confirmed(alice.p, &alice.p->home, 2), 0);
	test_now += QUIET_S - 1;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), 2 * (BUNDLES_PER_PUT + 1)); /* not quiet */
	test_now += 1;
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), 2 * (BUNDLES_PER_PUT + 1)); /* not seen empty */
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), BUNDLES_PER_PUT + 1);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM prekey"), BUNDLES_PER_PUT);
	ck_assert_int_eq(count(&alice, "SELECT min(id) FROM signed_prekey"), 2);
	tear_down();
}
END_TEST

START_TEST(a_bundle_taken_just_before_its_generation_ended_still_serves)
{
	static struct bundle_batch old;
	struct contact c;
	struct parcel parcel;

	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	old = alice.bundles;
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(conversation_begin(bob.p, &c, old.one_time[0]), 0);
	say(&bob, "alice", &alice, "one-time");
	parcel = post(&bob);
	renew(&alice, 2);
	ck_assert_int_eq(bundle_confirmed(alice.p, &alice.p->home, 2), 0);
	all_seen_empty(&alice);
	test_now += QUIET_S;
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_NEW);
	/* and the session that it started lives on */
	test_now += 30 * DAY_S;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM sealing WHERE signed = 1"), 1);
	pass(&alice, "bob", &bob, "an answer");
	pass(&bob, "alice", &alice, "and on");
	tear_down();
}
END_TEST

START_TEST(the_last_resort_dies_with_its_generation)
{
	static struct bundle_batch old;
	struct contact c;
	struct parcel early, late;

	set_up();
	old = alice.bundles;
	add(&bob, "alice", &alice);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(conversation_begin(bob.p, &c, old.last_resort), 0);
	say(&bob, "alice", &alice, "early");
	early = post(&bob);
	say(&bob, "alice", &alice, "late");
	late = post(&bob);
	ck_assert_int_eq(deliver(&alice, &early), RECEIVE_NEW);
	renew(&alice, 2);
	ck_assert_int_eq(bundle_confirmed(alice.p, &alice.p->home, 2), 0);
	test_now += QUIET_S;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(deliver(&alice, &late), RECEIVE_JUNK);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM envelope"), 0);
	pass(&bob, "alice", &alice, "by a fresh bundle");
	tear_down();
}
END_TEST

/* A clock that was years ahead when the new generation came makes old secrets neither immortal nor
 * die at once. */
START_TEST(a_clock_that_ran_ahead_costs_no_more_than_the_usual_wait)
{
	set_up();
	renew(&alice, 2);
	test_now += 3650 * (int64_t)DAY_S;
	ck_assert_int_eq(bundle_confirmed(alice.p, &alice.p->home, 2), 0);
	test_now -= 3650 * (int64_t)DAY_S;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), 2 * (BUNDLES_PER_PUT + 1));
	test_now += QUIET_S;
	all_seen_empty(&alice);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, unused), BUNDLES_PER_PUT + 1);
	tear_down();
}
END_TEST

START_TEST(plans_are_kept_within_their_spread)
{
	bool due;

	set_up();
	ck_assert_int_eq(plan_is_due(&due, alice.p, "x"), 0);
	ck_assert(due);
	ck_assert_int_eq(plan_in(alice.p, "x", 100, 50), 0);
	test_now += 99;
	ck_assert_int_eq(plan_is_due(&due, alice.p, "x"), 0);
	ck_assert(!due);
	test_now += 51;
	ck_assert_int_eq(plan_is_due(&due, alice.p, "x"), 0);
	ck_assert(due);
	test_now -= 3650 * (int64_t)DAY_S;
	ck_assert_int_eq(plan_is_due(&due, alice.p, "x"), 0);
	ck_assert(due);
	tear_down();
}
END_TEST

START_TEST(a_new_contact_gets_a_spare_mailbox_and_none_before_the_server_has_it)
{
	struct own_mailbox spare, one, two;
	struct person carl;

	set_up();
	person_make(&carl);
	add(&alice, "bob", &bob);
	add(&alice, "carl", &carl);
	ck_assert_int_eq(mailbox_spare(&spare, alice.p, &alice.p->home), 0);
	ck_assert_int_eq(mailbox_spare(&one, alice.p, &alice.p->home), 0);
	ck_assert_int_eq(one.id, spare.id); /* the same is tried again */
	ck_assert_int_eq(mailbox_for(&one, alice.p, the_contact(&alice, "carl").id), 0);
	ck_assert_int_ne(one.id, spare.id);
	ck_assert(!one.made);
	ck_assert_int_eq(mailbox_made(alice.p, &spare), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM mailbox WHERE kind = 2"), 1);
	ck_assert_int_eq(mailbox_for(&two, alice.p, the_contact(&alice, "bob").id), 0);
	ck_assert_int_eq(two.id, spare.id);
	ck_assert(two.made);
	person_end(&carl);
	tear_down();
}
END_TEST

START_TEST(the_end_of_a_contact_leaves_nothing_but_a_mailbox_to_be_ended)
{
	static const char *const tables[] = { "contact", "message", "session", "peer_turn",
		"outbox" };
	struct own_mailbox box = { .id = 0 };
	struct contact c;

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "one");
	pass(&bob, "alice", &alice, "two");
	say(&alice, "bob", &bob, "waits");
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(contact_end(alice.p, &c), 0);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		char sql[64];

		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
		ck_assert_int_eq(count(&alice, sql), 0);
	}
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM sealing WHERE contact NOT NULL"), 0);
	ck_assert_int_eq(mailbox_next_ending(&box, alice.p, 0), 0);
	ck_assert(box.made);
	ck_assert_int_eq(mailbox_ended(alice.p, &box), 0);
	ck_assert_int_eq(mailbox_next_ending(&box, alice.p, 0), CONTACT_NONE);
	add(&alice, "bob", &bob); /* strangers again, who may meet again */
	pass(&alice, "bob", &bob, "hello");
	pass(&bob, "alice", &alice, "hello");
	tear_down();
}
END_TEST

UNIT("rotation", an_old_generation_dies_quiet_after_the_new_one_was_confirmed,
		a_bundle_taken_just_before_its_generation_ended_still_serves,
		the_last_resort_dies_with_its_generation,
		a_clock_that_ran_ahead_costs_no_more_than_the_usual_wait,
		plans_are_kept_within_their_spread,
		a_new_contact_gets_a_spare_mailbox_and_none_before_the_server_has_it,
		the_end_of_a_contact_leaves_nothing_but_a_mailbox_to_be_ended)
