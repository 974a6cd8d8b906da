/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages that are changed, taken back, or disappear: on both sides, in whichever order it comes,
 * and of nobody else. */
#include "tests/unit/client/disk.h"

#include "client/lib/change.h"
#include "client/lib/history.h"
#include "client/lib/loss.h"
#include "client/lib/timer.h"

static int64_t has(struct person *a, const char *text)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, a->p->db,
					 "SELECT count(*) FROM message WHERE text = ?1 OR "
					 "instr(body, "
					 "CAST(?1 AS BLOB))",
					 "t", text),
			0);
	return n;
}

static int64_t waiting(struct person *a)
{
	return count(a, "SELECT count(*) FROM outbox");
}

static void settle(void)
{
	do {
		ck_assert_int_eq(loss_mend(alice.p), 0);
		ck_assert_int_eq(loss_mend(bob.p), 0);
		while (waiting(&alice))
			carry(&alice, &bob);
		while (waiting(&bob))
			carry(&bob, &alice);
		ck_assert_int_eq(loss_mend(alice.p), 0);
		ck_assert_int_eq(loss_mend(bob.p), 0);
	} while (waiting(&alice) || waiting(&bob));
}

static int edit(struct person *a, const char *name, int64_t number, const char *text)
{
	struct contact c = the_contact(a, name);

	a->peer = a == &alice ? &bob : &alice;
	return change_text(a->p, &c, number, text);
}

static int take_back(struct person *a, const char *name, int64_t number)
{
	struct contact c = the_contact(a, name);

	a->peer = a == &alice ? &bob : &alice;
	return change_take_back(a->p, &c, number);
}

/* --- changes ------------------------------------------------------------ */

START_TEST(a_text_is_changed_on_both_sides)
{
	meet();
	pass(&alice, "bob", &bob, "at nine");
	ck_assert_int_eq(edit(&alice, "bob", 2, "at ten"), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(has(&alice, "at nine") + has(&bob, "at nine"), 0);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM message WHERE text = 'at ten' AND "
					 "edited"),
			1);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE text = 'at ten'"), 1);
	/* What an earlier change said goes with the next one. */
	ck_assert_int_eq(edit(&alice, "bob", 2, "at eleven"), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(has(&alice, "at ten") + has(&bob, "at ten"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE text = 'at eleven'"), 1);
	tear_down();
}
END_TEST

START_TEST(only_ones_own_text_is_changed)
{
	meet();
	ck_assert_int_eq(edit(&alice, "bob", 7, "x"), CHANGE_NONE);
	ck_assert_int_eq(edit(&alice, "bob", 1, ""), CHANGE_NOT_TEXT);
	ck_assert_int_eq(edit(&alice, "bob", 1, "\xff"), CHANGE_NOT_TEXT);
	/* Bob has one of number 1 too; alice's change is of hers. */
	ck_assert_int_eq(edit(&alice, "bob", 1, "hers"), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE out AND text = 'one'"), 1);
	ck_assert_int_eq(
			count(&bob, "SELECT count(*) FROM message WHERE NOT out AND text = 'hers'"),
			1);
	tear_down();
}
END_TEST

START_TEST(a_text_is_taken_back_with_all_that_was_said_of_it)
{
	meet();
	pass(&alice, "bob", &bob, "a secret");
	ck_assert_int_eq(edit(&alice, "bob", 2, "another secret"), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	ck_assert_int_eq(take_back(&alice, "bob", 2), CHANGE_NONE);
	carry(&alice, &bob);
	ck_assert_int_eq(has(&alice, "a secret") + has(&bob, "a secret"), 0);
	ck_assert_int_eq(has(&alice, "another secret") + has(&bob, "another secret"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2"), 1);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(all_parts_are_taken_back)
{
	char text[3 * CONTENT_PART_MOST + 1];

	meet();
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	say(&alice, "bob", &bob, text);
	for (int i = 0; i < 3; i++)
		carry(&alice, &bob);
	ck_assert_int_eq(take_back(&alice, "bob", 3), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2"), 3);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE gone = 2"), 3);
	tear_down();
}
END_TEST

START_TEST(what_waits_and_is_taken_back_is_never_sent_and_leaves_no_gap)
{
	meet();
	say(&alice, "bob", &bob, "a slip");
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	carry(&alice, &bob);
	carry(&alice, &bob);
	ck_assert_int_eq(has(&bob, "a slip"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE type = 1 AND NOT out"), 1);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(a_change_that_comes_before_its_text_counts)
{
	struct parcel text, change, old;

	meet();
	say(&alice, "bob", &bob, "at nine");
	text = post(&alice);
	ck_assert_int_eq(edit(&alice, "bob", 2, "at ten"), 0);
	old = post(&alice);
	ck_assert_int_eq(edit(&alice, "bob", 2, "at eleven"), 0);
	change = post(&alice);
	ck_assert_int_eq(deliver(&bob, &change), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &text), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &old), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM message WHERE type = 1 AND text = "
					 "'at "
					 "eleven'"),
			1);
	tear_down();
}
END_TEST

START_TEST(what_is_gone_is_not_sent_again)
{
	meet();
	say(&alice, "bob", &bob, "lost");
	post(&alice);
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 1);
	settle();
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(has(&bob, "lost"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE NOT out AND type = 1"), 1);
	tear_down();
}
END_TEST

START_TEST(a_change_that_comes_late_leaves_no_words)
{
	struct parcel old;

	meet();
	pass(&alice, "bob", &bob, "at nine");
	ck_assert_int_eq(edit(&alice, "bob", 2, "at ten"), 0);
	old = post(&alice);
	ck_assert_int_eq(edit(&alice, "bob", 2, "at eleven"), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(deliver(&bob, &old), RECEIVE_NEW);
	ck_assert_int_eq(has(&bob, "at ten"), 0);
	ck_assert_int_eq(has(&bob, "at eleven"), 1); /* in the text alone */
	ck_assert_int_eq(edit(&alice, "bob", 2, "at noon"), 0);
	old = post(&alice);
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(deliver(&bob, &old), RECEIVE_NEW);
	ck_assert_int_eq(has(&bob, "at noon") + has(&bob, "at eleven"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2"), 1);
	tear_down();
}
END_TEST

START_TEST(what_is_deleted_before_it_comes_is_deleted)
{
	char text[3 * CONTENT_PART_MOST + 1];
	struct parcel parts[3];

	meet();
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	say(&alice, "bob", &bob, text);
	for (int i = 0; i < 3; i++)
		parts[i] = post(&alice);
	ck_assert_int_eq(take_back(&alice, "bob", 4), 0);
	carry(&alice, &bob);
	ck_assert_int_eq(deliver(&bob, &parts[1]), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2"), 1);
	ck_assert_int_eq(deliver(&bob, &parts[0]), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &parts[2]), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2 AND text = ''"),
			3);
	tear_down();
}
END_TEST

/* As a contact might write it that keeps to no rule. */
static void hear(const void *body, size_t len, uint64_t number)
{
	struct content m = { .type = CONTENT_CHANGE, .parts = 1, .number = number };
	struct contact c = the_contact(&bob, "alice");
	int64_t message;

	m.text_len = (uint16_t)len;
	memcpy(m.text, body, len);
	ck_assert_int_eq(q_number(&message, bob.p->db,
					 "INSERT INTO message (contact, out, number, part, parts, "
					 "at_s, "
					 "envelope, text, type) VALUES (?, 0, ?, 0, 1, ?, "
					 "randomblob(16), '', 6) RETURNING id",
					 "iii", c.id, (int64_t)number, test_now),
			0);
	ck_assert_int_eq(change_heard(bob.p, message, &m), 0);
}

START_TEST(what_is_not_said_yet_cannot_be_changed)
{
	meet();
	hear("\2\0\0\0\0\0\0\0\2\100", 10, 2); /* itself, and all that follow */
	hear("\1\0\0\0\0\0\0\0\4\1no", 12, 3);
	pass(&alice, "bob", &bob, "two");
	pass(&alice, "bob", &bob, "three");
	pass(&alice, "bob", &bob, "four");
	hear("\1\0\0\0\0\0\0\0\4\1no", 12, 3); /* and though it is there by now */
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM message WHERE text IN ('two', "
					 "'three', "
					 "'four')"),
			3);
	tear_down();
}
END_TEST

START_TEST(endless_changes_leave_one_text_and_no_rows)
{
	char body[32];

	meet();
	pass(&alice, "bob", &bob, "two");
	ck_assert_int_eq(q_begin(bob.p->db), 0);
	for (unsigned i = 3; i < 503; i++) {
		memcpy(body, "\1\0\0\0\0\0\0\0\2\1", 10);
		snprintf(body + 10, sizeof body - 10, "text %u", i);
		hear(body, strlen(body + 10) + 10, i);
	}
	ck_assert_int_eq(q_end(bob.p->db, 0), 0);
	ck_assert_int_eq(has(&bob, "text 502"), 1);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE body NOT NULL"), 0);
	test_now += RETENTION_S + QUIET_S + 1;
	ck_assert_int_eq(timer_due(bob.p), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE type = 6"), 0);
	ck_assert_int_eq(has(&bob, "text 502"), 1);
	tear_down();
}
END_TEST

/* --- disappearing ------------------------------------------------------- */

enum { DAY_S = 86400 };

static void set_timer(struct person *a, const char *name, int64_t after_s)
{
	struct contact c = the_contact(a, name);

	a->peer = a == &alice ? &bob : &alice;
	ck_assert_int_eq(timer_set(a->p, &c, after_s), 0);
}

static void due(void)
{
	ck_assert_int_eq(timer_due(alice.p), 0);
	ck_assert_int_eq(timer_due(bob.p), 0);
}

static void show(struct person *a)
{
	ck_assert_int_eq(q_run(a->p->db, "UPDATE message SET shown = 1", ""), 0);
}

START_TEST(messages_of_both_disappear_ours_after_writing_theirs_after_showing)
{
	meet();
	set_timer(&alice, "bob", DAY_S);
	carry(&alice, &bob);
	pass(&alice, "bob", &bob, "for a day");
	pass(&bob, "alice", &alice, "mine too");
	due();
	test_now += 2 * DAY_S;
	due();
	ck_assert_int_eq(has(&alice, "for a day"), 0);
	ck_assert_int_eq(has(&bob, "for a day"), 1); /* nobody has read it */
	ck_assert_int_eq(has(&bob, "mine too"), 0);
	show(&bob);
	due();
	ck_assert_int_eq(has(&bob, "for a day"), 1);
	test_now += DAY_S - 1;
	due();
	ck_assert_int_eq(has(&bob, "for a day"), 1);
	test_now++;
	due();
	ck_assert_int_eq(has(&bob, "for a day"), 0);
	ck_assert_int_eq(has(&bob, "one"), 2); /* from before */
	tear_down();
}
END_TEST

START_TEST(what_waits_to_be_sent_does_not_disappear_unsent)
{
	meet();
	set_timer(&alice, "bob", 60);
	say(&alice, "bob", &bob, "on a mountain");
	due();
	test_now += 3600;
	due();
	ck_assert_int_eq(has(&alice, "on a mountain"), 1);
	carry(&alice, &bob);
	carry(&alice, &bob);
	due();
	ck_assert_int_eq(has(&alice, "on a mountain"), 0);
	ck_assert_int_eq(has(&bob, "on a mountain"), 1);
	tear_down();
}
END_TEST

START_TEST(a_time_that_comes_late_counts_for_what_came_before_it)
{
	struct parcel timer, text;

	meet();
	set_timer(&alice, "bob", 60);
	timer = post(&alice);
	say(&alice, "bob", &bob, "short");
	text = post(&alice);
	ck_assert_int_eq(deliver(&bob, &text), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &timer), RECEIVE_NEW);
	show(&bob);
	due();
	test_now += 60;
	due();
	ck_assert_int_eq(has(&bob, "short"), 0);
	ck_assert_int_eq(has(&bob, "one"), 2);
	tear_down();
}
END_TEST

START_TEST(both_set_it_at_once_and_agree)
{
	static const int64_t times[][3] = { { 60, 3600, 60 }, { 3600, 60, 60 }, { 0, 60, 60 },
		{ 60, 0, 60 } };

	meet();
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct parcel a, b;

		set_timer(&alice, "bob", times[i][0]);
		a = post(&alice);
		set_timer(&bob, "alice", times[i][1]);
		b = post(&bob);
		ck_assert_int_eq(deliver(&alice, &b), RECEIVE_NEW);
		ck_assert_int_eq(deliver(&bob, &a), RECEIVE_NEW);
		ck_assert_int_eq(count(&alice, "SELECT timer_s FROM contact"), times[i][2]);
		ck_assert_int_eq(count(&bob, "SELECT timer_s FROM contact"), times[i][2]);
	}
	tear_down();
}
END_TEST

START_TEST(a_version_out_of_reach_is_not_believed)
{
	struct contact c;

	meet();
	ck_assert_int_eq(
			q_run(alice.p->db, "UPDATE contact SET timer_version = 4000000000", ""), 0);
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT timer_s FROM contact"), 0);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(timer_set(bob.p, &c, (int64_t)TIMER_MOST_S + 1), TIMER_TOO_LONG);
	ck_assert_int_eq(timer_set(bob.p, &c, -1), TIMER_TOO_LONG);
	tear_down();
}
END_TEST

START_TEST(a_clock_that_jumps_makes_nothing_last_longer)
{
	meet();
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	test_now += 365 * DAY_S;
	pass(&alice, "bob", &bob, "short");
	due();
	test_now -= 365 * DAY_S;
	due();
	test_now += 61;
	due();
	ck_assert_int_eq(has(&alice, "short"), 0);
	tear_down();
}
END_TEST

START_TEST(what_is_left_of_them_goes_when_nothing_older_can_come)
{
	meet();
	pass(&alice, "bob", &bob, "two");
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	carry(&alice, &bob);
	due();
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone = 2"), 1);
	test_now += RETENTION_S + QUIET_S + 1;
	due();
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE gone"), 0);
	tear_down();
}
END_TEST

START_TEST(wild_changes_and_times_do_no_harm)
{
	struct contact c;
	struct content m = { .parts = 1, .number = 900 };

	meet();
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(q_begin(bob.p->db), 0);
	for (int i = 0; i < 2000; i++) {
		m.type = i % 2 ? CONTENT_CHANGE : CONTENT_TIMER;
		m.text_len = (uint16_t)randombytes_uniform(20);
		randombytes_buf(m.text, m.text_len);
		if (i % 3)
			memcpy(m.text, "\2\0\0\0\0\0\0\0\1\1", 10);
		if (i % 4 == 1)
			m.text_len = 10;
		ck_assert_int_eq(m.type == CONTENT_CHANGE ? change_heard(bob.p, 1, &m)
							  : timer_heard(bob.p, c.id, 1, &m),
				0);
	}
	ck_assert_int_eq(q_end(bob.p->db, 0), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE out AND text = 'one'"), 1);
	tear_down();
}
END_TEST

START_TEST(nothing_of_what_is_over_is_on_the_disk)
{
	meet();
	pass(&alice, "bob", &bob, "jabberwocky");
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	pass(&alice, "bob", &bob, "bandersnatch");
	ck_assert(disk_has(&alice, "jabberwocky") && disk_has(&bob, "jabberwocky"));
	ck_assert(disk_has(&alice, "bandersnatch") && disk_has(&bob, "bandersnatch"));
	ck_assert_int_eq(edit(&alice, "bob", 2, "jubjub"), 0);
	carry(&alice, &bob);
	show(&bob);
	due();
	ck_assert(!disk_has(&alice, "jabberwocky") && !disk_has(&bob, "jabberwocky"));
	ck_assert(disk_has(&bob, "jubjub") && disk_has(&bob, "bandersnatch"));
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	carry(&alice, &bob);
	test_now += 60;
	due();
	ck_assert(!disk_has(&alice, "jubjub") && !disk_has(&bob, "jubjub"));
	ck_assert(!disk_has(&alice, "bandersnatch") && !disk_has(&bob, "bandersnatch"));
	tear_down();
}
END_TEST

START_TEST(nothing_of_who_was_ended_is_on_the_disk)
{
	struct contact c;

	meet();
	pass(&alice, "bob", &bob, "jabberwocky");
	pass(&bob, "alice", &alice, "bandersnatch");
	c = the_contact(&alice, "bob");
	ck_assert(disk_has(&alice, "jabberwocky") && disk_has(&alice, "bandersnatch"));
	ck_assert_int_eq(contact_end(alice.p, &c), 0);
	ck_assert(!disk_has(&alice, "jabberwocky") && !disk_has(&alice, "bandersnatch"));
	tear_down();
}
END_TEST

START_TEST(while_somebody_reads_the_log_is_forgotten_later)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	sqlite3 *reader = NULL;

	meet();
	pass(&alice, "bob", &bob, "jabberwocky");
	ck_assert_int_eq(store_open(&reader, alice.dir, alice.p->vault.database,
					 &alice.p->vault.key),
			0);
	ck_assert_int_eq(q_open(&s, reader, "SELECT id FROM message", ""), 0);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	ck_assert_int_eq(take_back(&alice, "bob", 2), 0);
	ck_assert(disk_has(&alice, "jabberwocky"));
	sqlite3_finalize(s);
	s = NULL;
	sqlite3_close_v2(reader);
	due();
	ck_assert(!disk_has(&alice, "jabberwocky"));
	tear_down();
}
END_TEST

START_TEST(a_file_disappears_with_its_key_and_its_pieces_stay_for_the_other)
{
	meet();
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	pass(&alice, "bob", &bob, "as if of a file");
	ck_assert_int_eq(q_run(alice.p->db,
					 "INSERT INTO file (contact, message, out, state, begun_s, "
					 "body) "
					 "SELECT contact, id, 1, 1, 0, 'key' FROM message WHERE "
					 "text = 'as "
					 "if of a file'",
					 ""),
			0);
	test_now += 61;
	due();
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM file"), 0);
	tear_down();
}
END_TEST

START_TEST(who_comes_out_of_an_export_is_heard_and_hears)
{
	meet();
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	set_timer(&alice, "bob", 0);
	carry(&alice, &bob);
	/* as it was at first, with numbers far above */
	ck_assert_int_eq(q_run(alice.p->db,
					 "UPDATE contact SET timer_s = 0, timer_version = 0, sent "
					 "= sent + "
					 "1048576",
					 ""),
			0);
	set_timer(&alice, "bob", 3600);
	carry(&alice, &bob);
	ck_assert_int_eq(count(&bob, "SELECT timer_s FROM contact"), 3600);
	set_timer(&bob, "alice", 7200);
	carry(&bob, &alice);
	ck_assert_int_eq(count(&alice, "SELECT timer_s FROM contact"), 7200);
	tear_down();
}
END_TEST

START_TEST(changes_do_not_disappear_before_what_they_change)
{
	meet();
	set_timer(&alice, "bob", 60);
	carry(&alice, &bob);
	pass(&alice, "bob", &bob, "short");
	ck_assert_int_eq(edit(&alice, "bob", 3, "shorter"), 0);
	ck_assert_int_eq(count(&alice,
					 "SELECT count(*) FROM message WHERE type = 6 AND lives_s "
					 "> 0"),
			0);
	carry(&alice, &bob);
	show(&bob);
	due();
	test_now += 60;
	due();
	ck_assert_int_eq(has(&alice, "shorter") + has(&bob, "shorter"), 0);
	tear_down();
}
END_TEST

UNIT("changes", a_text_is_changed_on_both_sides, only_ones_own_text_is_changed,
		a_text_is_taken_back_with_all_that_was_said_of_it, all_parts_are_taken_back,
		what_waits_and_is_taken_back_is_never_sent_and_leaves_no_gap,
		a_change_that_comes_before_its_text_counts, what_is_gone_is_not_sent_again,
		a_change_that_comes_late_leaves_no_words,
		what_is_deleted_before_it_comes_is_deleted, what_is_not_said_yet_cannot_be_changed,
		endless_changes_leave_one_text_and_no_rows,
		messages_of_both_disappear_ours_after_writing_theirs_after_showing,
		what_waits_to_be_sent_does_not_disappear_unsent,
		a_time_that_comes_late_counts_for_what_came_before_it,
		both_set_it_at_once_and_agree, a_version_out_of_reach_is_not_believed,
		a_clock_that_jumps_makes_nothing_last_longer,
		what_is_left_of_them_goes_when_nothing_older_can_come,
		wild_changes_and_times_do_no_harm, nothing_of_what_is_over_is_on_the_disk,
		nothing_of_who_was_ended_is_on_the_disk,
		while_somebody_reads_the_log_is_forgotten_later,
		a_file_disappears_with_its_key_and_its_pieces_stay_for_the_other,
		who_comes_out_of_an_export_is_heard_and_hears,
		changes_do_not_disappear_before_what_they_change)
