/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Of several changes of one message that with the highest number counts, in whichever order they
 * come. What a contact tells is authenticated, but may be anything. */
#include "client/lib/change.h"

#include "client/lib/conversation.h"
#include "client/lib/store.h"
#include "client/lib/transfer.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum kind { KIND_TEXT = 1, KIND_TAKE_BACK = 2 };

struct change {
	uint8_t kind;
	int64_t first; /* number of the changed message's first part */
	uint8_t parts;
	char text[CHANGE_TEXT_MOST + 1];
};

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
	if (out->kind == KIND_TEXT)
		return out->parts == 1 && text_len && content_is_utf8(out->text, text_len)
				? 0
				: CONTENT_BAD;
	return out->kind == KIND_TAKE_BACK && text_len == 0 ? 0 : CONTENT_BAD;
}

/* --- doing it ----------------------------------------------------------- */

static int end_file(struct profile *p, int64_t message)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int64_t id;
	int rc = q_number(&id, p->db, "SELECT id FROM file WHERE message = ? AND state < 2", "i",
			message);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	rc = transfer_load(&t, p, id);
	return rc ? E_IO : transfer_end(p, &t);
}

/* Whoever was sent a file may fetch it later than ours disappears: without the key its pieces are
 * noise, which ends at the server by itself. */
static int wipe_file(struct profile *p, int64_t message, enum gone gone)
{
	return gone == GONE_TIME ? q_run(p->db, "DELETE FROM file WHERE message = ?", "i", message)
				 : end_file(p, message);
}

int change_wipe(struct profile *p, int64_t message, enum gone gone)
{
	/* What waits to be sent goes as a change of nothing: its number still comes. */
	static const char *const steps[] = {
		"UPDATE outbox SET type = 6, packet = NULL WHERE message = ?",
		"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id FROM message m "
		"JOIN message c ON c.contact = m.contact AND c.out = m.out AND c.target = m.number "
		"WHERE m.id = ? AND c.number > m.number AND c.takes_back = 0)",
	};
	int rc = wipe_file(p, message, gone);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "i", message);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message SET text = '', body = NULL, gone = ?, shown = 1, "
				  "lives_s = 0, ends_s = NULL WHERE id = ?",
				  "ii", (int64_t)gone, message);
	return rc ? rc : store_overwrote(p->db);
}

/* The newest of that number: a peer who lost its state numbers anew. */
static int find(int64_t *out, struct profile *p, int64_t contact, bool ours, int64_t number)
{
	return q_number(out, p->db,
			"SELECT id FROM message WHERE contact = ? AND out = ? AND number = ? AND "
			"type IN (1, 4) AND NOT gone ORDER BY id DESC LIMIT 1",
			"iii", contact, (int64_t)ours, number);
}

/* What earlier changes said goes too. */
static int do_text(struct profile *p, int64_t message, const char *text, int64_t number)
{
	int rc = q_run(p->db,
			"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id FROM "
			"message m JOIN message c ON c.contact = m.contact AND c.out = m.out AND "
			"c.target = m.number WHERE m.id = ?1 AND c.number < ?2)",
			"ii", message, number);

	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message SET text = ?1, edited = ?2 WHERE id = ?3 AND "
				  "type = 1 "
				  "AND parts = 1 AND edited < ?2",
				  "tii", text, number, message);
	return rc ? rc : store_overwrote(p->db);
}

/* number: of the change. */
static int apply(struct profile *p, int64_t contact, bool ours, const struct change *c,
		int64_t number)
{
	int rc = 0;

	for (int64_t n = c->first; rc == 0 && n < c->first + c->parts; n++) {
		int64_t message;

		rc = find(&message, p, contact, ours, n);
		if (rc == STORE_NONE)
			rc = 0; /* see change_late */
		else if (rc == 0)
			rc = c->kind == KIND_TEXT ? do_text(p, message, c->text, number)
						  : change_wipe(p, message, GONE_DELETED);
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

static int say(struct profile *p, int64_t contact, const struct change *c)
{
	uint8_t body[CONTENT_TEXT_MOST];
	const struct saying saying = {
		.type = CONTENT_CHANGE, .text = "", .body = body, .len = change_write(body, c)
	};
	int64_t message, number;
	int rc = conversation_put(p, contact, &saying, &message);

	rc = rc ? rc
		: q_number(&number, p->db, "SELECT number FROM message WHERE id = ?", "i", message);
	rc = rc ? rc : note(p, message, c);
	rc = rc ? rc : apply(p, contact, true, c, number);
	sodium_memzero(body, sizeof body);
	return rc;
}

static int find_ours(struct change *out, struct profile *p, int64_t contact, int64_t number)
{
	int64_t message, part, parts;
	int rc = find(&message, p, contact, true, number);

	rc = rc ? rc
		: q_number(&part, p->db, "SELECT part FROM message WHERE id = ?", "i", message);
	rc = rc ? rc
		: q_number(&parts, p->db, "SELECT parts FROM message WHERE id = ?", "i", message);
	if (rc)
		return rc == STORE_NONE ? CHANGE_NONE : rc;
	out->first = number - part;
	out->parts = (uint8_t)parts;
	return 0;
}

static int text_of_ours(struct change *c, struct profile *p, int64_t contact, int64_t number)
{
	int64_t message, type = 0;
	int rc = find_ours(c, p, contact, number);

	if (rc)
		return rc;
	rc = find(&message, p, contact, true, number);
	rc = rc ? rc
		: q_number(&type, p->db, "SELECT type FROM message WHERE id = ?", "i", message);
	if (rc)
		return E_IO;
	return type == CONTENT_TEXT && c->parts == 1 ? say(p, contact, c) : CHANGE_NOT_TEXT;
}

int change_text(struct profile *p, const struct contact *contact, int64_t number, const char *text)
{
	struct change c = { .kind = KIND_TEXT };
	const size_t len = strlen(text);
	int rc;

	if (!len || len > CHANGE_TEXT_MOST || !content_is_utf8(text, len))
		return CHANGE_NOT_TEXT;
	memcpy(c.text, text, len + 1);
	rc = q_begin(p->db);
	rc = rc ? rc : q_end(p->db, text_of_ours(&c, p, contact->id, number));
	sodium_memzero(&c, sizeof c);
	return rc ? rc : store_forget(p->db);
}

static int take_back(struct profile *p, int64_t contact, int64_t number)
{
	struct change c = { .kind = KIND_TAKE_BACK };
	int rc = find_ours(&c, p, contact, number);

	return rc ? rc : say(p, contact, &c);
}

int change_take_back(struct profile *p, const struct contact *contact, int64_t number)
{
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, take_back(p, contact->id, number));
	return rc ? rc : store_forget(p->db);
}

/* --- theirs ------------------------------------------------------------- */

/* Once it was done, nobody needs its words again. */
static int drop_words(struct profile *p, int64_t contact, int64_t target)
{
	return q_run(p->db,
			"UPDATE message SET body = NULL WHERE contact = ?1 AND NOT out AND target "
			"= ?2 "
			"AND NOT takes_back AND EXISTS (SELECT 1 FROM message WHERE contact = ?1 "
			"AND "
			"NOT out AND number = ?2 AND type IN (1, 4))",
			"ii", contact, target);
}

int change_heard(struct profile *p, int64_t contact, int64_t message, const struct content *m)
{
	struct change c;
	/* It is never shown, and its row goes when nothing older can come. */
	int rc = q_run(p->db, "UPDATE message SET gone = 1, shown = 1 WHERE id = ?", "i", message);

	if (rc || change_read(&c, m->text, m->text_len) ||
			c.first + c.parts > (int64_t)m->number) /* of what is not said yet */
		return rc;
	rc = note(p, message, &c);
	rc = rc ? rc : apply(p, contact, false, &c, (int64_t)m->number);
	rc = rc ? rc : drop_words(p, contact, c.first);
	sodium_memzero(&c, sizeof c);
	return rc;
}

/* Of several the newest; what was taken back once stays so. */
static int find_waiting(struct change *out, int64_t *out_number, struct profile *p, int64_t contact,
		int64_t number)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT number, body FROM message WHERE contact = ?1 AND out = 0 AND "
			"target "
			"BETWEEN ?2 - ?3 AND ?2 AND target + n_targets > ?2 AND number > ?2 AND "
			"body "
			"NOT NULL ORDER BY takes_back DESC, number DESC LIMIT 1",
			"iii", contact, number, (int64_t)CONTENT_PARTS_MOST);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	*out_number = sqlite3_column_int64(s, 0);
	return change_read(out, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1))
			? E_IO
			: 0;
}

int change_late(struct profile *p, int64_t contact, int64_t number)
{
	struct change c;
	int64_t by;
	int rc = find_waiting(&c, &by, p, contact, number);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	rc = apply(p, contact, false, &c, by);
	rc = rc ? rc : drop_words(p, contact, number);
	sodium_memzero(&c, sizeof c);
	return rc;
}
