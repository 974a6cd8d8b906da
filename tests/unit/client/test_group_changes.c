/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said in a group is changed or taken back by who said it, and by nobody else. */
#include "tests/unit/client/garden.h"

#include "client/lib/change.h"
#include "client/lib/history.h"
#include "client/lib/loss.h"
#include "client/lib/parts.h"

/* --- what one does ------------------------------------------------------- */

static int edit(struct person *a, int64_t number, const char *text)
{
	struct group g = group_of(a, "garden");

	return group_change_text(a->p, &g, &(struct group_line){ number, 0 }, text);
}

static int take_back(struct person *a, int64_t number)
{
	struct group g = group_of(a, "garden");

	return group_take_back(a->p, &g, &(struct group_line){ number, 0 });
}

/* As one might who keeps to no rule: of what has that number between them. */
static void forge(struct person *a, const char *name, int64_t number, const char *text)
{
	const struct change_asked asked = {
		.contact = the_contact(a, name).id, .first = number, .parts = 1
	};
	int64_t n;

	ck_assert_int_eq(q_begin(a->p->db), 0);
	ck_assert_int_eq(q_end(a->p->db, change_ask(a->p, &asked, text, &n)), 0);
}

/* The oldest that a has for b; not delivered. */
static struct parcel take(struct person *a, const char *name, struct person *b)
{
	const int64_t contact = the_contact(a, name).id;
	struct parcel parcel;

	a->peer = b;
	parcel = peek(a, contact);
	ck_assert_int_eq(outbox_done(a->p, &parcel), 0);
	return parcel;
}

static void mend(void)
{
	for (int i = 0; i < 3; i++) {
		test_now += LOSS_HOUR_S;
		for (int k = 0; k < PEOPLE; k++)
			ck_assert_int_eq(loss_mend(people[k]->p), 0);
		settle();
	}
}

/* --- what is seen of it -------------------------------------------------- */

static char seen[4096];

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	if (strncmp(line->text, "has ", 4) && strncmp(line->text, "invites", 7))
		snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.20s%s | ",
				line->is_deleted ? "(deleted)" : line->text,
				line->is_edited && !line->is_deleted ? "*" : "");
	return 0;
}

static const char *sees(struct person *a)
{
	const struct history_wish wish = { .group = group_of(a, "garden").id };

	seen[0] = '\0';
	ck_assert_int_eq(history(a->p, &wish, on_line, NULL), 0);
	return seen;
}

static void all_see(const char *lines)
{
	for (int i = 0; i < PEOPLE; i++)
		ck_assert_str_eq(sees(people[i]), lines);
}

static int64_t all_have(const char *text)
{
	return has(anna, text) + has(bert, text) + has(carl, text);
}

static void tell(struct person *a, const char *text)
{
	ck_assert_int_eq(tell_garden(a, text), 0);
}

static void meet_in_the_garden(void)
{
	people_meet();
	all_join();
}

/* --- tests --------------------------------------------------------------- */

START_TEST(what_was_said_is_changed_and_taken_back_for_all)
{
	meet_in_the_garden();
	tell(bert, "at nine");
	tell(bert, "there");
	settle();
	ck_assert_int_eq(edit(bert, 1, "at ten"), 0);
	settle();
	all_see("at ten* | there | ");
	ck_assert_int_eq(edit(bert, 1, "at eleven"), 0);
	settle();
	all_see("at eleven* | there | ");
	ck_assert_int_eq(all_have("at nine") + all_have("at ten"), 0);
	ck_assert_int_eq(take_back(bert, 1), 0);
	settle();
	all_see("(deleted) | there | ");
	ck_assert_int_eq(all_have("at eleven"), 0);
	ck_assert_int_eq(take_back(bert, 1), GROUP_NO_LINE);
	ck_assert_int_eq(edit(bert, 1, "x"), GROUP_NO_LINE);
	ck_assert_int_eq(edit(bert, 3, "x"), GROUP_NO_LINE);
	ck_assert_int_eq(edit(bert, 2, ""), GROUP_NOT_TEXT);
	ck_assert_int_eq(edit(bert, 2, "\xff"), GROUP_NOT_TEXT);
	ck_assert_int_eq(count(anna, "SELECT count(*) FROM missing"), 0);
	people_part();
}
END_TEST

START_TEST(what_others_said_or_did_nobody_changes)
{
	static const char others[] = "SELECT group_concat(text || coalesce(body, '')) FROM message "
				     "WHERE out OR type = 0 OR contact <> (SELECT id FROM contact "
				     "WHERE name = 'bert')";
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *before = NULL, *after = NULL;
	int64_t sent;

	meet_in_the_garden();
	tell(anna, "hers");
	tell(carl, "his");
	settle();
	ck_assert_int_eq(q_open(&before, anna->p->db, others, ""), 0);
	ck_assert_int_eq(sqlite3_step(before), SQLITE_ROW);
	sent = count(bert, "SELECT max(sent) FROM contact");
	ck_assert_int_ge(sent, 2);
	for (int64_t n = 1; n <= sent; n++) {
		forge(bert, "anna", n, "forged");
		forge(bert, "anna", n, NULL);
	}
	settle();
	ck_assert_int_eq(q_open(&after, anna->p->db, others, ""), 0);
	ck_assert_int_eq(sqlite3_step(after), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(after, 0),
			(const char *)sqlite3_column_text(before, 0));
	ck_assert_str_eq(sees(anna), "hers | his | ");
	people_part();
}
END_TEST

START_TEST(one_copy_alone_is_not_changed_as_if_said_between_two)
{
	struct contact c;

	meet_in_the_garden();
	tell(anna, "to all");
	settle();
	c = the_contact(anna, "bert");
	for (int64_t n = 1; n < 9; n++) {
		ck_assert_int_eq(change_text(anna->p, &c, n, "to you"), CHANGE_NONE);
		ck_assert_int_eq(change_take_back(anna->p, &c, n), CHANGE_NONE);
	}
	settle();
	all_see("to all | ");
	people_part();
}
END_TEST

START_TEST(who_is_out_says_and_hears_no_new_words_but_takes_back)
{
	struct group g;

	meet_in_the_garden();
	tell(carl, "mine");
	settle();
	tell(anna, "plan one");
	settle();
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_remove(anna->p, &g, "carl"), 0);
	settle();
	ck_assert_int_eq(edit(carl, 1, "changed"), GROUP_NOT_IN);
	for (int64_t n = 1; n < 9; n++) {
		forge(carl, "anna", n, "changed");
		forge(carl, "bert", n, "changed");
	}
	ck_assert_int_eq(edit(anna, 1, "plan two"), 0);
	settle();
	ck_assert_str_eq(sees(bert), "mine | plan two* | ");
	ck_assert_str_eq(sees(anna), "mine | plan two* | ");
	ck_assert_str_eq(sees(carl), "mine | plan one | ");
	ck_assert_int_eq(has(carl, "plan two") + has(anna, "plan one"), 0);
	ck_assert_int_eq(count(carl, "SELECT count(*) FROM message WHERE type = 6 AND NOT out"), 0);
	ck_assert_int_eq(take_back(carl, 1), 0);
	ck_assert_int_eq(take_back(anna, 1), 0);
	settle();
	all_see("(deleted) | (deleted) | ");
	people_part();
}
END_TEST

START_TEST(a_change_that_comes_before_its_text_counts)
{
	struct parcel text, change;

	meet_in_the_garden();
	tell(anna, "at nine");
	text = take(anna, "bert", bert);
	ck_assert_int_eq(edit(anna, 1, "at ten"), 0);
	change = take(anna, "bert", bert);
	ck_assert_int_eq(deliver(bert, &change), RECEIVE_NEW);
	ck_assert_int_eq(deliver(bert, &text), RECEIVE_NEW);
	settle();
	all_see("at ten* | ");
	ck_assert_int_eq(all_have("at nine"), 0);
	tell(anna, "a slip");
	text = take(anna, "bert", bert);
	ck_assert_int_eq(take_back(anna, 2), 0);
	change = take(anna, "bert", bert);
	ck_assert_int_eq(deliver(bert, &change), RECEIVE_NEW);
	ck_assert_int_eq(deliver(bert, &text), RECEIVE_NEW);
	settle();
	ck_assert_str_eq(sees(bert), "at ten* | (deleted) | ");
	ck_assert_str_eq(sees(carl), "at ten* | "); /* where it had not gone */
	ck_assert_int_eq(all_have("a slip"), 0);
	people_part();
}
END_TEST

START_TEST(what_waits_goes_out_as_it_was_changed_and_not_when_taken_back)
{
	meet_in_the_garden();
	tell(anna, "at nine");
	ck_assert_int_eq(edit(anna, 1, "at ten"), 0);
	tell(anna, "a slip");
	ck_assert_int_eq(take_back(anna, 2), 0);
	ck_assert_int_eq(has(anna, "at nine") + has(anna, "a slip"), 0);
	settle();
	ck_assert_str_eq(sees(anna), "at ten* | (deleted) | ");
	ck_assert_str_eq(sees(bert), "at ten* | ");
	ck_assert_str_eq(sees(carl), "at ten* | ");
	people_part();
}
END_TEST

static char grown[3 * (GROUP_TEXT_MOST - CONTENT_TEXT_ID_BYTES)],
		other[2 * (CHANGE_TEXT_MOST - CONTENT_TEXT_ID_BYTES)];

START_TEST(long_texts_are_changed_and_what_was_lost_comes_without_old_words)
{
	meet_in_the_garden();
	memset(grown, 'x', sizeof grown - 1);
	memset(other, 'y', sizeof other - 1);
	tell(anna, grown);
	tell(anna, "short");
	for (int i = 0; i < 4; i++)
		take(anna, "bert", bert); /* and lost */
	move(anna, carl);
	ck_assert_int_eq(edit(anna, 1, other), 0);
	ck_assert_int_eq(edit(anna, 2, grown), 0);
	ck_assert_int_eq(has(anna, "xxx"), 1 + 2 * 3); /* the line, and its changes */
	settle();
	ck_assert_str_eq(sees(carl), "yyyyyyyyyyyyyyyyyyyy* | xxxxxxxxxxxxxxxxxxxx* | ");
	ck_assert_str_eq(sees(bert), "");
	mend();
	all_see("yyyyyyyyyyyyyyyyyyyy* | xxxxxxxxxxxxxxxxxxxx* | ");
	ck_assert_int_eq(all_have("short"), 0);
	ck_assert_int_eq(edit(anna, 2, "short again"), 0);
	take(anna, "bert", bert);
	tell(anna, "more");
	settle();
	mend();
	all_see("yyyyyyyyyyyyyyyyyyyy* | short again* | more | ");
	people_part();
}
END_TEST

START_TEST(who_joins_later_hears_of_no_old_words)
{
	people_meet();
	make_garden();
	join_garden(bert);
	settle();
	tell(anna, "before");
	settle();
	join_garden(carl);
	settle();
	ck_assert_int_eq(edit(anna, 1, "edited"), 0);
	ck_assert_int_eq(take_back(anna, 1), 0);
	settle();
	ck_assert_str_eq(sees(bert), "(deleted) | ");
	ck_assert_int_eq(count(carl, "SELECT count(*) FROM message WHERE type = 6"), 0);
	people_part();
}
END_TEST

START_TEST(what_is_kept_until_its_writer_is_listed_is_changed_in_secret)
{
	people_meet();
	carl_comes_early();
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp_member SET joined = 1", ""), 0);
	tell(carl, "early");
	tell(carl, "a slip");
	move(carl, bert);
	ck_assert_int_eq(edit(carl, 1, "so early"), 0);
	ck_assert_int_eq(take_back(carl, 2), 0);
	move(carl, bert);
	ck_assert_str_eq(sees(bert), "");
	settle();
	ck_assert_str_eq(sees(bert), "so early* | (deleted) | ");
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE gone = 2 AND NOT shown"),
			0);
	people_part();
}
END_TEST

START_TEST(a_line_whose_hearers_are_ended_or_blocked_is_still_ones_own)
{
	struct contact c;

	meet_in_the_garden();
	tell(anna, "one");
	tell(anna, "two");
	settle();
	c = the_contact(anna, "bert");
	ck_assert_int_eq(contact_end(anna->p, &c), 0);
	ck_assert_int_eq(edit(anna, 1, "first"), 0);
	ck_assert_int_eq(take_back(anna, 2), 0);
	settle();
	ck_assert_str_eq(sees(anna), "first* | (deleted) | ");
	ck_assert_str_eq(sees(carl), "first* | (deleted) | ");
	ck_assert_int_eq(contact_block(anna->p, "carl"), 0);
	ck_assert_int_eq(edit(anna, 1, "last"), 0);
	ck_assert_int_eq(contact_unblock(anna->p, "carl"), 0);
	settle();
	ck_assert_str_eq(sees(anna), "last* | (deleted) | ");
	ck_assert_str_eq(sees(carl), "first* | (deleted) | ");
	people_part();
}
END_TEST

UNIT("group_changes", what_was_said_is_changed_and_taken_back_for_all,
		what_others_said_or_did_nobody_changes,
		one_copy_alone_is_not_changed_as_if_said_between_two,
		who_is_out_says_and_hears_no_new_words_but_takes_back,
		a_change_that_comes_before_its_text_counts,
		what_waits_goes_out_as_it_was_changed_and_not_when_taken_back,
		long_texts_are_changed_and_what_was_lost_comes_without_old_words,
		who_joins_later_hears_of_no_old_words,
		what_is_kept_until_its_writer_is_listed_is_changed_in_secret,
		a_line_whose_hearers_are_ended_or_blocked_is_still_ones_own)
