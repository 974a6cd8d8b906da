/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The index of words (FTS5) lies in the encrypted database like all else. */
#include "client/lib/history.h"

#include "client/lib/group.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

enum { QUERY_MOST = 2048 };

/* clang-format off */
#define LINES \
	"SELECT m.id, m.number, m.at_s, c.name, c.state, m.out, m.received, m.part, m.parts, m.text,"    \
	" coalesce((SELECT f.id FROM file f WHERE f.message = m.id), 0),"                                \
	" EXISTS (SELECT 1 FROM outbox o WHERE o.contact = m.contact AND o.message = m.id), m.contact,"  \
	" g.name FROM message m JOIN contact c ON c.id = m.contact LEFT JOIN grp g ON g.id = m.grp"       \
	" WHERE (?1 = 0 OR m.contact = ?1) AND " GROUP_LINES
/* clang-format on */

static void read_line(struct line *out, sqlite3_stmt *s)
{
	const bool is_ours = sqlite3_column_int(s, 5) != 0;

	*out = (struct line){
		.id = sqlite3_column_int64(s, 0),
		.number = sqlite3_column_int64(s, 1),
		.at_s = sqlite3_column_int64(s, 2),
		.contact_state = (enum contact_state)sqlite3_column_int(s, 4),
		.state = !is_ours			    ? LINE_CAME
				: sqlite3_column_int(s, 11) ? LINE_QUEUED
				: sqlite3_column_int(s, 6)  ? LINE_RECEIVED
							    : LINE_DEPOSITED,
		.part = (uint8_t)sqlite3_column_int(s, 7),
		.parts = (uint8_t)sqlite3_column_int(s, 8),
		.file = sqlite3_column_int64(s, 10),
		.text = (const char *)sqlite3_column_text(s, 9),
		.group = (const char *)sqlite3_column_text(s, 13),
	};
	snprintf(out->contact, sizeof out->contact, "%s", (const char *)sqlite3_column_text(s, 3));
}

/* Of theirs, between the highest number shown so far and this one. */
static int count_missing(struct line *line, struct profile *p, int64_t contact, int64_t above)
{
	return q_number(&line->n_missing, p->db,
			"SELECT coalesce(sum(last - first + 1), 0) FROM missing WHERE contact = ? "
			"AND first > ? AND last < ?",
			"iii", contact, above, line->number);
}

static int each(struct profile *p, sqlite3_stmt *s, history_on_line *on_line, void *userdata)
{
	struct line line;
	int64_t contact = 0, above = 0;
	int step, rc;

	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		read_line(&line, s);
		if (sqlite3_column_int64(s, 12) != contact) {
			contact = sqlite3_column_int64(s, 12);
			above = 0;
		}
		if (line.state == LINE_CAME) {
			rc = count_missing(&line, p, contact, above);
			if (rc)
				return rc;
			above = line.number > above ? line.number : above;
		}
		on_line(userdata, &line);
	}
	return step == SQLITE_DONE ? 0 : E_IO;
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

int history(struct profile *p, const struct history_wish *wish, history_on_line *on_line,
		void *userdata)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	char query[QUERY_MOST];
	int rc;

	if (wish->words) {
		if (make_query(query, wish->words))
			return 0; /* nothing has no words, or so many */
		rc = q_open(&s, p->db,
				LINES " AND m.id IN (SELECT rowid FROM words WHERE words MATCH ?2 "
				      "ORDER BY rowid DESC LIMIT ?3) ORDER BY m.contact, m.id",
				"iti", wish->contact, query, (int64_t)HISTORY_FOUND_MOST);
	} else {
		rc = q_open(&s, p->db, LINES " ORDER BY m.contact, m.id", "i", wish->contact);
	}
	rc = rc ? rc : each(p, s, on_line, userdata);
	memset(query, 0, sizeof query);
	return rc;
}
