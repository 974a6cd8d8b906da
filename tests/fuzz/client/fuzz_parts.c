/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Parts of long texts as a hostile contact may send them, changed and deleted in between: whatever
 * comes, in whichever order, each row stands for parts of one text, once each, and can be read. Three
 * bytes of input a step: what and of which id, which numbers, which part of how many. */
#include "client/lib/change.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { STEP_BYTES = 3, STEPS_MOST = 70 };

static struct profile profile; /* a database alone */

static int64_t no_time(void *clock)
{
	(void)clock;
	return 1000000;
}

static void must(bool is)
{
	if (!is)
		__builtin_trap();
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	must(q_number(&n, profile.db, sql, "") == 0);
	return n;
}

static void open_once(void)
{
	char dir[] = "/tmp/so.fuzz.XXXXXX";
	struct key key = { { 1 } };

	if (profile.db)
		return;
	must(mkdtemp(dir) && store_open(&profile.db, dir, 0, &key) == 0);
	profile.now_s = no_time;
	must(q_run(profile.db,
			     "INSERT INTO contact (id, name, state, identity_hash) VALUES (1, "
			     "'b', 1, x'01')",
			     "") == 0);
	for (int i = 0; i < 2; i++) { /* it is held open, and leaves nothing behind */
		char path[64];

		snprintf(path, sizeof path, "%s/db.%d", dir, i);
		unlink(path);
		snprintf(path, sizeof path, "%s/db.%d-wal", dir, i);
		unlink(path);
		snprintf(path, sizeof path, "%s/db.%d-shm", dir, i);
		unlink(path);
	}
	rmdir(dir);
}

/* As receive.c takes it: of any part < parts, of any number. */
static void comes(const uint8_t step[static STEP_BYTES])
{
	static char piece[CONTENT_TEXT_MOST + 1];
	const int64_t parts = 2 + step[2] % (CONTENT_PARTS_MOST - 1), part = step[1] % parts,
		      first = step[1] & 0x80 ? CONTENT_NUMBER_MOST - step[2] : step[2] & 7;
	const char *group = step[0] & 8 ? "7" : "NULL";
	const uint8_t text_id[CONTENT_TEXT_ID_BYTES] = { step[0] & 6, step[2] & 3 };
	char sql[300];
	int64_t message;

	memset(piece, 'a' + (int)part % 26, CONTENT_TEXT_MOST);
	snprintf(sql, sizeof sql,
			"INSERT INTO message (contact, out, number, part, parts, at_s, envelope, "
			"text, text_id, type, grp) VALUES (1, 0, ?, ?, ?, 0, randomblob(16), '', "
			"?, %d, %s) RETURNING id",
			step[0] & 8 ? 9 : 1, group);
	must(q_number(&message, profile.db, sql, "iiib", first + part, part, parts, text_id,
			     sizeof text_id) == 0);
	must(parts_came(&profile, message, piece + (step[0] & 0x70) * 10) == 0);
}

static void happens(const uint8_t step[static STEP_BYTES])
{
	char *text = NULL;
	int64_t whole;

	if (q_number(&whole, profile.db,
			    "SELECT id FROM message WHERE whole IS NULL ORDER BY id DESC LIMIT 1 "
			    "OFFSET ?",
			    "i", (int64_t)(step[2] & 3)))
		return;
	if (step[1] & 1)
		must(change_wipe(&profile, whole, GONE_DELETED) == 0);
	must(parts_read(&text, &profile, whole) == 0 &&
			strlen(text) <= CONTENT_PARTS_MOST * (CONTENT_TEXT_MOST + 5) + 5);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	open_once();
	must(q_begin(profile.db) == 0);
	for (size_t i = 0; i + STEP_BYTES <= len && i < (size_t)STEPS_MOST * STEP_BYTES;
			i += STEP_BYTES)
		if (bytes[i] & 1)
			happens(bytes + i);
		else
			comes(bytes + i);
	must(number("SELECT count(*) FROM message m JOIN message w ON w.id = m.whole WHERE w.whole "
		    "NOT NULL OR w.parts <> m.parts OR w.number - w.part <> m.number - m.part OR "
		    "w.grp IS NOT m.grp OR w.text_id <> m.text_id OR w.type <> m.type OR w.id = "
		    "m.id") == 0);
	must(number("SELECT count(*) FROM (SELECT 1 FROM message GROUP BY text_id, type, part "
		    "HAVING count(*) > 1)") == 0);
	must(number("SELECT count(*) FROM message WHERE whole NOT NULL AND (text <> '' OR shown = "
		    "0)") == 0);
	must(number("SELECT count(*) FROM message w WHERE whole IS NULL AND NOT gone AND (text = "
		    "'') "
		    "<> (parts > 1 + (SELECT count(*) FROM message m WHERE m.whole = w.id))") == 0);
	must(q_end(profile.db, -1) == -1);
	return 0;
}
