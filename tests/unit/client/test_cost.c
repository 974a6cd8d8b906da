/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said is never looked through as a whole where a few rows of it are meant: others could
 * make us do so with each packet, and somebody's longest conversation would be the slowest. Told by
 * the steps of SQLite's machine. */
#include "client/lib/change.h"
#include "client/lib/loss.h"
#include "client/lib/receipts.h"
#include "tests/unit/client/garden.h"

enum { FEW = 3, MUCH = 4000, NUMBERS = 1000, SENT = 50000, LATER = 100000 };

static int64_t steps;

static int on_step(void *unused)
{
	(void)unused;
	steps++;
	return 0;
}

static void count_steps(struct person *a)
{
	sqlite3_progress_handler(a->p->db, 1, on_step, NULL);
}

static int64_t cost(void (*act)(void))
{
	steps = 0;
	count_steps(&alice);
	count_steps(&bob);
	act();
	sqlite3_progress_handler(alice.p->db, 0, NULL, NULL);
	sqlite3_progress_handler(bob.p->db, 0, NULL, NULL);
	return steps;
}

/* Both ways with each contact, half of it before what is said next, half of it afterwards. */
static void say_much(struct person *a)
{
	ck_assert_int_eq(q_run(a->p->db,
					 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
					 "FROM n WHERE i < ?1) INSERT INTO message (contact, out, "
					 "number, part, parts, at_s, shown, told, envelope, text) "
					 "SELECT contact.id, i % 2, iif(i < ?1 / 2, ?2, ?3) + i, "
					 "0, 1, 0, 1, 1, randomblob(16), '' FROM n, contact",
					 "iii", (int64_t)MUCH, (int64_t)NUMBERS, (int64_t)LATER),
			0);
	ck_assert_int_eq(q_run(a->p->db, "UPDATE contact SET sent = ?1, heard = ?1", "i",
					 (int64_t)SENT),
			0);
}

static void must_be_alike(int64_t before, int64_t after)
{
	ck_assert_msg(after < before + before / 4, "%lld steps, then %lld", (long long)before,
			(long long)after);
}

static void costs_the_same_when_much_was_said(void (*act)(void))
{
	const int64_t before = cost(act);
	int64_t after;

	say_much(&alice);
	say_much(&bob);
	after = cost(act);
	must_be_alike(before, after);
}

static void carry_all(struct person *from, struct person *to)
{
	while (count(from, "SELECT count(*) FROM outbox"))
		carry(from, to);
}

/* --- texts and their changes ------------------------------------------------ */

static void say_and_change(void)
{
	static char text[FEW * CONTENT_PART_MOST + 1];
	const int64_t number = count(&alice, "SELECT sent + 1 FROM contact");
	struct contact c = the_contact(&alice, "bob");

	memset(text, 'a', sizeof text - 1);
	ck_assert_int_eq(conversation_send(alice.p, &c, text), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(change_text(alice.p, &c, number, text), 0);
	carry_all(&alice, &bob);
}

START_TEST(a_text_and_its_changes)
{
	meet();
	costs_the_same_when_much_was_said(say_and_change);
	tear_down();
}
END_TEST

static void take_back_the_next(void)
{
	static int64_t number;
	struct contact c = the_contact(&alice, "bob");

	ck_assert_int_eq(change_take_back(alice.p, &c, ++number), 0);
	carry_all(&alice, &bob);
}

START_TEST(a_text_that_is_taken_back)
{
	meet();
	pass(&alice, "bob", &bob, "two");
	costs_the_same_when_much_was_said(take_back_the_next);
	tear_down();
}
END_TEST

static int64_t rows; /* of message, written */

static void on_row(void *unused, int op, const char *db, const char *table, sqlite3_int64 id)
{
	(void)unused;
	(void)op;
	(void)db;
	(void)id;
	rows += strcmp(table, "message") == 0;
}

/* With each they could have all that they asked for before written again. */
START_TEST(the_last_of_many_changes)
{
	struct contact c;
	int64_t before = 0;

	meet();
	c = the_contact(&alice, "bob");
	sqlite3_update_hook(bob.p->db, on_row, NULL);
	sqlite3_update_hook(alice.p->db, on_row, NULL);
	for (int i = 0; i < 2 * FEW; i++) {
		before = rows;
		rows = 0;
		ck_assert_int_eq(change_text(alice.p, &c, 1, "more"), 0);
		carry_all(&alice, &bob);
		ck_assert(i < FEW || rows == before);
	}
	tear_down();
}
END_TEST

/* --- receipts, and what is asked for again ---------------------------------- */

static void say_and_hear_that_it_came(void)
{
	struct contact c = the_contact(&alice, "bob");

	ck_assert_int_eq(conversation_send(alice.p, &c, "more"), 0);
	carry_all(&alice, &bob);
	/* For what he has not told of bob looks through all, at times of his own. */
	sqlite3_progress_handler(bob.p->db, 0, NULL, NULL);
	ck_assert_int_eq(receipts_due(bob.p, true), 0);
	ck_assert_int_gt(count(&bob, "SELECT count(*) FROM outbox"), 0);
	carry_all(&bob, &alice);
}

START_TEST(a_receipt)
{
	meet();
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	say_and_hear_that_it_came(); /* of what came before, too */
	costs_the_same_when_much_was_said(say_and_hear_that_it_came);
	tear_down();
}
END_TEST

static void lose_and_ask(void)
{
	struct contact c = the_contact(&alice, "bob");

	for (int i = 0; i < FEW; i++) {
		ck_assert_int_eq(conversation_send(alice.p, &c, "lost"), 0);
		post(&alice);
		ck_assert_int_eq(conversation_send(alice.p, &c, "more"), 0);
		carry_all(&alice, &bob);
	}
	test_now += 2 * LOSS_HOUR_S;
	ck_assert_int_eq(loss_mend(bob.p), 0);
	carry_all(&bob, &alice);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	carry_all(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
}

START_TEST(what_is_asked_for_again)
{
	meet();
	costs_the_same_when_much_was_said(lose_and_ask);
	tear_down();
}
END_TEST

/* --- groups ----------------------------------------------------------------- */

static void leave_and_forget(void)
{
	struct group g = group_of(bert, "garden");

	ck_assert_int_eq(group_leave(bert->p, &g), 0);
	g = group_of(bert, "garden");
	ck_assert_int_eq(group_forget(bert->p, &g), 0);
}

static void hear_carl(void)
{
	ck_assert_int_gt(move(carl, bert), 0);
}

static int64_t cost_of_who_is_early(bool much)
{
	int64_t n;

	people_meet();
	carl_comes_early();
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp_member SET joined = 1", ""), 0);
	ck_assert_int_eq(tell_garden(carl, "one"), 0);
	if (much)
		ck_assert_int_eq(q_run(bert->p->db,
						 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
						 "SELECT i + 1 FROM n WHERE i < ?) INSERT INTO "
						 "message (contact, out, number, part, parts, "
						 "at_s, shown, envelope, text, grp) SELECT 0, 1, "
						 "i, 0, 1, 0, 1, randomblob(16), '', grp.id FROM "
						 "n, grp",
						 "i", (int64_t)MUCH),
				0);
	n = cost(hear_carl);
	people_part();
	return n;
}

START_TEST(what_comes_of_who_is_not_listed)
{
	const int64_t before = cost_of_who_is_early(false), after = cost_of_who_is_early(true);

	must_be_alike(before, after);
}
END_TEST

static int64_t cost_of_forgetting(bool much)
{
	int64_t n;

	people_meet();
	all_join();
	for (int i = 0; i < FEW; i++)
		ck_assert_int_eq(tell_garden(bert, "one"), 0);
	settle();
	if (much)
		say_much(bert);
	n = cost(leave_and_forget);
	people_part();
	return n;
}

START_TEST(a_group_that_is_forgotten)
{
	const int64_t before = cost_of_forgetting(false), after = cost_of_forgetting(true);

	must_be_alike(before, after);
}
END_TEST

UNIT("cost", a_text_and_its_changes, a_text_that_is_taken_back, the_last_of_many_changes, a_receipt,
		what_is_asked_for_again, what_comes_of_who_is_not_listed, a_group_that_is_forgotten)
