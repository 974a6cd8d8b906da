/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Groups of people in one process: who is in, who hears what, and who is believed. */
#include "client/lib/group_private.h"
#include "tests/unit/client/garden.h"

START_TEST(who_joins_hears_and_is_heard_by_all_also_by_strangers)
{
	people_meet();
	all_join();
	ck_assert_str_eq(joined(anna), "bert carl");
	ck_assert_str_eq(joined(bert), "anna carl");
	ck_assert_str_eq(joined(carl), "anna bert");
	ck_assert_int_eq(tell_garden(bert, "one"), 0);
	ck_assert_int_eq(tell_garden(bert, "two"), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(heard(anna), "bert:one | bert:two"));
	ck_assert_ptr_nonnull(strstr(heard(carl), "bert:one | bert:two"));
	ck_assert_int_eq(count(carl, "SELECT count(*) FROM contact WHERE state = 0"), 0);
	ck_assert_int_eq(count(bert,
					 "SELECT count(*) FROM message WHERE out AND instr(body, "
					 "'one')"),
			2);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE out AND text = 'one'"), 1);
	people_part();
}
END_TEST

START_TEST(who_has_not_joined_hears_nothing)
{
	people_meet();
	make_garden();
	ck_assert_int_eq(tell_garden(anna, "alone"), GROUP_NOT_IN);
	join_garden(bert);
	settle();
	ck_assert_int_eq(tell_garden(anna, "two of us"), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(heard(bert), "anna:two of us"));
	ck_assert_str_eq(heard(carl), "anna:invites you: sotto group join");
	ck_assert_int_eq(tell_garden(carl, "not yet"), GROUP_NOT_IN);
	people_part();
}
END_TEST

START_TEST(who_was_removed_is_out_for_all)
{
	struct group g;

	people_meet();
	all_join();
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_remove(anna->p, &g, "nobody"), GROUP_NO_CONTACT);
	ck_assert_int_eq(group_remove(anna->p, &g, "carl"), 0);
	settle();
	ck_assert_int_eq(group_of(carl, "garden").state, GROUP_OUT);
	ck_assert_ptr_nonnull(strstr(heard(carl), "anna:has removed you"));
	ck_assert_int_eq(tell_garden(carl, "still here"), GROUP_NOT_IN);
	ck_assert_str_eq(joined(anna), "bert");
	ck_assert_str_eq(joined(bert), "anna");
	/* One who does not obey is heard by nobody. */
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp SET state = 1", ""), 0);
	ck_assert_int_eq(
			q_run(carl->p->db, "INSERT INTO grp_member SELECT 1, id, 1, 1 FROM contact",
					""),
			0);
	ck_assert_int_eq(tell_garden(carl, "still here"), 0);
	settle();
	ck_assert_ptr_null(strstr(heard(anna), "still here"));
	ck_assert_ptr_null(strstr(heard(bert), "still here"));
	/* Nor is it told who is still there. */
	g = group_of(carl, "garden");
	ck_assert_int_eq(group_say_joined(carl->p, &g, 0), 0);
	ck_assert_int_gt(move(carl, bert) + move(carl, anna), 0);
	ck_assert_int_eq(move(bert, carl) + move(anna, carl), 0);
	/* And may be asked again. */
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_invite(anna->p, &g, "carl"), 0);
	people_part();
}
END_TEST

START_TEST(only_who_made_it_may_list_and_rename)
{
	struct group g;

	people_meet();
	all_join();
	g = group_of(bert, "garden");
	ck_assert_int_eq(group_invite(bert->p, &g, "carl"), GROUP_NOT_OURS);
	ck_assert_int_eq(group_rename(bert->p, &g, "mine"), GROUP_NOT_OURS);
	g.ours = true;
	g.version += 10;
	ck_assert_int_eq(q_run(bert->p->db, "UPDATE grp SET version = version + 10", ""), 0);
	ck_assert_int_eq(group_rename(bert->p, &g, "mine"), 0);
	settle();
	group_of(anna, "garden");
	group_of(carl, "garden");
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_rename(anna->p, &g, "orchard"), 0);
	settle();
	group_of(carl, "orchard");
	ck_assert_int_eq(group_rename(anna->p, &g, ""), GROUP_BAD_NAME);
	ck_assert_int_eq(group_make(anna->p, "orchard"), GROUP_EXISTS);
	people_part();
}
END_TEST

START_TEST(what_comes_before_its_writer_is_listed_is_kept_until_then)
{
	people_meet();
	carl_comes_early();
	move(carl, bert);
	move(carl, anna);
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp_member SET joined = 1", ""), 0);
	ck_assert_int_eq(tell_garden(carl, "early"), 0);
	move(carl, bert);
	ck_assert_ptr_null(strstr(heard(bert), "early"));
	settle();
	ck_assert_ptr_nonnull(strstr(heard(bert), "carl:early"));
	ck_assert_str_eq(joined(bert), "anna carl");
	ck_assert_str_eq(joined(carl), "anna bert");
	people_part();
}
END_TEST

START_TEST(who_asks_before_the_list_has_them_is_answered_by_then)
{
	people_meet();
	add(bert, "carl", carl);
	add(carl, "bert", bert);
	pass(carl, "bert", bert, "hello");
	pass(bert, "carl", carl, "hello");
	carl_comes_early();
	ck_assert_int_gt(move(carl, bert), 0);
	ck_assert_int_eq(move(bert, carl), 0);
	ck_assert_str_eq(joined(carl), "anna");
	settle();
	ck_assert_str_eq(joined(bert), "anna carl");
	ck_assert_str_eq(joined(carl), "anna bert");
	people_part();
}
END_TEST

START_TEST(who_is_not_listed_fills_nothing_that_nobody_sees)
{
	static char text[2 * GROUP_TEXT_MOST]; /* of three packets */

	memset(text, 'x', sizeof text - 1);
	people_meet();
	add(bert, "carl", carl);
	add(carl, "bert", bert);
	carl_comes_early();
	move(carl, bert);
	move(carl, anna);
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp_member SET joined = 1", ""), 0);
	for (int i = 0; i < GROUP_EARLY_MOST; i++)
		ck_assert_int_eq(tell_garden(carl, i % 2 ? "early" : text), 0);
	move(carl, bert);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE type = 9 AND NOT out"),
			GROUP_EARLY_MOST);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM missing"), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(heard(bert), "carl:early"));
	ck_assert_int_eq(tell_garden(carl, "at last"), 0);
	settle();
	ck_assert_int_eq(has(bert, "at last"), 1);
	people_part();
}
END_TEST

START_TEST(who_leaves_is_missed_and_its_makers_leaving_is_the_end)
{
	struct group g;

	people_meet();
	all_join();
	g = group_of(bert, "garden");
	ck_assert_int_eq(group_leave(bert->p, &g), 0);
	settle();
	ck_assert_str_eq(joined(anna), "carl");
	ck_assert_str_eq(joined(carl), "anna");
	ck_assert_ptr_nonnull(strstr(heard(carl), "bert:has left"));
	ck_assert_int_eq(tell_garden(bert, "gone"), GROUP_NOT_IN);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_leave(anna->p, &g), 0);
	settle();
	ck_assert_int_eq(group_of(carl, "garden").state, GROUP_OUT);
	ck_assert_ptr_nonnull(strstr(heard(carl), "anna:has ended the group"));
	people_part();
}
END_TEST

static void add_many(int n)
{
	struct contact_link link;
	char name[CONTACT_NAME_MOST + 1];

	for (int i = 0; i < n; i++) {
		randombytes_buf(&link, sizeof link);
		snprintf(name, sizeof name, "somebody whose name is rather long %d", i);
		ck_assert_int_eq(contact_add(anna->p, name, &link), 0);
	}
}

START_TEST(thirty_two_are_the_most_and_their_list_comes_in_any_order)
{
	struct parcel parcels[8];
	struct group g;
	struct contact c;
	int n = 0;

	people_meet();
	add_many(GROUP_PEOPLE_MOST - 1);
	ck_assert_int_eq(group_make(anna->p, "garden"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(q_run(anna->p->db,
					 "INSERT INTO grp_member (grp, contact, listed) SELECT ?, "
					 "id, 1 "
					 "FROM contact WHERE name LIKE 'some%' LIMIT ?",
					 "ii", g.id, (int64_t)GROUP_PEOPLE_MOST - 2),
			0);
	ck_assert_int_eq(group_invite(anna->p, &g, "bert"), 0);
	ck_assert_int_eq(group_invite(anna->p, &g, "carl"), GROUP_FULL);
	c = the_contact(anna, "bert");
	anna->peer = bert;
	for (; outbox_next(&parcels[n], anna->p, c.id) != OUTBOX_EMPTY; n++) {
		parcels[n] = peek(anna, c.id);
		ck_assert_int_eq(outbox_done(anna->p, &parcels[n]), 0);
	}
	ck_assert_int_eq(n, (GROUP_PEOPLE_MOST - 1 + GROUP_PAGE_MOST - 1) / GROUP_PAGE_MOST);
	for (int i = 0; i < n; i++) { /* bert stands on the first page */
		ck_assert_int_eq(count(bert, "SELECT count(*) FROM grp WHERE state = 0"), 0);
		ck_assert_int_eq(deliver(bert, &parcels[(n - i) % n]), RECEIVE_NEW);
	}
	join_garden(bert);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM grp_member WHERE listed"),
			GROUP_PEOPLE_MOST - 1);
	people_part();
}
END_TEST

START_TEST(a_list_makes_no_endless_contacts)
{
	const int64_t n = GROUP_CONTACTS_MOST;

	people_meet();
	make_garden();
	ck_assert_int_eq(
			q_run(bert->p->db,
					"WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
					"FROM i WHERE n + 1 < ?) INSERT INTO contact (name, state, "
					"identity_hash) SELECT 'somebody' || n, 1, randomblob(32) "
					"FROM i",
					"i", n),
			0);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM contact"), n);
	join_garden(bert);
	settle();
	ck_assert_str_eq(joined(bert), "anna");
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM contact"), n);
	people_part();
}
END_TEST

static void make_and_invite(struct person *a, const char *name, const char *whom)
{
	struct group g;

	ck_assert_int_eq(group_make(a->p, name), 0);
	g = group_of(a, name);
	ck_assert_int_eq(group_invite(a->p, &g, whom), 0);
}

START_TEST(who_makes_many_groups_shuts_nobody_else_s_out)
{
	char name[16];

	people_meet();
	add(bert, "carl", carl);
	add(carl, "bert", bert);
	for (int i = 0; i < 3 * GROUPS_OF_ONE_MOST; i++) {
		snprintf(name, sizeof name, "g%d", i);
		make_and_invite(anna, name, "bert");
	}
	settle();
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM grp"), GROUPS_OF_ONE_MOST);
	make_and_invite(carl, "garden", "bert");
	settle();
	join_garden(bert);
	people_part();
}
END_TEST

START_TEST(copies_have_times_of_their_own_and_a_long_text_stays_in_order)
{
	char text[3 * (GROUP_TEXT_MOST - CONTENT_TEXT_ID_BYTES)];
	struct group g;
	int64_t wait_s;

	people_meet();
	all_join();
	g = group_of(anna, "garden");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	text[0] = 'A';
	ck_assert_int_eq(outbox_wait_s(&wait_s, anna->p), OUTBOX_EMPTY);
	for (int i = 0; i < 40; i++) /* so that it cannot be chance */
		ck_assert_int_eq(group_send(anna->p, &g, text, GROUP_SPREAD_S), 0);
	ck_assert_int_gt(count(anna, "SELECT count(DISTINCT after_s) FROM outbox"), 20);
	ck_assert_int_eq(outbox_wait_s(&wait_s, anna->p), 0);
	ck_assert_int_le(wait_s, GROUP_SPREAD_S);
	test_now += GROUP_SPREAD_S;
	ck_assert_int_eq(outbox_wait_s(&wait_s, anna->p), OUTBOX_EMPTY);
	settle();
	for (struct person *a = anna; a; a = a == anna ? bert : a == bert ? carl : NULL) {
		int64_t n;

		ck_assert_int_eq(q_number(&n, a->p->db,
						 "SELECT count(*) FROM message WHERE text = ? AND "
						 "parts = 3 AND whole IS NULL",
						 "t", text),
				0);
		ck_assert_int_eq(n, 40);
		ck_assert_int_eq(count(a,
						 "SELECT count(*) FROM message m WHERE parts = 3 "
						 "AND "
						 "whole IS NULL AND " GROUP_LINES),
				40);
		ck_assert_int_eq(count(a, "SELECT count(*) FROM message WHERE text LIKE 'xx%'"), 0);
	}
	people_part();
}
END_TEST

START_TEST(who_is_blocked_hears_nothing_of_us_and_stays_listed)
{
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(contact_block(bert->p, "carl"), 0);
	ck_assert_int_eq(tell_garden(bert, "behind the back"), 0);
	ck_assert_int_eq(tell_garden(carl, "unheard"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_rename(anna->p, &g, "orchard"), 0);
	{
		const int64_t to = the_contact(carl, "bert").id;
		struct parcel parcel;

		carl->peer = bert;
		parcel = peek(carl, to);
		ck_assert_int_eq(outbox_done(carl->p, &parcel), 0);
		ck_assert_int_eq(deliver(bert, &parcel), RECEIVE_JUNK);
	}
	settle();
	ck_assert_ptr_nonnull(strstr(heard(anna), "bert:behind the back"));
	ck_assert_ptr_null(strstr(heard(bert), "unheard"));
	ck_assert_int_eq(contact_unblock(bert->p, "carl"), 0);
	g = group_of(bert, "orchard");
	ck_assert_int_eq(group_send(bert->p, &g, "openly", 0), 0);
	settle();
	ck_assert_ptr_null(strstr(heard(carl), "behind the back"));
	ck_assert_ptr_nonnull(strstr(heard(carl), "bert:openly"));
	people_part();
}
END_TEST

static void end(struct person *a, const char *name)
{
	struct contact c = the_contact(a, name);

	ck_assert_int_eq(contact_end(a->p, &c), 0);
}

START_TEST(who_ends_a_groups_maker_leaves_it)
{
	people_meet();
	all_join();
	end(bert, "anna");
	ck_assert_int_eq(group_of(bert, "garden").state, GROUP_OUT);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM grp_member"), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(heard(carl), "bert:has left"));
	ck_assert_str_eq(joined(carl), "anna");
	people_part();
}
END_TEST

START_TEST(whom_its_maker_ends_is_out_for_the_others)
{
	people_meet();
	all_join();
	end(anna, "carl");
	settle();
	ck_assert_str_eq(joined(anna), "bert");
	ck_assert_str_eq(joined(bert), "anna");
	ck_assert_int_eq(tell_garden(bert, "two of us"), 0);
	settle();
	ck_assert_ptr_null(strstr(heard(carl), "two of us"));
	people_part();
}
END_TEST

START_TEST(a_body_that_is_cut_or_longer_is_refused)
{
	struct group_body body = { .kind = GROUP_LIST, .n = 2, .n_page = 2, .name = "g" }, got;
	struct content content = { .type = CONTENT_GROUP };
	size_t len;

	for (int i = 0; i < 2; i++) {
		randombytes_buf(&body.page[i].link, sizeof body.page[i].link);
		strcpy(body.page[i].name, "n");
	}
	len = group_write((uint8_t *)content.text, &body);
	content.text_len = (uint16_t)len;
	ck_assert_int_eq(group_read(&got, &content), 0);
	ck_assert_mem_eq(&got.page[1].link, &body.page[1].link, sizeof body.page[1].link);
	content.text_len = (uint16_t)(len + 1);
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
	for (size_t i = 0; i < len; i++) {
		content.text_len = (uint16_t)i;
		if (group_read(&got, &content) == 0) /* a shorter page is one */
			ck_assert_uint_eq(i, len - (2 + LINK_BYTES));
	}
	content.text_len = (uint16_t)len;
	content.text[GROUP_ID_BYTES + 1 + 4] = GROUP_PEOPLE_MOST;
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
	content.text[GROUP_ID_BYTES + 1 + 4] = 1; /* more than it has */
	ck_assert_int_eq(group_read(&got, &content), CONTENT_BAD);
}
END_TEST

UNIT("group", who_joins_hears_and_is_heard_by_all_also_by_strangers,
		who_has_not_joined_hears_nothing, who_was_removed_is_out_for_all,
		only_who_made_it_may_list_and_rename,
		what_comes_before_its_writer_is_listed_is_kept_until_then,
		who_asks_before_the_list_has_them_is_answered_by_then,
		who_is_not_listed_fills_nothing_that_nobody_sees,
		who_leaves_is_missed_and_its_makers_leaving_is_the_end,
		thirty_two_are_the_most_and_their_list_comes_in_any_order,
		a_list_makes_no_endless_contacts, who_makes_many_groups_shuts_nobody_else_s_out,
		copies_have_times_of_their_own_and_a_long_text_stays_in_order,
		who_is_blocked_hears_nothing_of_us_and_stays_listed,
		who_ends_a_groups_maker_leaves_it, whom_its_maker_ends_is_out_for_the_others,
		a_body_that_is_cut_or_longer_is_refused)
