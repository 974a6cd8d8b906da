/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Of several changes of one message that with the highest number counts, in whichever order they
 * come. What a contact tells is authenticated, but may be anything. */
#include "client/lib/change_private.h"
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

void change_clear(struct change *c)
{
	sodium_memzero(c, sizeof *c);
}

/* --- bytes -------------------------------------------------------------- */

size_t change_write(uint8_t out[static CONTENT_TEXT_MOST], const struct change *c)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u8(&w, c->kind);
	writer_u64(&w, (uint64_t)c->first);
	writer_u8(&w, c->parts);
	writer_copy(&w, c->text, strlen(c->text));
	return w.used;
}

int change_read(struct change *out, const void *bytes, size_t len)
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
	if (rc < 0)
		return rc;
	/* Else whoever names a server would see us come to it, unasked. */
	return rc || transfer_is_shared(&t) || (!t.out && t.state == TRANSFER_OPEN)
			? forget_file(p, message)
			: transfer_end(p, &t);
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
		"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id FROM " CHANGES_OF
		" WHERE (m.id = ?1 OR m.copy_of = ?1) AND +c.number > m.number AND "
		"c.takes_back = 0)",
	};
	int rc = wipe_file(p, message, gone);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "i", message);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message AS m SET text = '', body = NULL, gone = ?2, "
				  "shown = iif(shown = 2, 2, 1), lives_s = 0, ends_s = NULL "
				  "WHERE " PARTS_OF("?1"),
				  "ii", message, (int64_t)gone);
	return rc ? rc : store_overwrote(p->db);
}

/* Ours that is on its way ends at the server, as does what we have whole; what waits for us we
 * leave there, and what others may not have fetched yet. */
static int forget(struct profile *p, const struct transfer *t)
{
	const bool needed = transfer_is_shared(t) || t->out != (t->state == TRANSFER_OPEN);
	int rc = needed ? 0 : transfer_end(p, t);

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

/* The row that stands for the newest of that number: a peer who lost its state numbers anew. Of
 * ours in groups, see group_change.c. */
static int find(int64_t *out, struct profile *p, int64_t contact, bool ours, int64_t number)
{
	return q_number(out, p->db,
			"SELECT coalesce(whole, id) FROM message WHERE contact = ? AND out = ? AND "
			"number = ? AND type IN (1, 4, 9) AND NOT gone AND (NOT out OR grp IS "
			"NULL) ORDER BY id DESC LIMIT 1",
			"iii", contact, (int64_t)ours, number);
}

int change_forget(struct profile *p, int64_t message, int64_t number)
{
	return q_run(p->db,
			"UPDATE message SET body = NULL, gone = 1 WHERE id IN (SELECT c.id "
			"FROM " CHANGES_OF " WHERE m.id = ?1 AND +c.number < ?2) AND (body NOT "
			"NULL OR NOT gone)",
			"ii", message, number);
}

/* Of what was said in a group: its writer is still in it, or not listed so far. */
#define MAY_SAY                                                                       \
	"(grp IS NULL OR shown = 2 OR EXISTS (SELECT 1 FROM grp_member g WHERE g.grp" \
	" = message.grp AND g.contact = message.contact AND g.listed))"

/* What earlier changes said goes too. Parts of ours that still go out, or go again, say nothing. */
static int do_text(struct profile *p, int64_t message, const struct doing *d)
{
	int rc = change_forget(p, message, d->number);

	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message SET text = ?1, edited = ?2 WHERE id = ?3 AND "
				  "type IN (1, 9) AND parts = ?4 AND number - part = ?5 AND edited "
				  "< ?2 AND " MAY_SAY,
				  "tiiii", d->text, d->number, message, (int64_t)d->change->parts,
				  d->change->first);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message AS m SET body = iif(m.out AND (parts > 1 OR "
				  "octet_length(text) > ?3), x'', NULL) WHERE (SELECT edited FROM "
				  "message WHERE id = ?1) = ?2 AND " PARTS_OF("?1"),
				  "iii", message, d->number, (int64_t)CONTENT_TEXT_MOST);
	return rc ? rc : store_overwrote(p->db);
}

int change_apply(struct profile *p, int64_t contact, bool ours, const struct doing *d)
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

int change_note(struct profile *p, int64_t message, const struct change *c)
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
	return rc ? rc : change_note(p, *out_message, c);
}

int change_ask(struct profile *p, const struct change_asked *of, const char *text,
		int64_t *out_number)
{
	__attribute__((cleanup(change_clear))) struct change c = {
		.kind = KIND_TAKE_BACK, .first = of->first, .parts = of->parts
	};
	struct saying saying = { .type = CONTENT_CHANGE,
		.text = "",
		.after_s = of->after_s,
		.parts = (uint8_t)parts_count(text ? text : "", CHANGE_TEXT_MOST) };
	const char *rest = text ? text : "";
	int64_t message, first = 0;
	int rc = 0;

	if (text)
		c.kind = of->parts > 1 || saying.parts > 1 ? KIND_LONG : KIND_TEXT;
	for (; rc == 0 && saying.part < saying.parts; saying.part++) {
		const size_t len = parts_piece_len(rest, CHANGE_TEXT_MOST, saying.parts);

		memcpy(c.text, rest, len);
		c.text[len] = '\0';
		rest += len;
		rc = say_piece(p, of->contact, &saying, &c, &message);
		first = first ? first : message;
	}
	return rc ? rc
		  : q_number(out_number, p->db, "SELECT number FROM message WHERE id = ?", "i",
				    first);
}

static int say(struct profile *p, const struct change_asked *of, const char *text)
{
	struct change c = {
		.kind = text ? KIND_LONG : KIND_TAKE_BACK, .first = of->first, .parts = of->parts
	};
	struct doing doing = { &c, text, 0 };
	int rc = change_ask(p, of, text, &doing.number);

	return rc ? rc : change_apply(p, of->contact, true, &doing);
}

static int find_ours(struct change_asked *out, struct profile *p, int64_t contact, int64_t number)
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
	out->contact = contact;
	out->parts = (uint8_t)parts;
	return 0;
}

static int text_of_ours(struct profile *p, int64_t contact, int64_t number, const char *text)
{
	struct change_asked of = { .after_s = 0 };
	int64_t message, type = 0;
	int rc = find_ours(&of, p, contact, number);

	if (rc)
		return rc;
	rc = find(&message, p, contact, true, number);
	rc = rc ? rc
		: q_number(&type, p->db, "SELECT type FROM message WHERE id = ?", "i", message);
	if (rc)
		return E_IO;
	return type == CONTENT_TEXT ? say(p, &of, text) : CHANGE_NOT_TEXT;
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
	struct change_asked of = { .after_s = 0 };
	int rc = find_ours(&of, p, contact, number);

	return rc ? rc : say(p, &of, NULL);
}

int change_take_back(struct profile *p, const struct contact *contact, int64_t number)
{
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, take_back(p, contact->id, number));
	return rc ? rc : store_forget(p->db);
}
