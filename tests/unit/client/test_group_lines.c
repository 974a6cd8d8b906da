/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a person said in a group: one line that has as many copies as there are others, whoever of
 * them comes and goes. */
#include "tests/unit/client/garden.h"

#include "client/lib/backup.h"
#include "client/lib/history.h"

static char seen[8192], state; /* lines, oldest first: "text | "; q, d, r of the last of ours */

static int on_line(void *userdata, const struct line *line)
{
	(void)userdata;
	snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.40s%s | ",
			line->is_deleted ? "(deleted)" : line->text, line->is_edited ? "*" : "");
	if (line->state != LINE_CAME) {
		ck_assert_str_eq(line->contact, "");
		ck_assert_int_eq(line->contact_state, CONTACT_ACCEPTED);
		state = "cqdr"[line->state];
	}
	return 0;
}

static const char *lines(struct person *a, const char *words)
{
	struct history_wish wish = { .words = words };

	if (!words)
		wish.group = group_of(a, "garden").id;
	seen[0] = '\0';
	ck_assert_int_eq(history(a->p, &wish, on_line, NULL), 0);
	return seen;
}

static void end(struct person *a, const char *name)
{
	struct contact c = the_contact(a, name);

	ck_assert_int_eq(contact_end(a->p, &c), 0);
}

static char whole_text[3 * (GROUP_TEXT_MOST - CONTENT_TEXT_ID_BYTES)];

static void say_two_things(void)
{
	people_meet();
	all_join();
	ck_assert_int_eq(tell_garden(anna, "short"), 0);
	settle();
	memset(whole_text, 'x', sizeof whole_text - 1);
	memcpy(whole_text, "long", 4);
	ck_assert_int_eq(tell_garden(anna, whole_text), 0);
}

START_TEST(what_one_said_stays_whoever_of_its_hearers_is_ended)
{
	say_two_things();
	settle();
	for (const char *const *name = (const char *const[]){ "bert", "carl", NULL }; *name;
			name++) {
		end(anna, *name);
		ck_assert_ptr_nonnull(strstr(lines(anna, NULL), "short | longxxx"));
		ck_assert_int_eq(state, 'd');
		ck_assert_str_eq(lines(anna, "shor"), "short | ");
		ck_assert_int_eq(count(anna,
						 "SELECT count(*) FROM message m WHERE m.out AND "
						 "m.grp NOT NULL AND " GROUP_LINES),
				2);
	}
	ck_assert_int_eq(count(anna, "SELECT count(*) FROM message WHERE contact"), 0);
	people_part();
}
END_TEST

START_TEST(a_line_is_sent_once_all_copies_are_and_received_once_all_have_told)
{
	static const char told[] = "UPDATE message SET received = 1 WHERE out AND grp NOT NULL AND "
				   "contact = (SELECT id FROM contact WHERE name = ?)";

	say_two_things();
	lines(anna, NULL);
	ck_assert_int_eq(state, 'q');
	move(anna, bert);
	lines(anna, NULL);
	ck_assert_int_eq(state, 'q');
	move(anna, carl);
	lines(anna, NULL);
	ck_assert_int_eq(state, 'd');
	ck_assert_int_eq(q_run(anna->p->db, told, "t", "bert"), 0);
	lines(anna, NULL);
	ck_assert_int_eq(state, 'd');
	ck_assert_int_eq(q_run(anna->p->db, told, "t", "carl"), 0);
	lines(anna, NULL);
	ck_assert_int_eq(state, 'r');
	people_part();
}
END_TEST

static int note_missing(void *userdata, const struct line *line)
{
	(void)userdata;
	snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s:%d ", line->text,
			(int)line->n_missing);
	return 0;
}

START_TEST(a_gap_is_told_once_however_they_take_turns)
{
	struct history_wish wish = { .most = 6 };
	struct parcel parcel;

	people_meet();
	all_join();
	bert->peer = anna;
	for (int i = 0; i < 3; i++) { /* lost for her */
		ck_assert_int_eq(tell_garden(bert, "lost"), 0);
		parcel = peek(bert, the_contact(bert, "anna").id);
		ck_assert_int_eq(outbox_done(bert->p, &parcel), 0);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(tell_garden(bert, "b"), 0);
		ck_assert_int_eq(tell_garden(carl, "c"), 0);
		settle();
	}
	seen[0] = '\0';
	wish.group = group_of(anna, "garden").id;
	ck_assert_int_eq(history(anna->p, &wish, note_missing, NULL), 0);
	ck_assert_str_eq(seen, "b:3 c:0 b:0 c:0 b:0 c:0 ");
	people_part();
}
END_TEST

/* --- as versions before 14 kept them -------------------------------------- */

/* The first member's copy is the row that is shown; of later parts each has such a one. */
static const char older[] =
		"UPDATE message AS m SET whole = NULL, copy_of = (SELECT p.id FROM message p WHERE "
		"p.copy_of = m.copy_of AND p.part = m.part ORDER BY p.id LIMIT 1) WHERE part > 0 "
		"AND copy_of NOT NULL AND EXISTS (SELECT 1 FROM message p WHERE p.copy_of = "
		"m.copy_of AND p.part = m.part AND p.id < m.id);"
		"UPDATE message SET whole = copy_of, copy_of = NULL WHERE part > 0 AND copy_of IN "
		"(SELECT id FROM message WHERE out AND NOT contact);"
		"CREATE TEMP TABLE f AS SELECT * FROM message m WHERE part = 0 AND copy_of NOT "
		"NULL AND NOT EXISTS (SELECT 1 FROM message p WHERE p.copy_of = m.copy_of AND "
		"p.part = 0 AND p.id < m.id);"
		"UPDATE outbox SET message = (SELECT copy_of FROM f WHERE id = message) WHERE "
		"message IN (SELECT id FROM f);"
		"DELETE FROM message WHERE id IN (SELECT id FROM f);"
		"UPDATE message SET contact = f.contact, number = f.number, envelope = f.envelope, "
		"body = f.body FROM f WHERE f.copy_of = message.id;"
		"UPDATE message SET copy_of = (SELECT min(id) FROM message WHERE out AND grp NOT "
		"NULL AND text = '' AND copy_of IS NULL AND whole IS NULL) WHERE out AND grp NOT "
		"NULL AND text = '' AND copy_of IS NULL AND whole IS NULL;"
		"UPDATE message SET copy_of = NULL WHERE copy_of = id;"
		"UPDATE message SET type = 9 WHERE type = 0;"
		"UPDATE grp SET said = 0; DROP TABLE f;";

/* Before 16 there was one home, in meta. */
static const char homeless[] = "INSERT OR REPLACE INTO meta SELECT 'onion', onion FROM home;"
			       "INSERT OR REPLACE INTO meta SELECT 'uuid', uuid FROM home;"
			       "INSERT OR REPLACE INTO meta SELECT 'owner', owner FROM home;"
			       "INSERT OR REPLACE INTO meta SELECT 'bundle key', bundle_key FROM "
			       "home; DELETE FROM home;";

/* All of message that does not depend on where a row stands, and where it leads. */
static char *picture(struct person *a)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	char *all = NULL;

	ck_assert_int_eq(q_open(&s, a->p->db,
					 "SELECT json_array(m.contact, m.out, m.number, m.part, "
					 "m.parts, m.at_s, m.shown, substr(m.text, 1, 40), m.type, "
					 "hex(m.body), m.received, m.grp, w.number, l.number, "
					 "iif(m.contact, hex(m.envelope), ''), o.contact, "
					 "hex(o.envelope)) FROM message m LEFT JOIN message w ON "
					 "w.id = m.whole LEFT JOIN message l ON l.id = m.copy_of "
					 "LEFT JOIN outbox o ON o.message = m.id ORDER BY "
					 "m.contact, m.out, m.number",
					 ""),
			0);
	while (sqlite3_step(s) == SQLITE_ROW) {
		char *more = sqlite3_mprintf("%s%s\n", all ? all : "", sqlite3_column_text(s, 0));

		sqlite3_free(all);
		all = more;
	}
	return all;
}

START_TEST(lines_of_older_versions_become_as_new_ones)
{
	char *before, *after, *shown;

	say_two_things();
	move(anna, carl); /* and bert's copies wait */
	before = picture(anna);
	shown = strdup(lines(anna, NULL));
	ck_assert_int_eq(sqlite3_exec(anna->p->db, older, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(count(anna, "SELECT count(*) FROM message WHERE NOT contact"), 0);
	ck_assert_int_eq(sqlite3_exec(anna->p->db, STORE_GROUP_LINES ";" STORE_TEXT_IDS, NULL, NULL,
					 NULL),
			SQLITE_OK);
	after = picture(anna);
	ck_assert(strcmp(after, before) == 0); /* too long for a message of Check */
	ck_assert_str_eq(lines(anna, NULL), shown);
	ck_assert_int_eq(count(anna, "SELECT said FROM grp"), 2);
	settle();
	ck_assert_ptr_nonnull(strstr(heard(bert), "anna:longxx"));
	sqlite3_free(before);
	sqlite3_free(after);
	free(shown);
	people_part();
}
END_TEST

START_TEST(so_do_those_out_of_an_older_export)
{
	char dir[] = "/tmp/so.XXXXXX", file[48], place[48];
	struct stream_key key;
	const struct backup from = { file, "theirs", "correct horse", &cheap };
	struct person old;
	char *shown;

	say_two_things();
	shown = strdup(lines(anna, NULL));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/export", dir);
	snprintf(place, sizeof place, "%s/new", dir);
	ck_assert_int_eq(backup_key(&key, "theirs", &cheap), 0);
	ck_assert_int_eq(sqlite3_exec(anna->p->db, older, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(anna->p->db, homeless, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(q_run(anna->p->db, "PRAGMA user_version = 13", ""), 0);
	ck_assert_int_eq(backup_write(anna->p, file, &key), 0);
	ck_assert_int_eq(backup_read(&old.p, place, &from), 0);
	ck_assert_str_eq(lines(&old, NULL), shown);
	profile_close(old.p);
	free(shown);
	unlink(file);
	remove_dir(place);
	rmdir(dir);
	people_part();
}
END_TEST

UNIT("group_lines", what_one_said_stays_whoever_of_its_hearers_is_ended,
		a_line_is_sent_once_all_copies_are_and_received_once_all_have_told,
		a_gap_is_told_once_however_they_take_turns,
		lines_of_older_versions_become_as_new_ones, so_do_those_out_of_an_older_export)
