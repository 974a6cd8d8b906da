/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A text of several packets is one message: shown, found, changed, deleted, told of and gone as one,
 * whatever the order in which its parts come, and if they never do. */
#include "tests/unit/client/people.h"

#include "client/lib/change.h"
#include "client/lib/group.h"
#include "client/lib/history.h"
#include "client/lib/loss.h"
#include "client/lib/parts.h"
#include "client/lib/receipts.h"
#include "client/lib/timer.h"

enum { LINES_MOST = 8, FEW = 3 };

static struct line lines[LINES_MOST];
static char *texts[LINES_MOST]; /* owned */
static int n_lines;
static char text[PARTS_TEXT_MOST + 2];

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	ck_assert_int_lt(n_lines, LINES_MOST);
	lines[n_lines] = *line;
	free(texts[n_lines]);
	texts[n_lines++] = strdup(line->text);
	return 0;
}

static int look(struct person *a, const struct history_wish *wish)
{
	n_lines = 0;
	ck_assert_int_eq(history(a->p, wish, on_line, NULL), 0);
	return n_lines;
}

/* The last line of all. */
static const struct line *last(struct person *a)
{
	look(a, &(struct history_wish){ .words = NULL });
	ck_assert_int_gt(n_lines, 0);
	return &lines[n_lines - 1];
}

static const char *last_words(struct person *a)
{
	last(a);
	return texts[n_lines - 1];
}

static int news(struct person *a)
{
	return look(a, &(struct history_wish){ .unread = true });
}

static int found(struct person *a, const char *words)
{
	return look(a, &(struct history_wish){ .words = words });
}

/* Words of "0 1 2 ..", so that no two places are equal; of two bytes a digit. */
static void make_text(size_t len)
{
	size_t n = 0;

	for (unsigned i = 0; n + 16 < len; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "\xc3\xa9%u ", i);
	memset(text + n, 'x', len - n);
	text[len] = '\0';
}

static void write_to_bob(const char *what)
{
	struct contact c = the_contact(&alice, "bob");

	alice.peer = &bob;
	ck_assert_int_eq(conversation_send(alice.p, &c, what), 0);
}

static int edit(int64_t number, const char *what)
{
	struct contact c = the_contact(&alice, "bob");

	return change_text(alice.p, &c, number, what);
}

static int64_t waiting(struct person *a)
{
	return count(a, "SELECT count(*) FROM outbox");
}

/* Takes all parcels of alice's, as they are in order. */
static int take_all(struct parcel *out, int most)
{
	int n = 0;

	while (waiting(&alice)) {
		ck_assert_int_lt(n, most);
		out[n++] = post(&alice);
	}
	return n;
}

static void hear(const struct parcel *parcel)
{
	ck_assert_int_eq(deliver(&bob, parcel), RECEIVE_NEW);
}

static void settle(void)
{
	do {
		while (waiting(&alice))
			carry(&alice, &bob);
		while (waiting(&bob))
			carry(&bob, &alice);
		ck_assert_int_eq(loss_mend(alice.p), 0);
		ck_assert_int_eq(loss_mend(bob.p), 0);
	} while (waiting(&alice) || waiting(&bob));
}

/* --- shown -------------------------------------------------------------- */

START_TEST(the_longest_text_is_one_message_and_a_longer_one_is_refused)
{
	struct contact c;

	meet();
	c = the_contact(&alice, "bob");
	make_text(PARTS_TEXT_MOST + 1);
	ck_assert_int_eq(conversation_send(alice.p, &c, text), SEND_TOO_LONG);
	make_text(PARTS_TEXT_MOST);
	write_to_bob(text);
	ck_assert_int_gt(waiting(&alice), PARTS_TEXT_MOST / CONTENT_PART_MOST);
	ck_assert(strcmp(last_words(&alice), text) == 0);
	while (waiting(&alice)) {
		ck_assert_int_eq(last(&alice)->state, LINE_QUEUED);
		ck_assert_int_eq(news(&bob), 1); /* "one", from before */
		carry(&alice, &bob);
	}
	ck_assert_int_eq(last(&alice)->state, LINE_DEPOSITED);
	ck_assert_int_eq(n_lines, 3);
	ck_assert_int_eq(news(&bob), 2);
	ck_assert(strcmp(last_words(&bob), text) == 0);
	ck_assert_int_eq(n_lines, 3);
	ck_assert_int_eq(lines[2].n_parts, lines[2].parts);
	ck_assert_int_eq(lines[2].n_missing, 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE body NOT NULL"), 0);
	tear_down();
}
END_TEST

START_TEST(its_parts_come_in_any_order)
{
	static const int orders[][FEW] = { { 0, 2, 1 }, { 1, 0, 2 }, { 2, 1, 0 } };
	struct parcel parcels[FEW];

	meet();
	make_text(FEW * CONTENT_PART_MOST - 9);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		text[0] = (char)('a' + i);
		text[1] = ' ';
		write_to_bob(text);
		ck_assert_int_eq(take_all(parcels, FEW), FEW);
		for (int k = 0; k < FEW; k++) {
			ck_assert_int_eq(news(&bob), 1 + (int)i);
			hear(&parcels[orders[i][k]]);
			ck_assert_int_eq(deliver(&bob, &parcels[orders[i][k]]), RECEIVE_DUPLICATE);
		}
		ck_assert_int_eq(news(&bob), 2 + (int)i);
		ck_assert(strcmp(last_words(&bob), text) == 0);
		ck_assert_int_eq(lines[n_lines - 1].number, 2 + FEW * (int)i);
	}
	tear_down();
}
END_TEST

START_TEST(what_is_not_whole_shows_its_gaps_and_is_news_after_a_day)
{
	struct parcel parcels[5];

	meet();
	make_text(5 * CONTENT_PART_MOST - 15);
	write_to_bob(text);
	ck_assert_int_eq(take_all(parcels, 5), 5);
	hear(&parcels[1]);
	ck_assert_int_eq(strncmp(last_words(&bob), PARTS_GAP, sizeof PARTS_GAP - 1), 0);
	hear(&parcels[3]);
	ck_assert_int_eq(last(&bob)->n_parts, 2);
	ck_assert_int_eq(lines[n_lines - 1].parts, 5);
	ck_assert_int_eq(lines[n_lines - 1].n_missing, 0); /* told once: as parts */
	ck_assert_ptr_nonnull(strstr(texts[n_lines - 1] + 10, PARTS_GAP));
	ck_assert_uint_gt(strlen(strstr(texts[n_lines - 1] + 10, PARTS_GAP)), CONTENT_PART_MOST);
	ck_assert_str_eq(strrchr(texts[n_lines - 1], '['), PARTS_GAP);
	ck_assert_int_eq(news(&bob), 1);
	test_now += PARTS_WAIT_S + 1;
	ck_assert_int_eq(news(&bob), 2);
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE message SET shown = 1", ""), 0);
	hear(&parcels[0]);
	hear(&parcels[4]);
	ck_assert_int_eq(news(&bob), 0);
	hear(&parcels[2]);
	ck_assert_int_eq(news(&bob), 1);
	ck_assert(strcmp(last_words(&bob), text) == 0);
	tear_down();
}
END_TEST

START_TEST(what_is_lost_of_it_is_sent_again)
{
	meet();
	make_text(4 * CONTENT_PART_MOST);
	write_to_bob(text);
	carry(&alice, &bob);
	post(&alice);
	post(&alice);
	settle();
	ck_assert(strcmp(last_words(&bob), text) == 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(words_are_found_across_its_parts)
{
	meet();
	memset(text, 'x', sizeof text);
	memcpy(text, "lighthouse ", 11);
	memcpy(text + CONTENT_PART_MOST - 5, " lamplight ", 11);
	strcpy(text + 2 * CONTENT_PART_MOST, " keeper");
	write_to_bob(text);
	settle();
	for (struct person *a = &alice; a; a = a == &alice ? &bob : NULL) {
		ck_assert_int_eq(found(a, "lamplight"), 1);
		ck_assert_str_eq(texts[0], text);
		ck_assert_int_eq(found(a, "lighthouse keeper"), 1);
		ck_assert_int_eq(found(a, "lighthouse ship"), 0);
	}
	tear_down();
}
END_TEST

START_TEST(it_is_told_to_have_come_once_all_of_it_has)
{
	struct parcel parcels[FEW];

	meet();
	ck_assert_int_eq(receipts_set(bob.p, "alice", true), 0);
	make_text(FEW * CONTENT_PART_MOST - 9);
	write_to_bob(text);
	ck_assert_int_eq(take_all(parcels, FEW), FEW);
	for (int i = 0; i < FEW; i++) {
		hear(&parcels[i]);
		ck_assert_int_eq(receipts_due(bob.p, true), 0);
		carry(&bob, &alice);
		ck_assert_int_eq(last(&alice)->state, i < FEW - 1 ? LINE_DEPOSITED : LINE_RECEIVED);
	}
	tear_down();
}
END_TEST

/* --- changed ------------------------------------------------------------ */

START_TEST(a_long_text_is_changed_into_a_long_or_a_short_one_and_back)
{
	static char other[4 * CHANGE_TEXT_MOST + 1];

	meet();
	make_text(FEW * CONTENT_PART_MOST - 9);
	memset(other, 'y', sizeof other - 1);
	write_to_bob(text);
	settle();
	for (int i = 0; i < 3; i++) {
		const char *now = i == 0 ? other : i == 1 ? "short" : text;

		ck_assert_int_eq(edit(2 + i % FEW, now), 0); /* by any part's number */
		ck_assert(strcmp(last_words(&alice), now) == 0);
		settle();
		ck_assert(strcmp(last_words(&bob), now) == 0);
		ck_assert(lines[n_lines - 1].is_edited && n_lines == 3);
	}
	write_to_bob("short too");
	settle();
	ck_assert_int_eq(edit(last(&alice)->number, other), 0);
	settle();
	ck_assert(strcmp(last_words(&bob), other) == 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE body NOT NULL"), 0);
	strcpy(other, "w");
	ck_assert_int_eq(edit(1, ""), CHANGE_NOT_TEXT);
	memset(text, 'z', sizeof text - 1);
	ck_assert_int_eq(edit(1, text), CHANGE_TOO_LONG);
	tear_down();
}
END_TEST

/* Parts of the text and of its change, in one order and in the other. */
START_TEST(a_change_counts_once_it_is_whole_and_whenever_its_text_comes)
{
	static const int orders[][FEW] = { { 2, 0, 1 }, { 0, 1, 2 }, { 1, 2, 0 } };
	static char now[FEW * CONTENT_PART_MOST];
	struct parcel said[FEW], changed[FEW];

	make_text(FEW * CONTENT_PART_MOST - 9);
	memset(now, 'y', FEW * (CHANGE_TEXT_MOST - CONTENT_TEXT_ID_BYTES));
	for (int order = 0; order < 3; order++) {
		meet();
		write_to_bob(text);
		ck_assert_int_eq(take_all(said, FEW), FEW);
		ck_assert_int_eq(edit(2, now), 0);
		ck_assert_int_eq(take_all(changed, FEW), FEW);
		for (int i = 0; order == 0 && i < FEW; i++)
			hear(&said[i]);
		hear(&changed[orders[order][0]]);
		hear(&changed[orders[order][1]]);
		if (order == 1)
			hear(&said[1]);
		if (order != 2)
			ck_assert(!last(&bob)->is_edited);
		hear(&changed[orders[order][2]]);
		for (int i = 0; order && i < FEW; i++)
			if (order == 2 || i != 1)
				hear(&said[i]);
		ck_assert(strcmp(last_words(&bob), now) == 0);
		ck_assert_int_eq(lines[n_lines - 1].n_parts, FEW);
		ck_assert_int_eq(
				count(&bob, "SELECT count(*) FROM message WHERE body NOT NULL"), 0);
		tear_down();
	}
}
END_TEST

START_TEST(what_was_changed_is_sent_again_without_its_old_words)
{
	meet();
	make_text(FEW * CONTENT_PART_MOST - 9);
	write_to_bob(text);
	for (int i = 0; i < FEW; i++)
		post(&alice); /* lost */
	ck_assert_int_eq(edit(2, "something else"), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE instr(body, '10 ')"), 0);
	settle();
	ck_assert_str_eq(last_words(&bob), "something else");
	ck_assert_int_eq(found(&bob, "e1") + found(&bob, "xx"), 0);
	tear_down();
}
END_TEST

START_TEST(a_short_one_that_grew_before_it_went_or_is_asked_for_again_comes)
{
	static char now[FEW * CONTENT_PART_MOST];

	meet();
	memset(now, 'y', sizeof now - 1);
	for (int lost = 0; lost < 2; lost++) {
		write_to_bob("short");
		if (lost)
			post(&alice);
		ck_assert_int_eq(edit(last(&alice)->number, now), 0);
		settle();
		ck_assert(strcmp(last_words(&bob), now) == 0);
		test_now += LOSS_HOUR_S;
	}
	/* And when it has shrunk. */
	write_to_bob("third");
	ck_assert_int_eq(edit(last(&alice)->number, now), 0);
	ck_assert_int_eq(edit(last(&alice)->number, "small"), 0);
	{
		const struct parcel said = post(&alice);

		hear(&said);
	}
	ck_assert_str_eq(last_words(&bob), "small");
	tear_down();
}
END_TEST

START_TEST(it_is_deleted_as_one_and_late_parts_add_nothing)
{
	struct contact c;
	struct parcel parcels[FEW];

	meet();
	c = the_contact(&alice, "bob");
	make_text(FEW * CONTENT_PART_MOST - 9);
	write_to_bob(text);
	ck_assert_int_eq(take_all(parcels, FEW), FEW);
	hear(&parcels[1]);
	ck_assert_int_eq(change_take_back(alice.p, &c, 4), 0);
	settle();
	for (struct person *a = &alice; a; a = a == &alice ? &bob : NULL) {
		ck_assert(last(a)->is_deleted && n_lines == 3);
		ck_assert_str_eq(texts[2], "");
	}
	hear(&parcels[0]);
	ck_assert_int_eq(deliver(&bob, &parcels[2]), RECEIVE_NEW);
	ck_assert(last(&bob)->is_deleted && n_lines == 3);
	ck_assert_int_eq(found(&bob, "e1"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE instr(body, '10 ')"), 0);
	tear_down();
}
END_TEST

START_TEST(it_disappears_as_one)
{
	struct contact c;
	struct parcel parcels[FEW];

	meet();
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(timer_set(alice.p, &c, 3600), 0);
	settle();
	make_text(FEW * CONTENT_PART_MOST - 9);
	write_to_bob(text);
	parcels[0] = post(&alice);
	test_now += 3601;
	ck_assert_int_eq(timer_due(alice.p), 0);
	ck_assert(strcmp(last_words(&alice), text) == 0); /* the rest waits */
	parcels[1] = post(&alice);
	parcels[2] = post(&alice);
	ck_assert_int_eq(timer_due(alice.p), 0);
	ck_assert_str_ne(last_words(&alice), text);
	ck_assert_int_eq(found(&alice, "e1"), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE instr(body, '10 ')"), 0);
	hear(&parcels[0]);
	hear(&parcels[2]);
	test_now += 3601;
	ck_assert_int_eq(timer_due(bob.p), 0);
	ck_assert_int_eq(last(&bob)->n_parts, 2); /* nobody has read it */
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE message SET shown = 1", ""), 0);
	ck_assert_int_eq(timer_due(bob.p), 0);
	test_now += 3601;
	ck_assert_int_eq(timer_due(bob.p), 0);
	ck_assert_int_eq(found(&bob, "e1"), 0);
	hear(&parcels[1]);
	ck_assert_int_eq(found(&bob, "e1"), 0);
	ck_assert_int_eq(news(&bob), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE instr(body, '10 ')"), 0);
	tear_down();
}
END_TEST

/* --- others ------------------------------------------------------------- */

/* As versions before 13 had them. */
START_TEST(parts_that_were_kept_apart_are_joined)
{
	struct parcel parcels[FEW];

	meet();
	make_text(FEW * CONTENT_PART_MOST - 9);
	write_to_bob(text);
	ck_assert_int_eq(take_all(parcels, FEW), FEW);
	hear(&parcels[2]);
	hear(&parcels[0]);
	for (struct person *a = &alice; a; a = a == &alice ? &bob : NULL) {
		ck_assert_int_eq(q_run(a->p->db,
						 "UPDATE message SET text = CAST(body AS TEXT), "
						 "whole = NULL WHERE parts > 1",
						 ""),
				0);
		ck_assert_int_eq(q_run(a->p->db, "UPDATE message SET body = NULL WHERE parts > 1",
						 ""),
				0);
		ck_assert_int_eq(sqlite3_exec(a->p->db, STORE_JOIN_PARTS, NULL, NULL, NULL),
				SQLITE_OK);
	}
	ck_assert(strcmp(last_words(&alice), text) == 0);
	ck_assert_int_eq(n_lines, 3);
	ck_assert_int_eq(last(&bob)->n_parts, 2);
	ck_assert_int_eq(n_lines, 3);
	settle();
	test_now += LOSS_HOUR_S;
	settle();
	ck_assert(strcmp(last_words(&bob), text) == 0);
	ck_assert_int_eq(n_lines, 3);
	tear_down();
}
END_TEST

UNIT("parts", the_longest_text_is_one_message_and_a_longer_one_is_refused,
		its_parts_come_in_any_order,
		what_is_not_whole_shows_its_gaps_and_is_news_after_a_day,
		what_is_lost_of_it_is_sent_again, words_are_found_across_its_parts,
		it_is_told_to_have_come_once_all_of_it_has,
		a_long_text_is_changed_into_a_long_or_a_short_one_and_back,
		a_change_counts_once_it_is_whole_and_whenever_its_text_comes,
		what_was_changed_is_sent_again_without_its_old_words,
		a_short_one_that_grew_before_it_went_or_is_asked_for_again_comes,
		it_is_deleted_as_one_and_late_parts_add_nothing, it_disappears_as_one,
		parts_that_were_kept_apart_are_joined)
