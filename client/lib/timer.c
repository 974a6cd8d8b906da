/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Both sides end with one time even if both set it at once: the higher version counts, and of two
 * equal ones the shorter time. */
#include "client/lib/timer.h"

#include "client/lib/change.h"
#include "client/lib/conversation.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "client/lib/turns.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <stdio.h>

enum { TIMER_BYTES = 8 };

struct timer {
	int64_t after_s, version;
};

static int timer_read(struct timer *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);

	out->after_s = reader_u32(&rd);
	out->version = reader_u32(&rd);
	return reader_is_done(&rd) && out->after_s <= TIMER_MOST_S ? 0 : CONTENT_BAD;
}

void timer_text(char out[static TIMER_TEXT_ROOM], int64_t s)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && s % units[i].s)
		i++;
	if (s == 0)
		snprintf(out, TIMER_TEXT_ROOM, "[messages stay from now on]");
	else
		snprintf(out, TIMER_TEXT_ROOM, "[messages disappear after %lld %s%s from now on]",
				(long long)(s / units[i].s), units[i].name,
				s == units[i].s ? "" : "s");
}

static int load(struct timer *out, struct profile *p, int64_t contact)
{
	int rc = q_number(&out->after_s, p->db, "SELECT timer_s FROM contact WHERE id = ?", "i",
			contact);

	rc = rc ? rc
		: q_number(&out->version, p->db, "SELECT timer_version FROM contact WHERE id = ?",
				  "i", contact);
	return rc;
}

static int save(struct profile *p, int64_t contact, const struct timer *t)
{
	return q_run(p->db, "UPDATE contact SET timer_s = ?, timer_version = ? WHERE id = ?", "iii",
			t->after_s, t->version, contact);
}

static int set(struct profile *p, int64_t contact, int64_t after_s)
{
	char text[TIMER_TEXT_ROOM];
	uint8_t body[TIMER_BYTES];
	struct writer w = writer_over(body, sizeof body);
	const struct saying saying = {
		.type = CONTENT_TIMER, .text = text, .body = body, .len = sizeof body
	};
	struct timer t;
	int64_t message, least;
	int rc = load(&t, p, contact);

	/* What came out of an export goes on far above all numbers (loss.c), and above versions. */
	rc = rc ? rc
		: q_number(&least, p->db, "SELECT sent >> 10 FROM contact WHERE id = ?", "i",
				  contact);
	if (rc)
		return rc == STORE_NONE ? TIMER_NO_CONTACT : rc;
	t.after_s = after_s;
	t.version = t.version + 1 > least ? t.version + 1 : least;
	writer_u32(&w, (uint32_t)t.after_s);
	writer_u32(&w, (uint32_t)t.version);
	timer_text(text, after_s);
	rc = conversation_put(p, contact, &saying, &message);
	return rc ? rc : save(p, contact, &t);
}

int timer_set(struct profile *p, const struct contact *contact, int64_t after_s)
{
	int rc;

	if (after_s < 0 || after_s > TIMER_MOST_S)
		return TIMER_TOO_LONG;
	rc = q_begin(p->db);
	return rc ? rc : q_end(p->db, set(p, contact->id, after_s));
}

/* For ever is the longest. */
static bool is_shorter(int64_t a, int64_t b)
{
	return a != 0 && (b == 0 || a < b);
}

/* Does what they told count? */
static bool is_newer(const struct timer *t, const struct timer *own)
{
	return t->version > own->version
			? t->version <= own->version + TIMER_STEP_MOST
			: t->version == own->version && is_shorter(t->after_s, own->after_s);
}

int timer_heard(struct profile *p, int64_t contact, int64_t message, const struct content *m)
{
	struct timer t, own;
	char text[TIMER_TEXT_ROOM];
	int rc = load(&own, p, contact);

	if (rc)
		return rc;
	/* What does not count is not shown. */
	if (timer_read(&t, m->text, m->text_len) || !is_newer(&t, &own))
		return q_run(p->db, "UPDATE message SET gone = 1, shown = 1 WHERE id = ?", "i",
				message);
	timer_text(text, t.after_s);
	rc = q_run(p->db, "UPDATE message SET text = ? WHERE id = ?", "ti", text, message);
	rc = rc ? rc : save(p, contact, &t);
	/* What they wrote afterwards may have come before. */
	return rc ? rc
		  : q_run(p->db,
				    "UPDATE message SET lives_s = ? WHERE contact = ? AND out = 0 "
				    "AND number > ? AND lives_s = 0 AND type IN (1, 4) AND grp IS "
				    "NULL AND NOT gone AND whole IS NULL",
				    "iii", t.after_s, contact, (int64_t)m->number);
}

/* --- the end ------------------------------------------------------------ */

/* Whose end is not known yet, or is further off than it can be: the wall clock was wrong. */
#define UNPLANNED \
	"lives_s > 0 AND NOT gone AND shown = 1 AND (ends_s IS NULL OR ends_s > ?1 + lives_s)"
#define PAST "gone AND at_s < ?1 - ?2"

/* What was not sent yet does not disappear; but what others of a group have been sent waits for one
 * who cannot be reached a day longer only. */
/* clang-format off */
#define WAITS "EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.id)"
#define OVER \
	"SELECT id FROM message w WHERE ends_s <= ?1 AND NOT gone AND (" \
	"NOT EXISTS (SELECT 1 FROM message m WHERE " PARTS_OF("w.id") " AND " WAITS ")" \
	" OR (ends_s <= ?1 - ?2" \
	" AND EXISTS (SELECT 1 FROM message m WHERE m.copy_of = w.id AND NOT " WAITS "))) LIMIT 1"
/* clang-format on */

static int wipe_due(struct profile *p)
{
	int64_t message;
	int rc;

	while ((rc = q_number(&message, p->db, OVER, "ii", profile_now(p),
				(int64_t)TIMER_UNSENT_S)) == 0) {
		rc = change_wipe(p, message, GONE_TIME);
		if (rc)
			return rc;
	}
	return rc == STORE_NONE ? 0 : rc;
}

/* The clock of theirs starts when they are seen to have been shown. */
static int due(struct profile *p)
{
	const int64_t now = profile_now(p);
	int rc = q_run(p->db,
			"UPDATE message SET ends_s = CASE WHEN out THEN min(at_s, ?1) ELSE ?1 END "
			"+ "
			"lives_s WHERE " UNPLANNED,
			"i", now);

	rc = rc ? rc : wipe_due(p);
	return rc ? rc
		  : q_run(p->db, "DELETE FROM message WHERE " PAST, "ii", now,
				    (int64_t)RETENTION_S + QUIET_S);
}

int timer_due(struct profile *p)
{
	int64_t n;
	int rc = q_number(&n, p->db,
			"SELECT 1 WHERE EXISTS (SELECT 1 FROM message WHERE " UNPLANNED
			") OR EXISTS (SELECT 1 FROM message WHERE ends_s <= ?1 AND NOT gone) OR "
			"EXISTS (SELECT 1 FROM message WHERE " PAST ")",
			"ii", profile_now(p), (int64_t)RETENTION_S + QUIET_S);

	if (rc == 0) {
		rc = q_begin(p->db);
		rc = rc ? rc : q_end(p->db, due(p));
	}
	return rc < 0 ? rc : store_forget(p->db);
}
