/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is joined comes from a contact, authenticated, in any order and perhaps never whole; it is
 * at most CONTENT_PARTS_MOST parts, whatever their numbers say. */
#include "client/lib/parts.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(PARTS_WAIT_S == 86400, "as PARTS_READY says");

enum { GAP_BYTES = sizeof PARTS_GAP - 1 };

struct joined {
	char *text; /* owned */
	size_t len;
	int64_t next; /* part that is to come next */
	int64_t n;    /* parts that are here */
};

static void joined_free(struct joined *j)
{
	if (j->text)
		sodium_memzero(j->text, j->len);
	free(j->text);
}

unsigned parts_count(const char *text, size_t most)
{
	unsigned n = 1;

	if (strnlen(text, most + 1) <= most)
		return 1;
	while (*(text += parts_piece_len(text, most, 2)))
		n++;
	return n;
}

size_t parts_piece_len(const char *rest, size_t most, unsigned parts)
{
	return content_piece_len(rest, parts > 1 ? most - CONTENT_TEXT_ID_BYTES : most);
}

/* clang-format off */
/* Of the text that row n is of. The plus: found by the id, not among all that they ever wrote. */
#define OTHERS \
	"message n JOIN message m ON m.contact = n.contact AND m.text_id = n.text_id" \
	" AND +m.out = n.out AND m.type = n.type AND m.id <> n.id WHERE n.id = ? AND "
/* clang-format on */

/* So that no more rows come under one id than a text has parts. */
int parts_check(struct profile *p, int64_t message)
{
	int64_t is_odd;
	int rc = q_number(&is_odd, p->db,
			"SELECT 1 FROM " OTHERS
			"(m.part = n.part OR m.parts <> n.parts OR m.grp IS NOT n.grp OR m.number "
			"- m.part <> n.number - n.part) LIMIT 1",
			"i", message);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	rc = q_run(p->db, "DELETE FROM message WHERE id = ?", "i", message);
	return rc ? rc : PARTS_ODD;
}

/* Another part of the same text that stands for it. */
static int find_whole(int64_t *out, struct profile *p, int64_t message)
{
	return q_number(out, p->db, "SELECT m.id FROM " OTHERS "m.whole IS NULL LIMIT 1", "i",
			message);
}

/* It disappears, is read and is deleted with the whole; of what was changed or is gone it adds
 * nothing. */
static int join(struct profile *p, int64_t whole, int64_t message)
{
	return q_run(p->db,
			"UPDATE message SET whole = w.id, shown = 1, lives_s = 0, gone = w.gone, "
			"body = CASE WHEN w.gone OR w.edited THEN NULL ELSE message.body END FROM "
			"message w WHERE w.id = ? AND message.id = ?",
			"ii", whole, message);
}

static void append(struct joined *j, const void *bytes, size_t len)
{
	if (len)
		memcpy(j->text + j->len, bytes, len);
	j->len += len;
}

static int collect(struct joined *j, struct profile *p, int64_t whole)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, p->db,
					"SELECT part, body FROM message m WHERE " PARTS_OF(
							"?1") " ORDER BY part",
					"i", whole);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && j->n < CONTENT_PARTS_MOST) {
		const int64_t part = sqlite3_column_int64(s, 0);
		const size_t len = (size_t)sqlite3_column_bytes(s, 1);

		if (len > CONTENT_TEXT_MOST)
			return E_BUG;
		if (part != j->next)
			append(j, PARTS_GAP, GAP_BYTES);
		append(j, sqlite3_column_blob(s, 1), len);
		j->next = part + 1;
		j->n++;
	}
	return step == SQLITE_DONE ? 0 : E_IO;
}

static int read_all(struct joined *j, struct profile *p, int64_t whole, int64_t parts)
{
	int rc;

	j->text = malloc(CONTENT_PARTS_MOST * (CONTENT_TEXT_MOST + GAP_BYTES) + GAP_BYTES + 1);
	rc = j->text ? collect(j, p, whole) : E_NOMEM;
	if (rc)
		return rc;
	if (j->next < parts)
		append(j, PARTS_GAP, GAP_BYTES);
	j->text[j->len] = '\0';
	return 0;
}

int parts_read(char **out, struct profile *p, int64_t whole)
{
	__attribute__((cleanup(joined_free))) struct joined j = { .text = NULL };
	int64_t parts;
	int rc = q_number(&parts, p->db, "SELECT parts FROM message WHERE id = ?", "i", whole);

	rc = rc ? rc : read_all(&j, p, whole, parts);
	if (rc == 0)
		*out = STEAL(j.text);
	return rc;
}

/* The parts are not kept apart any more; it is news, even if some of it was shown. */
static int finish(struct profile *p, int64_t whole, int64_t parts)
{
	__attribute__((cleanup(joined_free))) struct joined j = { .text = NULL };
	int rc = read_all(&j, p, whole, parts);

	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE message SET text = ?, shown = iif(shown = 1, 0, shown), "
				  "ends_s = NULL WHERE id = ?",
				  "ti", j.text, whole);
	return rc ? rc
		  : q_run(p->db, "UPDATE message AS m SET body = NULL WHERE " PARTS_OF("?1"), "i",
				    whole);
}

/* STORE_NONE: not all are here, or it says something else by now. */
static int count_parts(int64_t *out, struct profile *p, int64_t whole)
{
	return q_number(out, p->db,
			"SELECT parts FROM message w WHERE id = ?1 AND NOT gone AND NOT edited AND "
			"parts = (SELECT count(*) FROM message m WHERE " PARTS_OF("?1") ")",
			"i", whole);
}

int parts_came(struct profile *p, int64_t message, const char *piece)
{
	int64_t whole, parts;
	int rc = parts_check(p, message);

	if (rc)
		return rc == PARTS_ODD ? 0 : rc;
	rc = q_run(p->db, "UPDATE message SET body = ? WHERE id = ?", "bi", piece, strlen(piece),
			message);
	rc = rc ? rc : find_whole(&whole, p, message);
	if (rc == STORE_NONE) /* it stands for those that will come */
		return 0;
	rc = rc ? rc : join(p, whole, message);
	rc = rc ? rc : count_parts(&parts, p, whole);
	return rc ? rc == STORE_NONE ? 0 : rc : finish(p, whole, parts);
}
