/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is shown of what was said: order, gaps, states, receipts, and what has certain words. */
#include "tests/unit/client/people.h"

#include "client/lib/history.h"
#include "client/lib/receipts.h"

enum { LINES_MOST = 80 };

static struct line lines[LINES_MOST];
static char texts[LINES_MOST][CONTENT_TEXT_MOST + 1];
static int n_lines;

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	ck_assert_int_lt(n_lines, LINES_MOST);
	lines[n_lines] = *line;
	snprintf(texts[n_lines++], sizeof texts[0], "%s", line->text);
	return 0;
}

static int look(struct person *a, const char *words)
{
	const struct history_wish wish = { .words = words };

	n_lines = 0;
	ck_assert_int_eq(history(a->p, &wish, on_line, NULL), 0);
	return n_lines;
}

/* --- gaps --------------------------------------------------------------- */

START_TEST(what_has_not_come_is_seen_where_it_belongs)
{
	meet();
	for (int i = 0; i < 6; i++) {
		say(&alice, "bob", &bob, "more");
		if (i == 2 || i == 3)
			post(&alice);
		else
			carry(&alice, &bob);
	}
	ck_assert_int_eq(look(&bob, NULL), 2 + 4);
	for (int i = 0; i < n_lines; i++)
		ck_assert_int_eq(lines[i].n_missing, i == 4 ? 2 : 0);
	tear_down();
}
END_TEST

/* --- states ------------------------------------------------------------- */

static enum line_state last_state(struct person *a)
{
	look(a, NULL);
	return lines[n_lines - 1].state;
}

/* Those that are due. */
static int64_t told(struct person *a)
{
	ck_assert_int_eq(receipts_due(a->p, false), 0);
	return count(a, "SELECT count(*) FROM outbox WHERE type = 5");
}

START_TEST(a_message_is_queued_then_deposited_then_received)
{
	struct parcel parcel;

	meet();
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	say(&alice, "bob", &bob, "two");
	ck_assert_int_eq(last_state(&alice), LINE_QUEUED);
	parcel = post(&alice);
	ck_assert_int_eq(last_state(&alice), LINE_DEPOSITED);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(last_state(&bob), LINE_CAME);
	test_now += RECEIPT_LEAST_S + RECEIPT_SPREAD_S;
	ck_assert_int_eq(told(&bob), 1);
	carry(&bob, &alice);
	ck_assert_int_eq(last_state(&alice), LINE_RECEIVED);
	ck_assert_int_eq(lines[0].state, LINE_DEPOSITED); /* from before */
	tear_down();
}
END_TEST

START_TEST(nobody_is_told_without_being_asked)
{
	meet();
	pass(&alice, "bob", &bob, "two");
	test_now += RECEIPT_LEAST_S + RECEIPT_SPREAD_S;
	ck_assert_int_eq(told(&bob), 0);
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	pass(&alice, "bob", &bob, "three");
	ck_assert_int_eq(receipts_set(bob.p, "alice", false), 0);
	test_now += RECEIPT_LEAST_S + RECEIPT_SPREAD_S;
	ck_assert_int_eq(told(&bob), 0);
	ck_assert_int_eq(receipts_set(bob.p, "nobody", true), RECEIPTS_NONE);
	tear_down();
}
END_TEST

START_TEST(a_receipt_is_late_at_random)
{
	int64_t due[2];

	meet();
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	for (int i = 0; i < 2; i++) {
		pass(&alice, "bob", &bob, "more");
		due[i] = count(&bob, "SELECT receipt_s FROM contact") - test_now;
		ck_assert_int_ge(due[i], RECEIPT_LEAST_S);
		ck_assert_int_lt(due[i], RECEIPT_LEAST_S + RECEIPT_SPREAD_S);
		ck_assert_int_eq(told(&bob), 0);
		test_now += due[i];
		ck_assert_int_eq(told(&bob), 1);
		carry(&bob, &alice);
	}
	/* The clock went back a year: it is not waited for so long. */
	pass(&alice, "bob", &bob, "more");
	test_now -= 365 * 86400;
	ck_assert_int_eq(told(&bob), 1);
	tear_down();
}
END_TEST

START_TEST(many_gaps_take_more_than_one_receipt)
{
	meet();
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	for (int i = 0; i < 2 * RECEIPT_RANGES + 20; i++) {
		say(&alice, "bob", &bob, "more");
		if (i % 2)
			post(&alice);
		else
			carry(&alice, &bob);
	}
	for (int i = 0; i < 2; i++) {
		test_now += RECEIPT_LEAST_S + RECEIPT_SPREAD_S;
		ck_assert_int_eq(told(&bob), 1);
		carry(&bob, &alice);
	}
	ck_assert_int_eq(told(&bob), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE received"),
			RECEIPT_RANGES + 10);
	tear_down();
}
END_TEST

START_TEST(wild_receipts_do_no_harm)
{
	struct content m = { .type = CONTENT_RECEIPT, .parts = 1 };

	meet();
	for (int i = 0; i < 20000; i++) {
		m.text_len = (uint16_t)randombytes_uniform(64);
		randombytes_buf(m.text, m.text_len);
		if (i % 2) {
			m.text[0] = (char)randombytes_uniform(3);
			m.text_len = (uint16_t)(1 + 16 * m.text[0]);
		}
		ck_assert_int_eq(receipts_heard(alice.p, the_contact(&alice, "bob").id, &m), 0);
	}
	tear_down();
}
END_TEST

/* --- words -------------------------------------------------------------- */

START_TEST(words_are_found_in_any_case_and_as_beginnings)
{
	meet();
	pass(&alice, "bob", &bob,
			"Gr\xc3\xbc\xc3\x9f"
			"e aus Z\xc3\xbcrich");
	pass(&alice, "bob", &bob, "the meeting is at nine");
	pass(&bob, "alice", &alice, "which meeting?");
	ck_assert_int_eq(look(&bob, "zurich"), 1);
	ck_assert_int_eq(look(&bob, "MEET"), 2);
	ck_assert_int_eq(look(&bob, "meeting nine"), 1);
	ck_assert_int_eq(look(&bob, "meeting ten"), 0);
	ck_assert_int_eq(look(&bob, " "), 0);
	ck_assert_int_eq(look(&bob, "one"), 2);
	tear_down();
}
END_TEST

static int count_line(void *userdata, const struct line *line)
{
	(void)line;
	++*(int *)userdata;
	return 0;
}

static int find(struct person *a, const struct history_wish *wish)
{
	int n = 0;

	ck_assert_int_eq(history(a->p, wish, count_line, &n), 0);
	return n;
}

START_TEST(what_is_newer_elsewhere_hides_nothing)
{
	static const char sql[] = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i "
				  "WHERE n < ?) INSERT INTO message (contact, out, number, part, "
				  "parts, at_s, envelope, text, grp) SELECT 99, 0, 1, 0, 1, 1, "
				  "randomblob(16), 'meeting', ? FROM i";
	struct contact c;

	meet();
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(q_run(bob.p->db, sql, "ii", (int64_t)1, (int64_t)7), 0);
	pass(&alice, "bob", &bob, "the meeting is at nine");
	ck_assert_int_eq(q_run(bob.p->db, sql, "ii", (int64_t)HISTORY_FOUND_MOST + 1, (int64_t)8),
			0);
	ck_assert_int_eq(find(&bob, &(struct history_wish){ .words = "meeting" }),
			HISTORY_FOUND_MOST);
	ck_assert_int_eq(find(&bob, &(struct history_wish){ .words = "meet", .contact = c.id }), 1);
	ck_assert_int_eq(find(&bob, &(struct history_wish){ .words = "meet", .group = 7 }), 1);
	ck_assert_int_eq(find(&bob, &(struct history_wish){ .words = "nine", .group = 7 }), 0);
	tear_down();
}
END_TEST

START_TEST(words_are_no_operators)
{
	static const char *const wild[] = { "\"", "a OR b", "NOT", "text:", "*", "(", "a\" OR \"b",
		"NEAR(a b)", "^a", "-", "{", "'" };

	meet();
	pass(&alice, "bob", &bob, "b");
	for (size_t i = 0; i < ARRAY_LEN(wild); i++)
		ck_assert_int_eq(look(&bob, wild[i]), 0);
	tear_down();
}
END_TEST

START_TEST(what_is_deleted_is_in_no_index)
{
	meet();
	pass(&alice, "bob", &bob, "swordfish");
	ck_assert_int_eq(look(&bob, "swordfish"), 1);
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE message SET text = 'x' WHERE text = 'swordfish'",
					 ""),
			0);
	ck_assert_int_eq(look(&bob, "swordfish"), 0);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM words_data WHERE instr(block, "
					 "CAST('swordfish' AS BLOB))"),
			0);
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM message", ""), 0);
	ck_assert_int_eq(look(&bob, "one"), 0);
	tear_down();
}
END_TEST

UNIT("history", what_has_not_come_is_seen_where_it_belongs,
		a_message_is_queued_then_deposited_then_received,
		nobody_is_told_without_being_asked, a_receipt_is_late_at_random,
		many_gaps_take_more_than_one_receipt, wild_receipts_do_no_harm,
		words_are_found_in_any_case_and_as_beginnings,
		what_is_newer_elsewhere_hides_nothing, words_are_no_operators,
		what_is_deleted_is_in_no_index)
