/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A group that is over is forgotten: what goes with it, what is still told, and what comes later. */
#include "tests/unit/client/disk.h"
#include "tests/unit/client/garden.h"

#include "client/lib/history.h"
#include "client/lib/loss.h"
#include "client/lib/store.h"

static int forget(struct person *a)
{
	struct group g = group_of(a, "garden");

	return group_forget(a->p, &g);
}

static void leave_and_forget(struct person *a)
{
	struct group g = group_of(a, "garden");

	ck_assert_int_eq(group_forget(a->p, &g), GROUP_STILL_IN);
	ck_assert_int_eq(group_leave(a->p, &g), 0);
	ck_assert_int_eq(forget(a), 0);
}

static int64_t n_groups(struct person *a)
{
	return count(a, "SELECT count(*) FROM grp");
}

static int on_line(void *userdata, const struct line *line)
{
	(void)line;
	++*(int *)userdata;
	return 0;
}

static void edit_first(struct person *a, const char *text)
{
	struct group g = group_of(a, "garden");

	ck_assert_int_eq(group_change_text(a->p, &g, &(struct group_line){ 1, 0 }, text), 0);
}

static char long_text[2 * GROUP_TEXT_MOST];

static void talk(void)
{
	memset(long_text, 'x', sizeof long_text - 1);
	memcpy(long_text, "frumious ", 9);
	ck_assert_int_eq(tell_garden(bert, "bandersnatch"), 0);
	ck_assert_int_eq(tell_garden(carl, long_text), 0);
	settle();
	edit_first(bert, "jabberwocky");
	edit_first(carl, "jubjub");
	settle();
}

START_TEST(all_that_was_said_goes_from_the_disk_and_its_name_is_free)
{
	static const char *const words[] = { "bandersnatch", "frumious", "jabberwocky", "jubjub",
		"borogove", "garden" };
	int n_lines = 0;

	people_meet();
	all_join();
	talk();
	ck_assert_int_eq(store_forget(bert->p->db), 0);
	ck_assert_int_eq(tell_garden(bert, "borogove"), 0); /* in the log only */
	settle();
	ck_assert(disk_has(bert, "jabberwocky") && disk_has(bert, "jubjub"));
	leave_and_forget(bert);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		ck_assert_msg(!disk_has(bert, words[i]), "%s", words[i]);
	settle();
	ck_assert_int_eq(n_groups(bert) + count(bert, "SELECT count(*) FROM grp_member"), 0);
	ck_assert_int_eq(group_make(bert->p, "garden"), 0);
	ck_assert_int_eq(
			history(bert->p, &(struct history_wish){ .contact = 0 }, on_line, &n_lines),
			0);
	ck_assert_int_eq(n_lines, 0);
	ck_assert_int_eq(forget(bert), GROUP_STILL_IN);
	people_part();
}
END_TEST

START_TEST(what_waits_says_only_that_one_has_left)
{
	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(bert, "earlier"), 0);
	settle();
	ck_assert_int_eq(tell_garden(bert, "unsent"), 0);
	edit_first(bert, "reworded");
	bert->peer = anna;
	peek(bert, the_contact(bert, "anna").id); /* sealed */
	leave_and_forget(bert);
	settle();
	for (int i = 0; i < PEOPLE; i += 2) {
		ck_assert_ptr_null(strstr(heard(people[i]), "unsent"));
		ck_assert_ptr_nonnull(strstr(heard(people[i]), "bert:earlier"));
		ck_assert_ptr_nonnull(strstr(heard(people[i]), "bert:has left"));
		ck_assert_int_eq(count(people[i], "SELECT count(*) FROM missing"), 0);
	}
	ck_assert_str_eq(joined(anna), "carl");
	people_part();
}
END_TEST

START_TEST(its_makers_end_of_it_comes_also_when_it_was_lost)
{
	struct parcel parcel;
	struct group g;

	people_meet();
	all_join();
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_remove(anna->p, &g, "carl"), 0);
	leave_and_forget(anna);
	for (int i = 0; i < 2; i++) { /* lost: the list, and the end */
		anna->peer = bert;
		parcel = peek(anna, the_contact(anna, "bert").id);
		ck_assert_int_eq(outbox_done(anna->p, &parcel), 0);
	}
	settle();
	ck_assert_ptr_nonnull(strstr(heard(carl), "anna:has ended the group"));
	ck_assert_int_eq(group_of(bert, "garden").state, GROUP_IN);
	say(anna, "bert", bert, "still here");
	settle();
	for (int i = 0; i < 3; i++) {
		test_now += LOSS_HOUR_S;
		ck_assert_int_eq(loss_mend(bert->p), 0);
		ck_assert_int_eq(loss_mend(anna->p), 0);
		settle();
	}
	ck_assert_int_eq(group_of(bert, "garden").state, GROUP_OUT);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(forget(bert) + forget(carl), 0);
	people_part();
}
END_TEST

START_TEST(only_an_invitation_brings_it_back)
{
	struct group g;

	people_meet();
	all_join();
	leave_and_forget(carl);
	ck_assert_int_eq(tell_garden(bert, "late"), 0);
	move(bert, carl); /* who has heard of no end */
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_remove(anna->p, &g, "carl"), 0);
	move(anna, carl);
	ck_assert_int_eq(n_groups(carl), 0);
	settle();
	ck_assert_int_eq(group_invite(anna->p, &g, "carl"), 0);
	settle();
	ck_assert_int_eq(group_of(carl, "garden").state, GROUP_INVITED);
	ck_assert_int_eq(forget(carl), 0);
	ck_assert_int_eq(group_rename(anna->p, &g, "garden"), 0);
	settle();
	join_garden(carl);
	settle();
	ck_assert_int_eq(tell_garden(bert, "again"), 0);
	settle();
	ck_assert_str_eq(heard(carl),
			"anna:invites you: sotto group join | bert:has joined | bert:again");
	ck_assert_str_eq(joined(anna), "bert carl");
	people_part();
}
END_TEST

UNIT("group_forget", all_that_was_said_goes_from_the_disk_and_its_name_is_free,
		what_waits_says_only_that_one_has_left,
		its_makers_end_of_it_comes_also_when_it_was_lost, only_an_invitation_brings_it_back)
