/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The index of words (FTS5) lies in the encrypted database like all else. */
#include "client/lib/history.h"

#include "client/lib/change.h"
#include "client/lib/group_copies.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { QUERY_MOST = 2048 };

/* clang-format off */
#define LINE \
	"SELECT w.id, w.number - w.part, w.at_s, coalesce(c.name, ''), coalesce(c.state, 1), w.out," \
	" EXISTS (SELECT 1 FROM message m WHERE m.contact AND " PARTS_OF("w.id") ")" \
	" AND NOT EXISTS (SELECT 1 FROM message m WHERE m.contact AND NOT m.received AND " \
	PARTS_OF("w.id") ")," \
	" (SELECT count(*) FROM message m WHERE " PARTS_OF("w.id") "), w.parts," \
	" w.text, coalesce((SELECT f.id FROM file f WHERE f.message = w.id), 0)," \
	" EXISTS (SELECT 1 FROM message m JOIN outbox o ON o.message = m.id" \
	" WHERE " PARTS_OF("w.id") ")," \
	" w.contact, g.name, w.shown, w.edited, w.gone," \
	" coalesce(w.ends_s, iif(w.out AND w.lives_s, w.at_s + w.lives_s, 0))" \
	" FROM message w LEFT JOIN contact c ON c.id = w.contact" \
	" LEFT JOIN grp g ON g.id = w.grp WHERE w.id = ?"
#define ARE_LINES "m.type <> 6 AND m.gone <> 1 AND m.whole IS NULL AND " GROUP_LINES
#define IDS "SELECT m.id FROM message m WHERE " ARE_LINES " AND "
#define BY_WHOM " ORDER BY m.grp, iif(m.grp IS NULL, m.contact, 0), m.id"
#define LAST(of) "SELECT id FROM (" IDS of " AND m.id < ?2 ORDER BY m.id DESC LIMIT ?3) ORDER BY id"
/* clang-format on */

/* --- one line ----------------------------------------------------------- */

struct height { /* the highest number of that contact's so far */
	int64_t contact, above;
};

struct reading {
	struct profile *p;
	struct line line;
	char *text, *group; /* owned */
	int64_t contact;
	struct height *heights; /* owned */
	size_t n_heights;
};

static void forget(struct reading *r)
{
	if (r->text)
		sodium_memzero(r->text, strlen(r->text));
	free(r->text);
	free(r->group);
	r->text = r->group = NULL;
}

static void end_reading(struct reading *r)
{
	forget(r);
	free(r->heights);
}

static int read_line(struct reading *r, sqlite3_stmt *s)
{
	const bool is_ours = sqlite3_column_int(s, 5) != 0;
	const char *group = (const char *)sqlite3_column_text(s, 13);

	forget(r);
	r->text = strdup((const char *)sqlite3_column_text(s, 9));
	r->group = group ? strdup(group) : NULL;
	if (!r->text || (group && !r->group))
		return E_NOMEM;
	r->line = (struct line){
		.id = sqlite3_column_int64(s, 0),
		.number = sqlite3_column_int64(s, 1),
		.at_s = sqlite3_column_int64(s, 2),
		.contact_state = (enum contact_state)sqlite3_column_int(s, 4),
		.state = !is_ours			    ? LINE_CAME
				: sqlite3_column_int(s, 11) ? LINE_QUEUED
				: sqlite3_column_int(s, 6)  ? LINE_RECEIVED
							    : LINE_DEPOSITED,
		.read = sqlite3_column_int(s, 14) != 0,
		.parts = sqlite3_column_int64(s, 8),
		.file = sqlite3_column_int64(s, 10),
		.is_edited = sqlite3_column_int64(s, 15) != 0,
		.is_deleted = sqlite3_column_int(s, 16) == GONE_DELETED,
		.ends_s = sqlite3_column_int64(s, 17),
		.text = r->text,
		.group = r->group,
	};
	/* What was changed or deleted is whole as it is. */
	r->line.n_parts = is_ours || r->line.is_edited || r->line.is_deleted
			? r->line.parts
			: sqlite3_column_int64(s, 7);
	snprintf(r->line.contact, sizeof r->line.contact, "%s",
			(const char *)sqlite3_column_text(s, 3));
	r->contact = sqlite3_column_int64(s, 12);
	return 0;
}

static int read_parts(struct reading *r)
{
	char *text;
	int rc = parts_read(&text, r->p, r->line.id);

	if (rc)
		return rc;
	free(r->text);
	r->line.text = r->text = text;
	return 0;
}

/* It is sent once all copies are that go, and has come once all of them have; it waits as long as
 * one does. */
static int read_copies(struct reading *r)
{
	struct group_copies copies;
	struct line *line = &r->line;
	const struct line_copies *n = &line->copies;
	int rc;

	if (line->state == LINE_CAME || r->contact || line->is_deleted)
		return 0;
	rc = group_copies_read(&copies, r->p, line->id);
	if (rc)
		return rc;
	line->copies = group_copies_count(&copies);
	if (n->n > n->n_ended)
		line->state = n->n_waiting		     ? LINE_QUEUED
				: !n->n_sent		     ? LINE_NEVER
				: n->n_received == n->n_sent ? LINE_RECEIVED
							     : LINE_DEPOSITED;
	return 0;
}

/* STORE_NONE: it is there no more. */
static int load(struct reading *r, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, r->p->db, LINE, "i", id);

	rc = rc ? rc : sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	rc = read_line(r, s);
	rc = rc ? rc : read_copies(r);
	return rc || r->line.n_parts == r->line.parts ? rc : read_parts(r);
}

/* In a group people take turns. NULL: no memory. */
static struct height *find_height(struct reading *r)
{
	struct height *more;

	for (size_t i = r->n_heights; i-- > 0;)
		if (r->heights[i].contact == r->contact)
			return &r->heights[i];
	more = reallocarray(r->heights, r->n_heights + 1, sizeof *more);
	if (!more)
		return NULL;
	r->heights = more;
	more[r->n_heights] = (struct height){ r->contact, 0 };
	return &more[r->n_heights++];
}

/* Of theirs, between the highest number shown so far and this one; not within it. */
static int count_missing(struct reading *r)
{
	struct line *line = &r->line;
	const int64_t last = line->number + line->parts - 1;
	struct height *height = find_height(r);
	int rc;

	if (!height)
		return E_NOMEM;
	rc = q_number(&line->n_missing, r->p->db,
			"SELECT coalesce(sum(last - first + 1), 0) FROM missing WHERE contact = ? "
			"AND first > ? AND last < ?",
			"iii", r->contact, height->above, line->number);
	height->above = last > height->above ? last : height->above;
	return rc;
}

/* --- which of them ------------------------------------------------------ */

struct ids {
	int64_t *id; /* owned */
	size_t n, room;
};

static void ids_free_ref(struct ids *ids)
{
	free(ids->id);
}

static int ids_add(struct ids *ids, int64_t id)
{
	if (ids->n == ids->room) {
		const size_t room = ids->room ? 2 * ids->room : 256;
		int64_t *more = reallocarray(ids->id, room, sizeof *more);

		if (!more)
			return E_NOMEM;
		ids->id = more;
		ids->room = room;
	}
	ids->id[ids->n++] = id;
	return 0;
}

/* Each word in quotes, so that none is an operator; the last may be a beginning. */
static int make_query(char out[static QUERY_MOST], const char *words)
{
	size_t n = 0;

	for (const char *w = words; *(w += strspn(w, " \t\n")); w += strcspn(w, " \t\n")) {
		const size_t len = strcspn(w, " \t\n");

		if (n + 2 * len + 5 > QUERY_MOST)
			return STORE_NONE;
		out[n++] = '"';
		for (size_t i = 0; i < len; i++) {
			if (w[i] == '"')
				out[n++] = '"';
			out[n++] = w[i];
		}
		out[n++] = '"';
		out[n++] = ' ';
	}
	if (n == 0)
		return STORE_NONE;
	out[n - 1] = '*';
	out[n] = '\0';
	return 0;
}

/* STORE_NONE: nothing has no words, or so many. */
static int find_words(sqlite3_stmt **out, struct profile *p, const struct history_wish *wish)
{
	char query[QUERY_MOST];
	int rc = make_query(query, wish->words);

	rc = rc ? rc
		: q_open(out, p->db,
				  "SELECT m.id FROM message m WHERE m.id IN (SELECT m.id FROM "
				  "words CROSS JOIN message m ON m.id = words.rowid WHERE words "
				  "MATCH ?1 AND (?2 = 0 OR m.contact = ?2) AND (?3 = 0 OR m.grp = "
				  "?3) AND " ARE_LINES
				  " ORDER BY words.rowid DESC LIMIT ?4)" BY_WHOM,
				  "tiii", query, wish->contact, wish->group,
				  (int64_t)HISTORY_FOUND_MOST);
	sodium_memzero(query, sizeof query);
	return rc;
}

static int find(sqlite3_stmt **out, struct profile *p, const struct history_wish *wish)
{
	const int64_t before = wish->before ? wish->before : INT64_MAX,
		      most = wish->most ? (int64_t)wish->most : -1;

	if (wish->unread)
		return q_open(out, p->db,
				IDS "NOT m.shown AND " PARTS_READY("?1") " ORDER BY m.contact, "
									 "m.number, m.id",
				"i", profile_now(p));
	if (wish->words)
		return find_words(out, p, wish);
	if (wish->group)
		return q_open(out, p->db, LAST("m.grp = ?1"), "iii", wish->group, before, most);
	if (wish->between)
		return q_open(out, p->db, LAST("m.contact = ?1 AND m.grp IS NULL"), "iii",
				wish->contact, before, most);
	return q_open(out, p->db, IDS "(?1 = 0 OR m.contact = ?1)" BY_WHOM, "i", wish->contact);
}

static int collect(struct ids *out, struct profile *p, const struct history_wish *wish)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step, rc = find(&s, p, wish);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		if ((rc = ids_add(out, sqlite3_column_int64(s, 0))) != 0)
			return rc;
	return step == SQLITE_DONE ? 0 : E_IO;
}

int history(struct profile *p, const struct history_wish *wish, history_on_line *on_line,
		void *userdata)
{
	__attribute__((cleanup(ids_free_ref))) struct ids ids = { NULL, 0, 0 };
	__attribute__((cleanup(end_reading))) struct reading r = { .p = p };
	int rc = collect(&ids, p, wish);

	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		rc = load(&r, ids.id[i]);
		if (rc == STORE_NONE) {
			rc = 0;
			continue;
		}
		if (rc == 0 && r.line.state == LINE_CAME && !wish->unread)
			rc = count_missing(&r);
		rc = rc ? rc : on_line(userdata, &r.line);
	}
	return rc;
}
