/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What one says in a group waits, lies in a mailbox, has come or never goes, for each member: three
 * people, of whom carl cannot be reached for a while. */
#include "client/lib/group_copies.h"

#include "client/lib/history.h"
#include "client/lib/receipts.h"
#include "tests/unit/client/garden.h"

static struct line last;

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	if (strncmp(line->text, "has ", 4) != 0) /* joined, left */
		last = *line;
	return 0;
}

/* "state: waiting sent received ended of copies; name state ..." of what was said last. */
static const char *state_of(struct person *a)
{
	static const char letters[] = { [LINE_CAME] = 'c',
		[LINE_QUEUED] = 'q',
		[LINE_DEPOSITED] = 'd',
		[LINE_RECEIVED] = 'r',
		[LINE_NEVER] = 'n' };
	static char out[256];
	struct group g = group_of(a, "garden");
	struct group_copies copies;
	const struct line_copies *n = &last.copies;

	ck_assert_int_eq(history(a->p, &(struct history_wish){ .group = g.id }, on_line, NULL), 0);
	snprintf(out, sizeof out, "%c: %d %d %d %d of %d;", letters[last.state], (int)n->n_waiting,
			(int)n->n_sent, (int)n->n_received, (int)n->n_ended, (int)n->n);
	if (group_copies_of(&copies, a->p, g.id, last.number) == GROUP_NO_LINE)
		return out;
	for (size_t i = 0; i < copies.n; i++) {
		const struct group_copy *c = &copies.copy[i];

		snprintf(out + strlen(out), sizeof out - strlen(out), " %s %c%s%s", c->name,
				letters[c->state], c->in ? "" : "-", c->blocked ? "!" : "");
	}
	return out;
}

static void tells_what_came(struct person *a)
{
	ck_assert_int_eq(receipts_due(a->p, true), 0);
	move(a, anna);
}

static int edit(struct person *a, const char *text)
{
	struct group g = group_of(a, "garden");

	return group_change_text(a->p, &g, &(struct group_line){ last.number, 0 }, text);
}

static void removes(const char *name)
{
	struct group g = group_of(anna, "garden");

	ck_assert_int_eq(group_remove(anna->p, &g, name), 0);
}

static void comes_back(struct person *a, const char *name)
{
	struct group g = group_of(anna, "garden");

	ck_assert_int_eq(group_invite(anna->p, &g, name), 0);
	settle();
	join_garden(a);
	settle();
}

START_TEST(each_copy_has_a_state_of_its_own)
{
	static char text[2 * GROUP_TEXT_MOST];

	people_meet();
	all_join();
	for (int i = 1; i < PEOPLE; i++)
		ck_assert_int_eq(receipts_set(people[i]->p, "anna", true), 0);
	memset(text, 'x', sizeof text - 1); /* of several packets */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(tell_garden(anna, i ? text : "one"), 0);
		ck_assert_str_eq(state_of(anna), "q: 2 0 0 0 of 2; bert q carl q");
		move(anna, bert);
		ck_assert_str_eq(state_of(anna), "q: 1 1 0 0 of 2; bert d carl q");
		tells_what_came(bert);
		ck_assert_str_eq(state_of(anna), "q: 1 1 1 0 of 2; bert r carl q");
		move(anna, carl);
		ck_assert_str_eq(state_of(anna), "d: 0 2 1 0 of 2; bert r carl d");
		tells_what_came(carl);
		ck_assert_str_eq(state_of(anna), "r: 0 2 2 0 of 2; bert r carl r");
		ck_assert_str_eq(state_of(bert), "c: 0 0 0 0 of 0;"); /* others' are none of ours */
	}
	people_part();
}
END_TEST

START_TEST(a_copy_is_sent_once_all_of_it_is)
{
	static char text[2 * GROUP_TEXT_MOST];
	struct parcel parcel;

	people_meet();
	all_join();
	memset(text, 'x', sizeof text - 1);
	ck_assert_int_eq(tell_garden(anna, text), 0);
	anna->peer = bert;
	parcel = peek(anna, the_contact(anna, "bert").id);
	ck_assert_int_eq(outbox_done(anna->p, &parcel), 0);
	ck_assert_str_eq(state_of(anna), "q: 2 0 0 0 of 2; bert q carl q");
	people_part();
}
END_TEST

START_TEST(who_is_removed_gets_nothing_that_waits)
{
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(anna, "before"), 0);
	settle();
	state_of(anna);
	ck_assert_int_eq(edit(anna, "reworded"), 0);
	ck_assert_int_eq(tell_garden(anna, "secret"), 0);
	move(anna, bert);
	ck_assert_str_eq(state_of(anna), "q: 1 1 0 0 of 2; bert d carl q");
	anna->peer = carl;
	peek(anna, the_contact(anna, "carl").id); /* what it is changed into is sealed */
	removes("carl");
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 0 of 2; bert d carl n-");
	settle();
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 0 of 2; bert d carl n-");
	ck_assert_int_eq(has(carl, "secret") + has(carl, "reworded"), 0);
	ck_assert_int_eq(count(carl, "SELECT count(*) FROM missing"), 0);
	comes_back(carl, "carl");
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 0 of 2; bert d carl n");
	ck_assert_int_eq(edit(anna, "other words"), 0);
	settle();
	ck_assert_int_eq(has(bert, "other words"), 1);
	ck_assert_int_eq(has(carl, "other words"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_take_back(anna->p, &g, &(struct group_line){ last.number, 0 }), 0);
	settle();
	ck_assert_int_eq(has(bert, "other words"), 0);
	ck_assert_str_eq(state_of(anna), "d: 0 0 0 0 of 0;"); /* deleted: nobody is told */
	people_part();
}
END_TEST

START_TEST(nor_the_key_of_a_file)
{
	struct file file;
	int64_t line;

	people_meet();
	all_join();
	ck_assert_int_eq(file_init(&file, "plan.jpg", 100), 0);
	ck_assert_int_eq(q_begin(anna->p->db), 0);
	ck_assert_int_eq(group_say_file(anna->p, group_of(anna, "garden").id, &file, 0, &line), 0);
	ck_assert_int_eq(q_end(anna->p->db, 0), 0);
	move(anna, bert);
	ck_assert_str_eq(state_of(anna), "q: 1 1 0 0 of 2; bert d carl q");
	removes("carl");
	settle();
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 0 of 2; bert d carl n-");
	ck_assert_int_eq(has(bert, "plan.jpg"), 1);
	ck_assert_int_eq(has(carl, "plan.jpg"), 0);
	people_part();
}
END_TEST

START_TEST(nor_who_leaves_or_is_out_by_the_makers_list)
{
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(bert, "listed"), 0); /* bert is not the maker */
	move(bert, anna);
	ck_assert_str_eq(state_of(bert), "q: 1 1 0 0 of 2; anna d carl q");
	removes("carl");
	move(anna, bert);
	ck_assert_str_eq(state_of(bert), "d: 0 1 0 0 of 2; anna d carl n-");
	settle();
	ck_assert_int_eq(has(carl, "listed"), 0);
	comes_back(carl, "carl");
	ck_assert_int_eq(tell_garden(bert, "left"), 0);
	move(bert, anna);
	g = group_of(carl, "garden");
	ck_assert_int_eq(group_leave(carl->p, &g), 0);
	move(carl, bert);
	ck_assert_str_eq(state_of(bert), "d: 0 1 0 0 of 2; anna d carl n-");
	settle();
	ck_assert_int_eq(has(carl, "left"), 0);
	people_part();
}
END_TEST

START_TEST(a_line_that_goes_to_nobody_does_not_wait)
{
	people_meet();
	all_join();
	removes("bert");
	settle();
	ck_assert_int_eq(tell_garden(anna, "one"), 0);
	ck_assert_str_eq(state_of(anna), "q: 1 0 0 0 of 1; carl q");
	removes("carl");
	ck_assert_str_eq(state_of(anna), "n: 0 0 0 0 of 1; carl n-");
	settle();
	ck_assert_str_eq(state_of(anna), "n: 0 0 0 0 of 1; carl n-");
	people_part();
}
END_TEST

START_TEST(for_who_is_blocked_it_waits_until_they_are_not)
{
	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(anna, "one"), 0);
	ck_assert_int_eq(contact_block(anna->p, "carl"), 0);
	settle();
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 0 of 2; bert d carl n!");
	ck_assert_int_eq(has(carl, "one"), 0);
	ck_assert_int_eq(contact_unblock(anna->p, "carl"), 0);
	ck_assert_str_eq(state_of(anna), "q: 1 1 0 0 of 2; bert d carl q");
	settle();
	ck_assert_str_eq(state_of(anna), "d: 0 2 0 0 of 2; bert d carl d");
	ck_assert_int_eq(contact_block(anna->p, "carl"), 0);
	ck_assert_str_eq(state_of(anna), "d: 0 2 0 0 of 2; bert d carl d!");
	people_part();
}
END_TEST

START_TEST(of_who_is_no_contact_any_more_nothing_is_known)
{
	struct contact c;

	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(anna, "one"), 0);
	move(anna, bert);
	c = the_contact(anna, "carl");
	ck_assert_int_eq(contact_end(anna->p, &c), 0);
	ck_assert_str_eq(state_of(anna), "d: 0 1 0 1 of 2; bert d");
	c = the_contact(anna, "bert");
	ck_assert_int_eq(contact_end(anna->p, &c), 0);
	ck_assert_str_eq(state_of(anna), "d: 0 0 0 2 of 2;");
	people_part();
}
END_TEST

UNIT("group_copies", each_copy_has_a_state_of_its_own, a_copy_is_sent_once_all_of_it_is,
		who_is_removed_gets_nothing_that_waits, nor_the_key_of_a_file,
		nor_who_leaves_or_is_out_by_the_makers_list,
		a_line_that_goes_to_nobody_does_not_wait,
		for_who_is_blocked_it_waits_until_they_are_not,
		of_who_is_no_contact_any_more_nothing_is_known)
