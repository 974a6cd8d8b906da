/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Of several changes of one message that with the highest number counts, in whichever order they
 * come. What a contact tells is authenticated, but may be anything. */
#include "client/lib/change.h"

#include "client/lib/conversation.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "client/lib/transfer.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* KIND_TEXT: one part instead of one. KIND_LONG: what is changed or what it says now is longer. */
enum kind { KIND_TEXT = 1, KIND_TAKE_BACK = 2, KIND_LONG = 3 };

struct change {
	uint8_t kind;
	int64_t first; /* number of the changed message's first part */
	uint8_t parts;
	char text[CHANGE_TEXT_MOST + 1]; /* of KIND_LONG: its part of it */
};

static void change_clear(struct change *c)
{
	sodium_memzero(c, sizeof *c);
}

/* --- bytes -------------------------------------------------------------- */

static size_t change_write(uint8_t out[static CONTENT_TEXT_MOST], const struct change *c)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u8(&w, c->kind);
	writer_u64(&w, (uint64_t)c->first);
	writer_u8(&w, c->parts);
	writer_copy(&w, c->text, strlen(c->text));
	return w.used;
}

static int change_read(struct change *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);
	const uint8_t *text;
	size_t text_len;

	out->kind = reader_u8(&rd);
	out->first = (int64_t)reader_u64(&rd);
	out->parts = reader_u8(&rd);
	text = reader_rest(&rd, &text_len);
	if (!reader_is_done(&rd) || text_len > CHANGE_TEXT_MOST || out->first < 1 ||
			out->first > CONTENT_NUMBER_MOST || out->parts < 1 ||
			out->parts > CONTENT_PARTS_MOST)
		return CONTENT_BAD;
	if (text_len)
		memcpy(out->text, text, text_len);
	out->text[text_len] = '\0';
	if (out->kind == KIND_TEXT || out->kind == KIND_LONG)
		return (out->kind == KIND_LONG || out->parts == 1) && text_len &&
						content_is_utf8(out->text, text_len)
				? 0
				: CONTENT_BAD;
	return out->kind == KIND_TAKE_BACK && text_len == 0 ? 0 : CONTENT_BAD;
}

/* --- doing it ----------------------------------------------------------- */

static int forget_file(struct profile *p, int64_t message)
{
	return q_run(p->db, "DELETE FROM file WHERE message = ?", "i", message);
}

static int end_file(struct profile *p, int64_t message)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int64_t id;
	int rc = q_number(&id, p->db, "SELECT id FROM file WHERE message = ? AND state < 2", "i",
			message);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	rc = transfer_load(&t, p, id);
	if (rc)
		return E_IO;
	/* Else whoever names a server would see us come to it, unasked. */
	return !t.out && t.state == TRANSFER_OPEN ? forget_file(p, message) : transfer_end(p, &t);
}

/* Whoever was sent a file may fetch it later than ours disappears: without the key its pieces are
 * noise, which ends at the server by itself. */
static int wipe_file(struct profile *p, int64_t message, enum gone gone)
{
	return gone == GONE_TIME ? forget_file(p, message) : end_file(p, message);
}

int change_wipe(struct profile *p, int64_t message, enum gone gone)
{
	/* What waits to be sent goes as a change of nothing: its number still comes. */
	static const char *const steps[] = {
		"UPDATE outbox SET type = 6, packet = NULL WHERE message IN (SELECT id FROM "
		"message m WHERE " PARTS_OF("?1") ")",
		"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id FROM message m "
		"JOIN message c ON c.contact = m.contact AND c.out = m.out AND c.target = m.number "
		"- m.part WHERE m.id = ? AND c.number > m.number AND c.takes_back = 0)",
	};
	int rc = wipe_file(p, message, gone);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "i", message);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message AS m SET text = '', body = NULL, gone = ?2, "
				  "shown "
				  "= 1, lives_s = 0, ends_s = NULL WHERE " PARTS_OF("?1"),
				  "ii", message, (int64_t)gone);
	return rc ? rc : store_overwrote(p->db);
}

/* Ours that is on its way ends at the server, as does what we have whole; what waits for us we
 * leave there, and so ours that they may not have fetched yet. */
static int forget(struct profile *p, const struct transfer *t)
{
	int rc = t->out == (t->state == TRANSFER_OPEN) ? transfer_end(p, t) : 0;

	if (rc || !t->message)
		return rc;
	/* The pieces' record outlives the message. */
	rc = q_run(p->db, "UPDATE file SET message = NULL WHERE id = ? AND state = 2", "i", t->id);
	return rc ? rc : change_wipe(p, t->message, GONE_TIME);
}

int change_forget_file(struct profile *p, int64_t file)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int rc = q_begin(p->db);

	if (rc)
		return rc;
	rc = transfer_load(&t, p, file);
	rc = q_end(p->db, rc ? rc : forget(p, &t));
	return rc ? rc : store_forget(p->db);
}

/* The row that stands for the newest of that number: a peer who lost its state numbers anew. */
static int find(int64_t *out, struct profile *p, int64_t contact, bool ours, int64_t number)
{
	return q_number(out, p->db,
			"SELECT coalesce(whole, id) FROM message WHERE contact = ? AND out = ? AND "
			"number = ? AND type IN (1, 4) AND NOT gone ORDER BY id DESC LIMIT 1",
			"iii", contact, (int64_t)ours, number);
}

struct doing {
	const struct change *change;
	const char *text; /* all of it */
	int64_t number;	  /* of the change's first part */
};

/* What earlier changes said goes too. Parts of ours that still go out, or go again, say nothing. */
static int do_text(struct profile *p, int64_t message, const struct doing *d)
{
	int rc = q_run(p->db,
			"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id FROM "
			"message m JOIN message c ON c.contact = m.contact AND c.out = m.out AND "
			"c.target = m.number - m.part WHERE m.id = ?1 AND c.number < ?2)",
			"ii", message, d->number);

	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message SET text = ?1, edited = ?2 WHERE id = ?3 AND "
				  "type = 1 AND parts = ?4 AND number - part = ?5 AND edited < ?2",
				  "tiiii", d->text, d->number, message, (int64_t)d->change->parts,
				  d->change->first);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message AS m SET body = iif(m.out, x'', NULL) WHERE "
				  "parts > 1 AND (SELECT edited FROM message WHERE id = ?1) = ?2 "
				  "AND " PARTS_OF("?1"),
				  "ii", message, d->number);
	return rc ? rc : store_overwrote(p->db);
}

static int apply(struct profile *p, int64_t contact, bool ours, const struct doing *d)
{
	const struct change *c = d->change;
	int rc = 0;

	for (int64_t n = c->first; rc == 0 && n < c->first + c->parts; n++) {
		int64_t message;

		rc = find(&message, p, contact, ours, n);
		if (rc == STORE_NONE)
			rc = 0; /* see change_late */
		else if (rc == 0)
			rc = c->kind == KIND_TAKE_BACK ? change_wipe(p, message, GONE_DELETED)
						       : do_text(p, message, d);
	}
	return rc;
}

/* The row knows what it changes: ours to say it again, theirs until what it changes has come. */
static int note(struct profile *p, int64_t message, const struct change *c)
{
	uint8_t body[CONTENT_TEXT_MOST];
	int rc = q_run(p->db,
			"UPDATE message SET target = ?, n_targets = ?, takes_back = ?, body = ? "
			"WHERE id = ?",
			"iiibi", c->first, (int64_t)c->parts, (int64_t)(c->kind == KIND_TAKE_BACK),
			body, change_write(body, c), message);

	sodium_memzero(body, sizeof body);
	return rc;
}

/* --- ours --------------------------------------------------------------- */

static int say_piece(struct profile *p, int64_t contact, struct saying *saying,
		const struct change *c, int64_t *out_message)
{
	uint8_t body[CONTENT_TEXT_MOST];
	int rc;

	saying->body = body;
	saying->len = change_write(body, c);
	rc = conversation_put(p, contact, saying, out_message);
	sodium_memzero(body, sizeof body);
	return rc ? rc : note(p, *out_message, c);
}

/* text: "" of what is taken back. */
static int say(struct profile *p, int64_t contact, struct change *c, const char *text)
{
	struct saying saying = { .type = CONTENT_CHANGE,
		.text = "",
		.parts = (uint8_t)parts_count(text, CHANGE_TEXT_MOST) };
	struct doing doing = { c, text, 0 };
	const char *rest = text;
	int64_t message, first = 0;
	int rc = 0;

	for (; rc == 0 && saying.part < saying.parts; saying.part++) {
		const size_t len = content_piece_len(rest, CHANGE_TEXT_MOST);

		memcpy(c->text, rest, len);
		c->text[len] = '\0';
		rest += len;
		rc = say_piece(p, contact, &saying, c, &message);
		first = first ? first : message;
	}
	rc = rc ? rc
		: q_number(&doing.number, p->db, "SELECT number FROM message WHERE id = ?", "i",
				  first);
	return rc ? rc : apply(p, contact, true, &doing);
}

static int find_ours(struct change *out, struct profile *p, int64_t contact, int64_t number)
{
	int64_t message, parts;
	int rc = find(&message, p, contact, true, number);

	rc = rc ? rc
		: q_number(&out->first, p->db, "SELECT number - part FROM message WHERE id = ?",
				  "i", message);
	rc = rc ? rc
		: q_number(&parts, p->db, "SELECT parts FROM message WHERE id = ?", "i", message);
	if (rc)
		return rc == STORE_NONE ? CHANGE_NONE : rc;
	out->parts = (uint8_t)parts;
	return 0;
}

static int text_of_ours(struct profile *p, int64_t contact, int64_t number, const char *text)
{
	__attribute__((cleanup(change_clear))) struct change c = { .kind = KIND_TEXT };
	int64_t message, type = 0;
	int rc = find_ours(&c, p, contact, number);

	if (rc)
		return rc;
	rc = find(&message, p, contact, true, number);
	rc = rc ? rc
		: q_number(&type, p->db, "SELECT type FROM message WHERE id = ?", "i", message);
	if (rc)
		return E_IO;
	if (type != CONTENT_TEXT)
		return CHANGE_NOT_TEXT;
	if (c.parts > 1 || parts_count(text, CHANGE_TEXT_MOST) > 1)
		c.kind = KIND_LONG;
	return say(p, contact, &c, text);
}

int change_text(struct profile *p, const struct contact *contact, int64_t number, const char *text)
{
	const size_t len = strlen(text);
	int rc;

	if (!len || !content_is_utf8(text, len))
		return CHANGE_NOT_TEXT;
	if (len > PARTS_TEXT_MOST)
		return CHANGE_TOO_LONG;
	rc = q_begin(p->db);
	rc = rc ? rc : q_end(p->db, text_of_ours(p, contact->id, number, text));
	return rc ? rc : store_forget(p->db);
}

static int take_back(struct profile *p, int64_t contact, int64_t number)
{
	struct change c = { .kind = KIND_TAKE_BACK };
	int rc = find_ours(&c, p, contact, number);

	return rc ? rc : say(p, contact, &c, "");
}

int change_take_back(struct profile *p, const struct contact *contact, int64_t number)
{
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, take_back(p, contact->id, number));
	return rc ? rc : store_forget(p->db);
}

/* --- theirs ------------------------------------------------------------- */

/* Once it was done, nobody needs its words again, nor older ones. */
static int drop_words(struct profile *p, int64_t contact, const struct doing *d)
{
	const struct change *c = d->change;

	return q_run(p->db,
			"UPDATE message SET body = NULL WHERE contact = ?1 AND NOT out AND target "
			"= ?2 AND NOT takes_back AND number - part <= ?4 AND EXISTS (SELECT 1 FROM "
			"message WHERE contact = ?1 AND NOT out AND number BETWEEN ?2 AND ?3 AND "
			"type IN (1, 4))",
			"iiii", contact, c->first, c->first + c->parts - 1, d->number);
}

struct heard {			/* a change, or a part of one */
	int64_t contact, first; /* number of its first part */
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
					"SELECT part, body FROM message WHERE contact = ?1 AND NOT "
					"out AND type = 6 AND number BETWEEN ?2 AND ?2 + ?3 - 1 "
					"AND number - part = ?2 AND parts = ?3 AND body NOT NULL "
					"ORDER BY part",
					"iii", h->contact, h->first, h->parts);

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
	rc = rc ? rc : apply(p, h.contact, false, &d);
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
	rc = note(p, message, &c);
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
