/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is said in a group disappears after the time that its maker has set. */
#include "tests/unit/client/disk.h"
#include "tests/unit/client/garden.h"

#include "client/lib/change.h"
#include "client/lib/loss.h"
#include "client/lib/timer.h"

enum { DAY_S = 86400 };

static int set_timer(struct person *a, int64_t after_s)
{
	struct group g = group_of(a, "garden");

	return group_set_timer(a->p, &g, after_s);
}

static void due(void)
{
	for (int i = 0; i < PEOPLE; i++)
		ck_assert_int_eq(timer_due(people[i]->p), 0);
}

static void show(struct person *a)
{
	ck_assert_int_eq(q_run(a->p->db, "UPDATE message SET shown = 1 WHERE NOT shown", ""), 0);
}

static void all_show(void)
{
	for (int i = 0; i < PEOPLE; i++)
		show(people[i]);
	due();
}

static int n_disks_with(const char *word)
{
	return disk_has(anna, word) + disk_has(bert, word) + disk_has(carl, word);
}

static int64_t timer_of(struct person *a)
{
	return group_of(a, "garden").timer_s;
}

START_TEST(only_its_maker_sets_it_and_who_comes_later_has_it_too)
{
	people_meet();
	make_garden();
	join_garden(bert);
	settle();
	ck_assert_int_eq(set_timer(bert, 60), GROUP_NOT_OURS);
	ck_assert_int_eq(set_timer(anna, (int64_t)TIMER_MOST_S + 1), GROUP_LONG_TIME);
	ck_assert_int_eq(set_timer(anna, -1), GROUP_LONG_TIME);
	ck_assert_int_eq(set_timer(anna, 60), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(
			heard(bert), "anna:[messages disappear after 1 minute from now on]"));
	ck_assert_ptr_null(strstr(heard(carl), "disappear"));
	join_garden(carl);
	settle();
	ck_assert_int_eq(timer_of(anna) + timer_of(bert) + timer_of(carl), 3 * 60);
	ck_assert_int_eq(count(anna,
					 "SELECT count(*) FROM message m WHERE text LIKE "
					 "'[messages%' "
					 "AND " GROUP_LINES),
			1);
	ck_assert_int_eq(set_timer(anna, 0), 0);
	settle();
	ck_assert_int_eq(timer_of(anna) + timer_of(bert) + timer_of(carl), 0);
	ck_assert_ptr_nonnull(strstr(heard(carl), "anna:[messages stay from now on]"));
	people_part();
}
END_TEST

static char text_of_parts[2 * GROUP_TEXT_MOST + 1];

START_TEST(what_is_said_is_gone_for_all_and_from_the_disk)
{
	struct group_line first = { 1, 0 };
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(bert, "bandersnatch"), 0);
	settle();
	ck_assert_int_eq(set_timer(anna, 60), 0);
	settle();
	ck_assert_int_eq(tell_garden(carl, "jabberwocky"), 0);
	memset(text_of_parts, 'x', sizeof text_of_parts - 1);
	memcpy(text_of_parts, "frumious ", 9);
	ck_assert_int_eq(tell_garden(carl, text_of_parts), 0);
	settle();
	ck_assert_int_eq(n_disks_with("jabberwocky") + n_disks_with("frumious"), 6);
	g = group_of(carl, "garden");
	ck_assert_int_eq(group_change_text(carl->p, &g, &first, "jubjub"), 0);
	settle();
	due();
	ck_assert_int_eq(n_disks_with("jabberwocky"), 0);
	test_now += 3600;
	due(); /* nobody else has read it */
	ck_assert_int_eq(has(carl, "jubjub") + has(carl, "frumious"), 0);
	ck_assert(has(anna, "jubjub") && has(bert, "frumious"));
	all_show();
	test_now += 59;
	due();
	ck_assert(has(anna, "jubjub") && has(bert, "frumious"));
	test_now++;
	due();
	ck_assert_int_eq(n_disks_with("jubjub") + n_disks_with("frumious"), 0);
	ck_assert_int_eq(n_disks_with("bandersnatch"), 3); /* from before */
	ck_assert_ptr_nonnull(strstr(heard(anna), "bert:bandersnatch"));
	people_part();
}
END_TEST

START_TEST(a_text_lives_as_its_writer_knew_also_where_the_time_comes_later)
{
	people_meet();
	all_join();
	ck_assert_int_eq(set_timer(anna, 60), 0);
	move(anna, bert); /* and carl hears nothing of it yet */
	ck_assert_int_eq(tell_garden(bert, "short"), 0);
	ck_assert_int_eq(tell_garden(carl, "long"), 0);
	move(bert, carl);
	settle();
	all_show();
	test_now += 60;
	due();
	ck_assert_int_eq(has(anna, "short") + has(bert, "short") + has(carl, "short"), 0);
	ck_assert(has(anna, "long") && has(bert, "long") && has(carl, "long"));
	people_part();
}
END_TEST

START_TEST(what_waits_keeps_its_time_when_it_is_changed)
{
	struct group_line first = { 2, 0 }; /* after the sign of the time */
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(set_timer(anna, 60), 0);
	settle();
	ck_assert_int_eq(tell_garden(anna, "short"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_change_text(anna->p, &g, &first, "shorter"), 0);
	settle();
	all_show();
	test_now += 60;
	due();
	ck_assert_int_eq(has(anna, "short") + has(bert, "short") + has(carl, "short"), 0);
	people_part();
}
END_TEST

START_TEST(one_who_cannot_be_reached_keeps_it_a_day_and_an_unsent_one_stays)
{
	people_meet();
	all_join();
	ck_assert_int_eq(set_timer(anna, 60), 0);
	settle();
	ck_assert_int_eq(tell_garden(anna, "on a mountain"), 0);
	test_now += 3 * DAY_S;
	due();
	ck_assert_int_gt(has(anna, "on a mountain"), 0);
	move(anna, bert);
	due();
	ck_assert_int_eq(has(anna, "on a mountain"), 0);
	move(anna, carl);
	ck_assert_int_eq(has(carl, "on a mountain"), 0);
	ck_assert_int_eq(count(carl, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(tell_garden(anna, "in the valley"), 0);
	move(anna, bert);
	test_now += DAY_S;
	due();
	ck_assert_int_gt(has(anna, "in the valley"), 0);
	move(anna, carl);
	due();
	ck_assert_int_eq(has(anna, "in the valley"), 0);
	ck_assert_int_eq(has(carl, "in the valley"), 1);
	people_part();
}
END_TEST

START_TEST(the_clock_of_what_is_kept_for_a_list_starts_when_it_is_shown)
{
	people_meet();
	all_join();
	ck_assert_int_eq(set_timer(anna, 60), 0);
	settle();
	ck_assert_int_eq(
			q_run(bert->p->db, "UPDATE grp_member SET listed = 0 WHERE joined", ""), 0);
	ck_assert_int_eq(tell_garden(carl, "early"), 0);
	settle();
	due();
	test_now += DAY_S;
	due();
	ck_assert_int_eq(has(bert, "early"), 1);
	people_part();
}
END_TEST

START_TEST(a_maker_who_comes_out_of_an_export_is_followed)
{
	struct group old;

	people_meet();
	all_join();
	old = group_of(anna, "garden");
	for (int i = 1; i < 5; i++)
		ck_assert_int_eq(set_timer(anna, i * 60), 0);
	settle();
	/* as it was at first */
	ck_assert_int_eq(q_run(anna->p->db, "UPDATE grp SET version = ?, timer_s = 0", "i",
					 old.version),
			0);
	ck_assert_int_eq(loss_restored(anna->p), 0);
	people[0]->peer = bert;
	ck_assert_int_eq(set_timer(anna, 7200), 0);
	settle();
	ck_assert_int_eq(timer_of(bert), 7200);
	people_part();
}
END_TEST

START_TEST(a_time_of_nothing_or_of_ages_is_none)
{
	struct group_body body = { .kind = GROUP_TEXT, .text = "x", .after_s = TIMER_MOST_S }, got;
	struct content content = { .type = CONTENT_GROUP };
	char *time = content.text + 1 + GROUP_ID_BYTES;

	content.text_len = (uint16_t)group_write((uint8_t *)content.text, &body);
	ck_assert_int_eq(group_read(&got, &content), 0);
	ck_assert_uint_eq(got.after_s, TIMER_MOST_S);
	time[3]++;
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
	memset(time, 0, 4);
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
	body.kind = GROUP_LEFT; /* has none */
	content.text_len = (uint16_t)group_write((uint8_t *)content.text, &body);
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
}
END_TEST

UNIT("group_timer", only_its_maker_sets_it_and_who_comes_later_has_it_too,
		what_is_said_is_gone_for_all_and_from_the_disk,
		a_text_lives_as_its_writer_knew_also_where_the_time_comes_later,
		what_waits_keeps_its_time_when_it_is_changed,
		one_who_cannot_be_reached_keeps_it_a_day_and_an_unsent_one_stays,
		the_clock_of_what_is_kept_for_a_list_starts_when_it_is_shown,
		a_maker_who_comes_out_of_an_export_is_followed,
		a_time_of_nothing_or_of_ages_is_none)
