/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the public functions tell of what was said: between two, in groups, found by words. */
#include "tests/unit/client/opened.h"

#include "client/lib/group.h"

static int hear_line(void *userdata, const struct sotto_message *m)
{
	(void)userdata;
	note("%s/%s%c%s%u ", m->group ? m->group : "", m->contact,
			m->state == SOTTO_CAME ? '>' : '<', m->text, m->n_missing);
	return 0;
}

static const char *found(const char *contact, const char *words)
{
	forget();
	ck_assert_int_eq(sotto_search(opened, contact, words, hear_line, NULL), 0);
	return heard;
}

START_TEST(words_are_found_with_all_and_with_one)
{
	meet_and_open();
	ck_assert_int_eq(sotto_write(opened, "alice", "two and three"), 0);
	ck_assert_str_eq(found(NULL, "tw"), "/alice>two0 /alice<two and three0 ");
	ck_assert_str_eq(found("alice", "three and"), "/alice<two and three0 ");
	ck_assert_str_eq(found(NULL, "four"), "");
	ck_assert_str_eq(found(NULL, " "), "");
	ck_assert_str_eq(found(NULL, NULL), "/alice>one0 /alice>two0 /alice<two and three0 ");
	ck_assert_int_eq(sotto_search(opened, "nobody", "two", hear_line, NULL), SOTTO_NO_CONTACT);
	part();
}
END_TEST

static int hear_state(void *userdata, const struct sotto_message *m)
{
	(void)userdata;
	note("%s%d ", m->text, (int)m->state);
	return 0;
}

START_TEST(ours_waits_is_sent_and_is_received)
{
	meet_and_open();
	ck_assert_int_eq(sotto_write(opened, "alice", "a"), 0);
	ck_assert_int_eq(sotto_write(opened, "alice", "b"), 0);
	ck_assert_int_eq(sotto_write(opened, "alice", "c"), 0);
	ck_assert_int_eq(q_run(bob.p->db,
					 "DELETE FROM outbox WHERE message < (SELECT max(message) "
					 "FROM outbox)",
					 ""),
			0);
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE message SET received = 1 WHERE text = 'a'", ""),
			0);
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear_state, NULL), 0);
	ck_assert_str_eq(heard, "one0 two0 a3 b2 c1 ");
	part();
}
END_TEST

START_TEST(a_gap_stands_before_what_came_after_it)
{
	meet_and_open();
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE message SET number = 5 WHERE text = 'two'", ""),
			0);
	ck_assert_int_eq(q_run(bob.p->db, "INSERT INTO missing SELECT id, 2, 4 FROM contact", ""),
			0);
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear_line, NULL), 0);
	ck_assert_str_eq(heard, "/alice>one0 /alice>two3 ");
	part();
}
END_TEST

/* A row of that group, as alice would have said it there. */
static void say_in_group(const char *text)
{
	struct group g;

	ck_assert_int_eq(group_by_name(&g, bob.p, "club"), 0);
	ck_assert_int_eq(q_run(bob.p->db,
					 "INSERT INTO message (contact, out, number, part, parts, "
					 "at_s, envelope, text, grp) SELECT id, 0, 9, 0, 1, 5, "
					 "randomblob(16), ?, ? FROM contact",
					 "ti", text, g.id),
			0);
}

START_TEST(what_is_said_in_a_group_is_not_said_between_two)
{
	const struct sotto_range last = { 0, 1 };

	meet_and_open();
	ck_assert_int_eq(sotto_group_make(opened, "club"), 0);
	say_in_group("three");
	say_in_group("four");
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear_line, NULL), 0);
	ck_assert_str_eq(heard, "/alice>one0 /alice>two0 ");
	forget();
	ck_assert_int_eq(sotto_group_history(opened, "club", NULL, hear_line, NULL), 0);
	ck_assert_str_eq(heard, "club/alice>three0 club/alice>four0 ");
	forget();
	ck_assert_int_eq(sotto_group_history(opened, "club", &last, hear_line, NULL), 0);
	ck_assert_str_eq(heard, "club/alice>four0 ");
	ck_assert_int_eq(sotto_group_history(opened, "pub", NULL, hear_line, NULL), SOTTO_NO_GROUP);
	ck_assert_str_eq(found("alice", "thr"), "club/alice>three0 ");
	forget();
	ck_assert_int_eq(sotto_unread(opened, hear_line, NULL), 0);
	ck_assert_str_eq(heard, "/alice>one0 /alice>two0 club/alice>three0 club/alice>four0 ");
	part();
}
END_TEST

static int read_all(void *userdata, const struct sotto_message *m)
{
	note("%s ", m->text);
	return userdata ? sotto_read(opened, m->contact) : 0;
}

START_TEST(a_request_is_read_by_the_beginning_of_its_name)
{
	struct person carl;

	meet_and_open();
	person_make(&carl);
	add(&carl, "bob", &bob);
	pass(&carl, "bob", &bob, "hello");
	forget();
	ck_assert_int_eq(sotto_history(opened, "req", NULL, hear_line, NULL), 0);
	ck_assert_ptr_nonnull(strstr(heard, ">hello"));
	ck_assert_ptr_nonnull(strstr(found("request-", "hello"), ">hello"));
	ck_assert_int_eq(sotto_history(opened, "", NULL, hear_line, NULL), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_history(opened, "x", NULL, hear_line, NULL), SOTTO_NO_CONTACT);
	person_end(&carl);
	part();
}
END_TEST

START_TEST(what_was_read_meanwhile_is_not_shown_again)
{
	meet_and_open();
	ck_assert_int_eq(sotto_unread(opened, read_all, opened), 0);
	ck_assert_str_eq(heard, "one ");
	part();
}
END_TEST

static int end_person(void *userdata, const struct sotto_message *m)
{
	struct contact c = the_contact(&bob, m->contact);

	(void)userdata;
	note("%s ", m->text);
	return contact_end(bob.p, &c);
}

START_TEST(what_is_gone_meanwhile_is_passed_over)
{
	meet_and_open();
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, end_person, NULL), 0);
	ck_assert_str_eq(heard, "one ");
	part();
}
END_TEST

static int hear_change(void *userdata, const struct sotto_message *m)
{
	(void)userdata;
	note("%s%s%s ", m->text, m->edited ? "(edited)" : "", m->deleted ? "(deleted)" : "");
	return 0;
}

START_TEST(ours_is_edited_deleted_and_disappears)
{
	meet_and_open();
	ck_assert_int_eq(sotto_write(opened, "alice", "at nine"), 0);
	ck_assert_int_eq(sotto_write(opened, "alice", "a slip"), 0);
	ck_assert_int_eq(sotto_edit(opened, "alice", 1, "at ten"), 0);
	ck_assert_int_eq(sotto_delete(opened, "alice", 2), 0);
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear_change, NULL), 0);
	ck_assert_str_eq(heard, "one two at ten(edited) (deleted) ");
	ck_assert_int_eq(sotto_edit(opened, "alice", 1, ""), SOTTO_NOT_TEXT);
	ck_assert_int_eq(sotto_edit(opened, "alice", 2, "x"), SOTTO_NO_MESSAGE);
	ck_assert_int_eq(sotto_delete(opened, "alice", 9), SOTTO_NO_MESSAGE);
	ck_assert_int_eq(sotto_set_timer(opened, "alice", 366 * 86400), SOTTO_TOO_LONG);
	ck_assert_int_eq(sotto_set_timer(opened, "alice", -1), SOTTO_TOO_LONG);
	ck_assert_int_eq(sotto_set_timer(opened, "carol", 60), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_set_timer(opened, "alice", 60), 0);
	forget();
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear_change, NULL), 0);
	ck_assert_str_eq(heard,
			"one two at ten(edited) (deleted) [messages disappear after 1 minute "
			"from now on] ");
	part();
}
END_TEST

UNIT("sotto_messages", words_are_found_with_all_and_with_one, ours_waits_is_sent_and_is_received,
		a_gap_stands_before_what_came_after_it,
		what_is_said_in_a_group_is_not_said_between_two,
		a_request_is_read_by_the_beginning_of_its_name,
		what_was_read_meanwhile_is_not_shown_again, what_is_gone_meanwhile_is_passed_over,
		ours_is_edited_deleted_and_disappears)
