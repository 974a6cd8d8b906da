/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Gaps as ranges of numbers. What a contact asks for is authenticated, but may be anything. */
#include "client/lib/loss.h"

#include "client/lib/outbox.h"
#include "client/lib/store.h"
#include "client/lib/turns.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

enum { ASK_UNOPENED = 1, DAY_S = 86400 };

struct range {
	int64_t first, last;
};

/* An ask: top 8 || flags 1 || n 1 || n * (first 8 || last 8). An answer the same without flags, its
 * top the highest number heard, its ranges those that will not come. */
struct said {
	int64_t top;
	uint8_t flags, n;
	struct range ranges[LOSS_RANGES];
};

/* --- bytes -------------------------------------------------------------- */

static size_t said_write(uint8_t out[static CONTENT_TEXT_MOST], const struct said *said)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u64(&w, (uint64_t)said->top);
	writer_u8(&w, said->flags);
	writer_u8(&w, said->n);
	for (int i = 0; i < said->n; i++) {
		writer_u64(&w, (uint64_t)said->ranges[i].first);
		writer_u64(&w, (uint64_t)said->ranges[i].last);
	}
	return w.used;
}

static int said_read(struct said *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);

	out->top = (int64_t)reader_u64(&rd);
	out->flags = reader_u8(&rd);
	out->n = reader_u8(&rd);
	if (out->n > LOSS_RANGES || out->top < 0 || out->top > CONTENT_NUMBER_MOST)
		return CONTENT_BAD;
	for (int i = 0; i < out->n; i++) {
		struct range *r = &out->ranges[i];

		r->first = (int64_t)reader_u64(&rd);
		r->last = (int64_t)reader_u64(&rd);
		if (r->first < 1 || r->last < r->first || r->last > CONTENT_NUMBER_MOST)
			return CONTENT_BAD;
	}
	return reader_is_done(&rd) ? 0 : CONTENT_BAD;
}

/* --- gaps --------------------------------------------------------------- */

static int add_gap(struct profile *p, int64_t contact, int64_t first, int64_t last)
{
	int rc;

	if (first > last)
		return 0;
	rc = q_run(p->db, "INSERT INTO missing VALUES (?, ?, ?)", "iii", contact, first, last);
	return rc ? rc
		  : q_run(p->db,
				    "DELETE FROM missing WHERE contact = ?1 AND first IN (SELECT "
				    "first "
				    "FROM missing WHERE contact = ?1 ORDER BY first DESC LIMIT -1 "
				    "OFFSET "
				    "?2)",
				    "ii", contact, (int64_t)LOSS_GAPS_MOST);
}

static int close_gap(struct profile *p, int64_t contact, int64_t first, int64_t last)
{
	static const char *const steps[] = {
		"INSERT INTO missing SELECT contact, ?3 + 1, last FROM missing WHERE contact = ?1 "
		"AND first <= ?3 AND last > ?3 AND last >= ?2",
		"UPDATE missing SET last = ?2 - 1 WHERE contact = ?1 AND first < ?2 AND last >= ?2 "
		"AND first <= ?3",
		"DELETE FROM missing WHERE contact = ?1 AND first >= ?2 AND first <= ?3",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "iii", contact, first, last);
	return rc;
}

/* The highest number before it that it names. */
static int64_t before(const struct content *m)
{
	return (int64_t)m->number - content_is_numbered(m->type);
}

int loss_is_early(bool *out, struct profile *p, int64_t contact, const struct content *m)
{
	int64_t top = 0;
	int rc = q_number(&top, p->db, "SELECT heard FROM contact WHERE id = ?", "i", contact);

	*out = before(m) > top;
	return rc ? E_IO : 0;
}

/* What is numbered closes its own gap; anything else says up to where numbers were used. */
static int note_number(struct profile *p, int64_t contact, const struct content *m)
{
	const bool numbered = content_is_numbered(m->type);
	int64_t top = 0, n = (int64_t)m->number;
	int rc = q_number(&top, p->db, "SELECT heard FROM contact WHERE id = ?", "i", contact);

	if (rc)
		return rc;
	if (n <= top)
		return numbered ? close_gap(p, contact, n, n) : 0;
	rc = add_gap(p, contact, top + 1, before(m));
	return rc ? rc
		  : q_run(p->db, "UPDATE contact SET heard = ? WHERE id = ?", "ii", n, contact);
}

/* --- sending again ------------------------------------------------------ */

#define AGAIN                                                                              \
	"INSERT INTO outbox (contact, message, type, envelope) SELECT contact, id, type, " \
	"envelope "                                                                        \
	"FROM message m WHERE contact = ?1 AND out = 1 AND NOT gone AND NOT EXISTS "       \
	"(SELECT 1 FROM outbox o WHERE o.message = m.id) AND "

static int again_range(struct profile *p, int64_t contact, const struct range *r)
{
	return q_run(p->db, AGAIN "number BETWEEN ?2 AND ?3 ORDER BY number LIMIT ?4", "iiii",
			contact, r->first, r->last, (int64_t)LOSS_AGAIN_MOST);
}

/* All that may still have been on its way when it was lost. */
static int again_recent(struct profile *p, int64_t contact)
{
	return q_run(p->db,
			AGAIN
			"id IN (SELECT id FROM message WHERE contact = ?1 AND out AND at_s > ?2 "
			"ORDER BY id DESC LIMIT ?3) ORDER BY id",
			"iii", contact, profile_now(p) - RETENTION_S - QUIET_S,
			(int64_t)LOSS_RECENT_MOST);
}

/* They heard more than we remember having said: we lost state, and go on above it. What we wrote
 * since has numbers that they know already, so it goes out again; they know it by its envelope. */
static int fell_back(struct profile *p, int64_t contact, int64_t heard)
{
	int64_t sent = 0;
	int rc = q_number(&sent, p->db, "SELECT sent FROM contact WHERE id = ?", "i", contact);

	if (rc || heard <= sent)
		return rc ? E_IO : 0;
	rc = q_run(p->db, "UPDATE contact SET sent = ? WHERE id = ?", "ii", heard, contact);
	return rc ? rc : again_recent(p, contact);
}

/* What of the range is not in our history: never used, or deleted. */
static int find_gone(struct said *out, struct profile *p, int64_t contact, const struct range *r)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int64_t next = r->first;
	int step,
			rc = q_open(&s, p->db,
					"SELECT DISTINCT number FROM message WHERE contact = ? AND "
					"out = 1 AND NOT gone AND number "
					"BETWEEN ? AND ? ORDER BY number",
					"iii", contact, r->first, r->last);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && out->n < LOSS_RANGES) {
		int64_t n = sqlite3_column_int64(s, 0);

		if (n > next)
			out->ranges[out->n++] = (struct range){ next, n - 1 };
		next = n + 1;
	}
	if (step == SQLITE_DONE && next <= r->last && out->n < LOSS_RANGES)
		out->ranges[out->n++] = (struct range){ next, r->last };
	return step == SQLITE_DONE || step == SQLITE_ROW ? 0 : E_IO;
}

/* --- asking and answering ----------------------------------------------- */

struct debtor { /* a contact with whom something is to be mended */
	int64_t id, sent, heard, asked_s, asks, asks_s, answered_s;
	bool broken, owes, gaps;
	struct said ask; /* theirs, when owes */
};

static int put(struct profile *p, int64_t contact, uint8_t type, const struct said *said)
{
	uint8_t body[CONTENT_TEXT_MOST];
	const struct outgoing out = {
		.contact = contact, .type = type, .body = body, .len = said_write(body, said)
	};
	/* A newer one says all that an older one did. */
	int rc = q_run(p->db, "DELETE FROM outbox WHERE contact = ? AND type = ?", "ii", contact,
			(int64_t)type);

	return rc ? rc : outbox_put(p, &out);
}

static int answer_range(
		struct said *answer, struct profile *p, const struct debtor *d, struct range r)
{
	int rc;

	r.last = r.last < d->sent ? r.last : d->sent;
	if (r.first > r.last)
		return 0;
	rc = again_range(p, d->id, &r);
	return rc ? rc : find_gone(answer, p, d->id, &r);
}

static int answer(struct profile *p, const struct debtor *d)
{
	struct said said = { .top = d->heard };
	int rc = fell_back(p, d->id, d->ask.top);

	for (int i = 0; rc == 0 && i < d->ask.n; i++)
		rc = answer_range(&said, p, d, d->ask.ranges[i]);
	rc = rc ? rc : answer_range(&said, p, d, (struct range){ d->ask.top + 1, d->sent });
	if (rc == 0 && d->ask.flags & ASK_UNOPENED)
		rc = again_recent(p, d->id);
	rc = rc ? rc : put(p, d->id, CONTENT_ANSWER, &said);
	return rc ? rc
		  : q_run(p->db, "UPDATE contact SET owes = NULL, answered_s = ? WHERE id = ?",
				    "ii", profile_now(p), d->id);
}

int loss_tell(struct profile *p, int64_t contact, int64_t after_s)
{
	struct said said = { .n = 0 };
	uint8_t body[CONTENT_TEXT_MOST];
	struct outgoing out = {
		.contact = contact, .type = CONTENT_ANSWER, .body = body, .after_s = after_s
	};

	if (q_number(&said.top, p->db, "SELECT heard FROM contact WHERE id = ?", "i", contact))
		return E_IO;
	out.len = said_write(body, &said);
	return outbox_put(p, &out);
}

static int list_gaps(struct said *out, struct profile *p, int64_t contact)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, p->db,
					"SELECT first, last FROM missing WHERE contact = ? ORDER "
					"BY first LIMIT "
					"?",
					"ii", contact, (int64_t)LOSS_RANGES);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		out->ranges[out->n++] = (struct range){ sqlite3_column_int64(s, 0),
			sqlite3_column_int64(s, 1) };
	return step == SQLITE_DONE ? 0 : E_IO;
}

/* Where something could not be opened, nobody knows who can still read what: the ask begins a new
 * session. */
static int ask(struct profile *p, const struct debtor *d)
{
	struct said said = { .top = d->heard, .flags = d->broken ? ASK_UNOPENED : 0 };
	bool new_day = profile_has_passed(p, d->asks_s, DAY_S);
	int rc = list_gaps(&said, p, d->id);

	rc = rc ? rc : put(p, d->id, CONTENT_ASK, &said);
	return rc ? rc
		  : q_run(p->db,
				    "UPDATE contact SET asked_s = ?1, asks = ?2, asks_s = ?3, "
				    "renew = "
				    "renew OR broken, broken = 0 WHERE id = ?4",
				    "iiii", profile_now(p), new_day ? 1 : d->asks + 1,
				    new_day ? profile_now(p) : d->asks_s, d->id);
}

static bool may_ask(const struct profile *p, const struct debtor *d)
{
	return (d->broken || d->gaps) && profile_has_passed(p, d->asked_s, LOSS_HOUR_S) &&
			(d->asks < LOSS_ASKS_A_DAY || profile_has_passed(p, d->asks_s, DAY_S));
}

static int mend(struct profile *p, const struct debtor *d)
{
	int rc = 0;

	if (d->owes && profile_has_passed(p, d->answered_s, LOSS_HOUR_S))
		rc = answer(p, d);
	return rc || !may_ask(p, d) ? rc : ask(p, d);
}

static int next_debtor(struct debtor *out, struct profile *p, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, p->db,
					"SELECT id, sent, heard, asked_s, asks, asks_s, "
					"answered_s, broken, owes, "
					"EXISTS (SELECT 1 FROM missing WHERE contact = c.id) AS "
					"gaps FROM contact "
					"c WHERE id > ? AND state = 1 AND (broken OR owes NOT NULL "
					"OR gaps) ORDER "
					"BY id LIMIT 1",
					"i", after);

	if (rc)
		return rc;
	step = sqlite3_step(s);
	if (step != SQLITE_ROW)
		return step == SQLITE_DONE ? STORE_NONE : E_IO;
	*out = (struct debtor){ .id = sqlite3_column_int64(s, 0),
		.sent = sqlite3_column_int64(s, 1),
		.heard = sqlite3_column_int64(s, 2),
		.asked_s = sqlite3_column_int64(s, 3),
		.asks = sqlite3_column_int64(s, 4),
		.asks_s = sqlite3_column_int64(s, 5),
		.answered_s = sqlite3_column_int64(s, 6),
		.broken = sqlite3_column_int(s, 7) != 0,
		.gaps = sqlite3_column_int(s, 9) != 0 };
	out->owes = sqlite3_column_type(s, 8) != SQLITE_NULL &&
			said_read(&out->ask, sqlite3_column_blob(s, 8),
					(size_t)sqlite3_column_bytes(s, 8)) == 0;
	return 0;
}

static int mend_all(struct profile *p)
{
	struct debtor d = { .id = 0 };
	int rc;

	while ((rc = next_debtor(&d, p, d.id)) == 0) {
		rc = mend(p, &d);
		if (rc)
			return rc;
	}
	return rc == STORE_NONE ? 0 : rc;
}

int loss_mend(struct profile *p)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, mend_all(p));
}

/* --- what comes --------------------------------------------------------- */

/* The latest ask counts, and that something was not opened until it is answered. */
static int take_ask(struct profile *p, int64_t contact, const struct content *m)
{
	struct debtor d = { .id = 0 };
	struct said said;
	uint8_t body[CONTENT_TEXT_MOST];
	int rc;

	if (said_read(&said, m->text, m->text_len))
		return 0;
	rc = next_debtor(&d, p, contact - 1);
	if (rc < 0)
		return rc;
	if (rc == 0 && d.id == contact && d.owes)
		said.flags |= d.ask.flags;
	return q_run(p->db, "UPDATE contact SET owes = ? WHERE id = ?", "bi", body,
			said_write(body, &said), contact);
}

static int take_answer(struct profile *p, int64_t contact, const struct content *m)
{
	struct said said;
	int rc = said_read(&said, m->text, m->text_len);

	if (rc)
		return 0;
	for (int i = 0; rc == 0 && i < said.n; i++)
		rc = close_gap(p, contact, said.ranges[i].first, said.ranges[i].last);
	return rc ? rc : fell_back(p, contact, said.top);
}

int loss_heard(struct profile *p, int64_t contact, const struct content *m)
{
	int rc = note_number(p, contact, m);

	if (rc == 0 && m->type == CONTENT_ASK)
		rc = take_ask(p, contact, m);
	if (rc == 0 && m->type == CONTENT_ANSWER)
		rc = take_answer(p, contact, m);
	return rc;
}

int loss_refused(struct profile *p, int64_t contact, uint64_t number)
{
	const struct content none = { .number = number };
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, note_number(p, contact, &none));
	return rc == STORE_NONE ? 0 : rc; /* it has ended meanwhile */
}

int loss_unopened(struct profile *p, int64_t contact)
{
	return q_run(p->db, "UPDATE contact SET broken = 1 WHERE id = ? AND state = 1", "i",
			contact);
}

int loss_restored(struct profile *p)
{
	static const char *const steps[] = {
		"DELETE FROM session", "DELETE FROM peer_turn",
		"DELETE FROM sealing WHERE base NOT NULL", "UPDATE outbox SET packet = NULL",
		/* Numbers go on above all that may have been written since the copy was made, so that
		   what is lost of them shows as a gap. */
		("UPDATE contact SET taking = NULL, sent = sent + 1048576, "
		 "broken = (state = 1 AND identity NOT NULL), asked_s = 0, asks = 0"),
		"UPDATE grp SET version = version + 1048576 WHERE ours", /* so do lists */
		"DELETE FROM meta WHERE name LIKE 'account due %'", /* its bundles may be others' */
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "");
	return rc;
}
