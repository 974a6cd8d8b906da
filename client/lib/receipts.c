/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ranges of numbers. What a contact tells is authenticated, but may be anything. */
#include "client/lib/receipts.h"

#include "client/lib/outbox.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>

struct receipt {
	uint8_t n;
	struct {
		int64_t first, last;
	} ranges[RECEIPT_RANGES];
};

/* --- bytes -------------------------------------------------------------- */

static size_t receipt_write(uint8_t out[static CONTENT_TEXT_MOST], const struct receipt *r)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u8(&w, r->n);
	for (int i = 0; i < r->n; i++) {
		writer_u64(&w, (uint64_t)r->ranges[i].first);
		writer_u64(&w, (uint64_t)r->ranges[i].last);
	}
	return w.used;
}

static int receipt_read(struct receipt *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);

	out->n = reader_u8(&rd);
	if (out->n > RECEIPT_RANGES)
		return CONTENT_BAD;
	for (int i = 0; i < out->n; i++) {
		out->ranges[i].first = (int64_t)reader_u64(&rd);
		out->ranges[i].last = (int64_t)reader_u64(&rd);
		if (out->ranges[i].first < 1 || out->ranges[i].last < out->ranges[i].first ||
				out->ranges[i].last > CONTENT_NUMBER_MOST)
			return CONTENT_BAD;
	}
	return reader_is_done(&rd) ? 0 : CONTENT_BAD;
}

/* --- telling ------------------------------------------------------------ */

int receipts_set(struct profile *p, const char *contact, bool on)
{
	int64_t id;
	int rc = q_begin(p->db);

	if (rc)
		return rc;
	rc = q_number(&id, p->db,
			"UPDATE contact SET receipts = ?, receipt_s = NULL WHERE name = ? "
			"RETURNING "
			"id",
			"it", (int64_t)on, contact);
	rc = rc ? rc : q_run(p->db, "UPDATE message SET told = 1 WHERE contact = ?", "i", id);
	rc = q_end(p->db, rc);
	return rc == STORE_NONE ? RECEIPTS_NONE : rc;
}

static int plan(struct profile *p, int64_t contact)
{
	return q_run(p->db,
			"UPDATE contact SET receipt_s = ? WHERE id = ? AND receipts AND receipt_s "
			"IS NULL",
			"ii",
			profile_now(p) + RECEIPT_LEAST_S + randombytes_uniform(RECEIPT_SPREAD_S),
			contact);
}

/* What is to be told, as far as it goes into one. */
static int collect(struct receipt *out, struct profile *p, int64_t contact)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, p->db,
					"SELECT DISTINCT number FROM message WHERE contact = ? AND "
					"out = 0 AND NOT told ORDER BY number",
					"i", contact);

	out->n = 0;
	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		const int64_t n = sqlite3_column_int64(s, 0);

		if (out->n && out->ranges[out->n - 1].last + 1 == n) {
			out->ranges[out->n - 1].last = n;
			continue;
		}
		if (out->n == RECEIPT_RANGES)
			return 0;
		out->ranges[out->n].first = out->ranges[out->n].last = n;
		out->n++;
	}
	return step == SQLITE_DONE ? 0 : E_IO;
}

static int tell(struct profile *p, int64_t contact)
{
	struct receipt receipt;
	uint8_t body[CONTENT_TEXT_MOST];
	struct outgoing out = { .contact = contact, .type = CONTENT_RECEIPT, .body = body };
	int rc = collect(&receipt, p, contact);

	if (rc == 0 && receipt.n) {
		out.len = receipt_write(body, &receipt);
		rc = outbox_put(p, &out);
	}
	for (int i = 0; rc == 0 && i < receipt.n; i++)
		rc = q_run(p->db,
				"UPDATE message SET told = 1 WHERE contact = ? AND out = 0 AND "
				"number BETWEEN ? AND ?",
				"iii", contact, receipt.ranges[i].first, receipt.ranges[i].last);
	rc = rc ? rc
		: q_run(p->db, "UPDATE contact SET receipt_s = NULL WHERE id = ?", "i", contact);
	return rc || receipt.n < RECEIPT_RANGES ? rc : plan(p, contact); /* there may be more */
}

static int tell_all(struct profile *p, bool at_once)
{
	const int64_t now = profile_now(p);
	int64_t contact;
	int rc;

	/* A time further off than any that is drawn: the clock was wrong. */
	while ((rc = q_number(&contact, p->db,
				"SELECT id FROM contact WHERE state = 1 AND (receipt_s "
				"<= ?1 OR receipt_s > ?1 + ?2 OR (?3 AND receipt_s NOT NULL)) "
				"LIMIT 1",
				"iii", now, (int64_t)RECEIPT_LEAST_S + RECEIPT_SPREAD_S,
				(int64_t)at_once)) == 0)
		if ((rc = tell(p, contact)) != 0)
			return rc;
	return rc == STORE_NONE ? 0 : rc;
}

int receipts_due(struct profile *p, bool at_once)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, tell_all(p, at_once));
}

/* --- being told --------------------------------------------------------- */

static int note(struct profile *p, int64_t contact, const struct content *m)
{
	struct receipt receipt;
	int rc = receipt_read(&receipt, m->text, m->text_len);

	if (rc)
		return 0;
	for (int i = 0; rc == 0 && i < receipt.n; i++)
		rc = q_run(p->db,
				"UPDATE message SET received = 1 WHERE contact = ? AND out = 1 AND "
				"number BETWEEN ? AND ?",
				"iii", contact, receipt.ranges[i].first, receipt.ranges[i].last);
	return rc;
}

int receipts_heard(struct profile *p, int64_t contact, const struct content *m)
{
	if (m->type == CONTENT_RECEIPT)
		return note(p, contact, m);
	return content_is_numbered(m->type) ? plan(p, contact) : 0;
}
