/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Changes that others ask for. What a contact tells is authenticated, but may be anything; it can
 * name nothing but what it has said itself to us, between two or in a group. */
#include "client/lib/change_private.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Once it was done, nobody needs its words again, nor older ones. */
static int drop_words(struct profile *p, int64_t contact, const struct doing *d)
{
	const struct change *c = d->change;

	return q_run(p->db,
			"UPDATE message SET body = NULL WHERE contact = ?1 AND out = 0 AND target "
			"= ?2 AND NOT takes_back AND number - part <= ?4 AND body NOT NULL AND "
			"EXISTS (SELECT 1 FROM message WHERE contact = ?1 AND out = 0 AND number "
			"BETWEEN ?2 AND ?3 AND "
			"type IN (1, 4, 9))",
			"iiii", contact, c->first, c->first + c->parts - 1, d->number);
}

struct heard {				 /* a change, or a part of one */
	int64_t message, contact, first; /* number of its first part */
	int64_t part, parts;
	struct change change;
};

static void heard_wipe(struct heard *h)
{
	sodium_memzero(h, sizeof *h);
}

static int read_heard(struct heard *h, struct profile *p, int64_t message)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT contact, number - part, part, parts, body FROM message WHERE id = "
			"? AND body NOT NULL",
			"i", message);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	h->message = message;
	h->contact = sqlite3_column_int64(s, 0);
	h->first = sqlite3_column_int64(s, 1);
	h->part = sqlite3_column_int64(s, 2);
	h->parts = sqlite3_column_int64(s, 3);
	return change_read(&h->change, sqlite3_column_blob(s, 4),
			       (size_t)sqlite3_column_bytes(s, 4))
			? E_IO
			: 0;
}

/* All parts of it, or STORE_NONE. text has room for them. */
static int put_together(char *text, struct profile *p, const struct heard *h)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	__attribute__((cleanup(change_clear))) struct change c = { .kind = 0 };
	int64_t n = 0;
	int step,
			rc = q_open(&s, p->db,
					"SELECT m.part, m.body FROM message h JOIN message m ON "
					"m.contact = h.contact AND m.number BETWEEN ?2 AND ?2 + ?3 "
					"- 1 AND m.text_id IS h.text_id WHERE h.id = ?1 AND "
					"m.out = 0 AND m.type = 6 AND m.number - m.part = ?2 AND "
					"m.parts = ?3 AND m.body NOT NULL ORDER BY m.part",
					"iii", h->message, h->first, h->parts);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && n < h->parts) {
		if (sqlite3_column_int64(s, 0) != n ||
				change_read(&c, sqlite3_column_blob(s, 1),
						(size_t)sqlite3_column_bytes(s, 1)) ||
				c.kind != KIND_LONG || c.first != h->change.first ||
				c.parts != h->change.parts)
			return STORE_NONE;
		text = stpcpy(text, c.text);
		n++;
	}
	return step != SQLITE_DONE && step != SQLITE_ROW ? E_IO : n < h->parts ? STORE_NONE : 0;
}

/* STORE_NONE: not all of it is here. */
static int do_heard(struct profile *p, int64_t message)
{
	enum { ROOM = CONTENT_PARTS_MOST * CHANGE_TEXT_MOST + 1 };
	__attribute__((cleanup(heard_wipe))) struct heard h = { .contact = 0 };
	CLEANUP(scope_free) char *whole = NULL;
	struct doing d = { &h.change, h.change.text, 0 };
	int rc = read_heard(&h, p, message);

	if (rc)
		return rc;
	d.number = h.first;
	if (h.change.kind == KIND_LONG) {
		whole = calloc(1, ROOM);
		d.text = whole;
		rc = whole ? put_together(whole, p, &h) : E_NOMEM;
	}
	rc = rc ? rc : change_apply(p, h.contact, false, &d);
	rc = rc ? rc : drop_words(p, h.contact, &d);
	if (whole)
		sodium_memzero(whole, ROOM);
	return rc;
}

int change_heard(struct profile *p, int64_t message, const struct content *m)
{
	__attribute__((cleanup(change_clear))) struct change c = { .kind = 0 };
	/* It is never shown, and its row goes when nothing older can come. */
	int rc = q_run(p->db, "UPDATE message SET gone = 1, shown = 1 WHERE id = ?", "i", message);

	if (rc || change_read(&c, m->text, m->text_len) ||
			c.first + c.parts > (int64_t)m->number - m->part) /* not said yet */
		return rc;
	rc = change_note(p, message, &c);
	rc = rc ? rc : do_heard(p, message);
	return rc == STORE_NONE ? 0 : rc;
}

enum { WAITING_MOST = 8 };

/* The newest first; what was taken back once stays so. */
static int find_waiting(int64_t out[static WAITING_MOST], int *out_n, struct profile *p,
		int64_t contact, int64_t number)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int n = 0, step = SQLITE_DONE,
	    rc = q_open(&s, p->db,
			    "SELECT id FROM message WHERE contact = ?1 AND out = 0 AND "
			    "target BETWEEN ?2 - ?3 AND ?2 AND target + n_targets > ?2 "
			    "AND number > ?2 AND part = 0 AND body NOT NULL ORDER BY "
			    "takes_back DESC, number DESC LIMIT ?4",
			    "iiii", contact, number, (int64_t)CONTENT_PARTS_MOST,
			    (int64_t)WAITING_MOST);

	while (rc == 0 && n < WAITING_MOST && (step = sqlite3_step(s)) == SQLITE_ROW)
		out[n++] = sqlite3_column_int64(s, 0);
	*out_n = n;
	return rc ? rc : step == SQLITE_DONE || step == SQLITE_ROW ? 0 : E_IO;
}

int change_late(struct profile *p, int64_t contact, int64_t number)
{
	int64_t waiting[WAITING_MOST];
	int n = 0, rc = find_waiting(waiting, &n, p, contact, number);

	for (int i = 0; rc == 0 && i < n; i++) {
		rc = do_heard(p, waiting[i]);
		if (rc != STORE_NONE)
			return rc;
		rc = 0;
	}
	return rc;
}
