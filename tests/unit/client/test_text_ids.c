/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The parts of a text belong together by the id that all of them carry, and by nothing else: also
 * where their sender numbers anew, and whatever one sends that keeps to no rule. */
#include "client/lib/change.h"
#include "client/lib/history.h"
#include "client/lib/parts.h"
#include "tests/unit/client/garden.h"

enum { FEW = 3, LONG = FEW * CONTENT_PART_MOST, LINES_MOST = 8 };

static char *texts[LINES_MOST]; /* owned */
static int n_lines;

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	ck_assert_int_lt(n_lines, LINES_MOST);
	free(texts[n_lines]);
	texts[n_lines++] = strdup(line->text);
	return 0;
}

static int look(struct person *a)
{
	n_lines = 0;
	ck_assert_int_eq(history(a->p, &(struct history_wish){ .words = NULL }, on_line, NULL), 0);
	return n_lines;
}

static void say_long(char letter)
{
	static char text[LONG + 1];
	struct contact c = the_contact(&alice, "bob");

	memset(text, letter, LONG);
	alice.peer = &bob;
	ck_assert_int_eq(conversation_send(alice.p, &c, text), 0);
}

static void change_long(int64_t number, char letter)
{
	static char text[FEW * (CHANGE_TEXT_MOST - CONTENT_TEXT_ID_BYTES) + 1];
	struct contact c = the_contact(&alice, "bob");

	memset(text, letter, sizeof text - 1);
	ck_assert_int_eq(change_text(alice.p, &c, number, text), 0);
}

static void take(struct parcel out[static FEW])
{
	for (int i = 0; i < FEW; i++)
		out[i] = post(&alice);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"), 0);
}

static void hear(const struct parcel *parcel)
{
	ck_assert_int_eq(deliver(&bob, parcel), RECEIVE_NEW);
}

/* Alice goes on from where she was after that number. */
static void fall_back(int64_t number)
{
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET sent = ?", "i", number), 0);
	ck_assert_int_eq(q_run(alice.p->db, "DELETE FROM message WHERE out AND number > ?", "i",
					 number),
			0);
}

static void is_all(const char *text, char letter, size_t len)
{
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_uint_eq(strspn(text, (char[]){ letter, '\0' }), len);
}

START_TEST(a_sender_who_numbers_anew_mixes_no_texts)
{
	struct parcel old[FEW], new[FEW];

	meet();
	say_long('o');
	take(old);
	fall_back(1);
	say_long('n');
	take(new);
	hear(&old[0]);
	hear(&old[2]);
	hear(&new[1]); /* has the number of what has not come */
	ck_assert_int_eq(look(&bob), 4);
	ck_assert_ptr_null(strchr(texts[2], 'n'));
	ck_assert_ptr_nonnull(strstr(texts[2], PARTS_GAP));
	ck_assert_ptr_null(strchr(texts[3], 'o'));
	hear(&new[0]);
	hear(&new[2]);
	ck_assert_int_eq(look(&bob), 4);
	is_all(texts[3], 'n', LONG);
	hear(&old[1]);
	ck_assert_int_eq(look(&bob), 4);
	is_all(texts[2], 'o', LONG);
	tear_down();
}
END_TEST

START_TEST(nor_what_they_change_it_into)
{
	struct parcel old[FEW], new[FEW];

	meet();
	say(&alice, "bob", &bob, "short");
	carry(&alice, &bob);
	change_long(2, 'o');
	take(old);
	fall_back(2);
	change_long(2, 'n');
	take(new);
	hear(&old[0]);
	hear(&old[2]);
	hear(&new[1]);
	ck_assert_int_eq(look(&bob), 3);
	ck_assert_str_eq(texts[2], "short");
	hear(&new[2]);
	hear(&new[0]);
	ck_assert_int_eq(look(&bob), 3);
	ck_assert_ptr_null(strchr(texts[2], 'o'));
	ck_assert_ptr_nonnull(strchr(texts[2], 'n'));
	tear_down();
}
END_TEST

/* As somebody sends it who draws no ids. */
START_TEST(an_id_that_is_used_again_adds_nothing)
{
	struct parcel parcels[FEW];
	int64_t rows;

	meet();
	say_long('a');
	take(parcels);
	hear(&parcels[0]);
	hear(&parcels[2]);
	for (int i = 0; i < 20; i++) {
		say_long('b');
		if (i % 2)
			change_long(2 + FEW, 'c');
		ck_assert_int_eq(
				q_run(alice.p->db,
						"UPDATE message SET text_id = (SELECT text_id FROM "
						"message WHERE out AND number = 2) WHERE text_id "
						"NOT NULL",
						""),
				0);
		rows = count(&bob, "SELECT count(*) FROM message");
		while (count(&alice, "SELECT count(*) FROM outbox"))
			carry(&alice, &bob);
		if (i > 1)
			ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message"), rows);
	}
	ck_assert_int_eq(look(&bob), 3);
	ck_assert_ptr_null(strchr(texts[2], 'b'));
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 1);
	hear(&parcels[1]);
	ck_assert_int_eq(look(&bob), 3);
	is_all(texts[2], 'a', LONG);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}
END_TEST

START_TEST(one_id_of_two_senders_and_in_two_groups_is_of_several_texts)
{
	static char text[FEW * (GROUP_TEXT_MOST - CONTENT_TEXT_ID_BYTES) + 1];
	static const char *const groups[] = { "garden", "shed" };
	struct group g;

	people_meet();
	all_join();
	ck_assert_int_eq(group_make(anna->p, "shed"), 0);
	g = group_of(anna, "shed");
	ck_assert_int_eq(group_invite(anna->p, &g, "bert"), 0);
	settle();
	g = group_of(bert, "shed");
	ck_assert_int_eq(group_join(bert->p, &g), 0);
	settle();
	for (int i = 0; i < PEOPLE; i++) {
		struct person *const a = i < 2 ? anna : carl;

		memset(text, 'a' + i, sizeof text - 1);
		g = group_of(a, groups[i % 2]);
		ck_assert_int_eq(group_send(a->p, &g, text, 0), 0);
		/* Of anna's the second is in the other group, under the first one's id. */
		ck_assert_int_eq(q_run(a->p->db,
						 "UPDATE message SET text_id = zeroblob(16) WHERE "
						 "text_id NOT NULL",
						 ""),
				0);
		settle();
	}
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE text_id NOT NULL"),
			2 * FEW);
	ck_assert_int_eq(has(bert, "aaaa"), 1);
	ck_assert_int_eq(has(bert, "bbbb"), 0);
	ck_assert_int_eq(has(bert, "cccc"), 1);
	ck_assert_int_eq(count(bert,
					 "SELECT count(*) FROM message WHERE body NOT NULL AND NOT "
					 "out AND type = 9"),
			0);
	people_part();
}
END_TEST

/* As a contact might number that keeps to no rule. */
static void wild_part(struct person *a)
{
	const int64_t id = randombytes_uniform(400), odd = randombytes_uniform(8),
		      parts = odd == 1 ? 2 + randombytes_uniform(4) : 2 + id % 4,
		      part = randombytes_uniform((uint32_t)parts),
		      first = odd == 2 ? randombytes_uniform(3) : id % 3;
	uint8_t text_id[CONTENT_TEXT_ID_BYTES] = { (uint8_t)id, (uint8_t)(id >> 8) };
	int64_t message;

	ck_assert_int_eq(q_number(&message, a->p->db,
					 "INSERT INTO message (contact, out, number, part, parts, "
					 "at_s, envelope, text, text_id, grp) SELECT id, 0, ?, ?, "
					 "?, ?, randomblob(16), '', ?, nullif(?, 0) FROM contact "
					 "WHERE name = ? RETURNING id",
					 "iiiibit", first + part, part, parts, test_now, text_id,
					 sizeof text_id,
					 (int64_t)(odd == 3 ? randombytes_uniform(3) : 0),
					 randombytes_uniform(2) ? "alice" : "carl"),
			0);
	ck_assert_int_eq(parts_came(a->p, message, "piece"), 0);
}

START_TEST(wild_parts_join_nothing_that_is_not_theirs)
{
	meet();
	person_make(&third);
	add(&bob, "carl", &third);
	ck_assert_int_eq(q_begin(bob.p->db), 0);
	for (int i = 0; i < 6000; i++)
		wild_part(&bob);
	ck_assert_int_eq(q_end(bob.p->db, 0), 0);
	ck_assert_int_gt(count(&bob, "SELECT count(*) FROM message WHERE whole NOT NULL"), 1000);
	ck_assert_int_eq(
			count(&bob,
					"SELECT count(*) FROM message m JOIN message w ON w.id = "
					"m.whole WHERE w.whole NOT NULL OR w.parts <> m.parts OR "
					"w.number - w.part <> m.number - m.part OR w.id = m.id OR "
					"w.contact <> m.contact OR w.grp IS NOT m.grp OR w.text_id "
					"IS NOT m.text_id"),
			0);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM (SELECT 1 FROM message WHERE parts "
					 "> 1 "
					 "GROUP BY contact, text_id, part HAVING count(*) > 1)"),
			0);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM message w WHERE parts > 1 AND whole "
					 "IS "
					 "NULL AND (body IS NULL) <> (parts = 1 + (SELECT count(*) "
					 "FROM message m WHERE m.whole = w.id))"),
			0);
	ck_assert_int_eq(count(&bob,
					 "SELECT count(*) FROM message WHERE body IS NULL AND "
					 "whole IS "
					 "NULL AND parts = 3 AND text <> 'piecepiecepiece'"),
			0);
	person_end(&third);
	tear_down();
}
END_TEST

UNIT("text_ids", a_sender_who_numbers_anew_mixes_no_texts, nor_what_they_change_it_into,
		an_id_that_is_used_again_adds_nothing,
		one_id_of_two_senders_and_in_two_groups_is_of_several_texts,
		wild_parts_join_nothing_that_is_not_theirs)
