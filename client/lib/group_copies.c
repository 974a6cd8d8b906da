/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A copy is the row of its first part; the parts after it lead to that by `whole`. lost: of a copy,
 * that it never goes; of a line, of how many copies nothing is known. */
#include "client/lib/group_copies.h"

#include "client/lib/change.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define ROWS_OF_IT "message m WHERE (m.id = f.id OR m.whole = f.id)"
#define COPIES \
	"SELECT c.name, f.lost," \
	" EXISTS (SELECT 1 FROM " ROWS_OF_IT " AND EXISTS (SELECT 1 FROM outbox o WHERE" \
	" o.message = m.id))," \
	" NOT EXISTS (SELECT 1 FROM " ROWS_OF_IT " AND NOT m.received)," \
	" EXISTS (SELECT 1 FROM grp_member g WHERE g.grp = f.grp AND g.contact = f.contact AND" \
	" g.listed AND g.joined), c.state = 2" \
	" FROM message f JOIN contact c ON c.id = f.contact WHERE f.copy_of = ? AND f.part = 0" \
	" ORDER BY f.contact LIMIT ?"
/* clang-format on */

static enum line_state state_of(sqlite3_stmt *s, bool blocked)
{
	const bool lost = sqlite3_column_int(s, 1) != 0, waits = sqlite3_column_int(s, 2) != 0;

	if (lost || (waits && blocked))
		return LINE_NEVER;
	return waits ? LINE_QUEUED : sqlite3_column_int(s, 3) ? LINE_RECEIVED : LINE_DEPOSITED;
}

int group_copies_read(struct group_copies *out, struct profile *p, int64_t line)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step, rc = q_open(&s, p->db, COPIES, "ii", line, (int64_t)GROUP_PEOPLE_MOST);

	out->n = 0;
	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && out->n < GROUP_PEOPLE_MOST) {
		struct group_copy *c = &out->copy[out->n++];

		snprintf(c->name, sizeof c->name, "%s", (const char *)sqlite3_column_text(s, 0));
		c->in = sqlite3_column_int(s, 4) != 0;
		c->blocked = sqlite3_column_int(s, 5) != 0;
		c->state = state_of(s, c->blocked);
	}
	if (step != SQLITE_DONE)
		return E_IO;
	return q_number(&out->n_ended, p->db, "SELECT lost FROM message WHERE id = ?", "i", line);
}

int group_copies_of(struct group_copies *out, struct profile *p, int64_t group, int64_t number)
{
	int64_t line;
	int rc = q_number(&line, p->db,
			"SELECT id FROM message WHERE contact = 0 AND out AND number = ? AND grp = "
			"? AND type <> ? AND NOT gone ORDER BY id DESC LIMIT 1",
			"iii", number, group, (int64_t)CONTENT_TIMER);

	rc = rc ? rc : group_copies_read(out, p, line);
	return rc == STORE_NONE ? GROUP_NO_LINE : rc;
}

struct line_copies group_copies_count(const struct group_copies *copies)
{
	struct line_copies n = { .n = (int64_t)copies->n + copies->n_ended,
		.n_ended = copies->n_ended };

	for (size_t i = 0; i < copies->n; i++) {
		const enum line_state state = copies->copy[i].state;

		n.n_waiting += state == LINE_QUEUED;
		n.n_received += state == LINE_RECEIVED;
		n.n_sent += state == LINE_DEPOSITED || state == LINE_RECEIVED;
	}
	return n;
}

/* --- who hears no more of it --------------------------------------------- */

/* clang-format off */
/* Of a text or a file, what waits, in how many parts ever. */
#define OF_WHOM \
	"m.grp = ?1 AND m.copy_of NOT NULL AND NOT m.gone AND m.contact IN (SELECT g.contact" \
	" FROM grp_member g WHERE g.grp = ?1 AND g.listed = -1 UNION SELECT ?2)"
#define WAITING OF_WHOM " AND m.id IN (SELECT message FROM outbox)"
/* And what texts are changed into. */
#define CHANGES \
	"SELECT c.id FROM " CHANGES_OF " WHERE " OF_WHOM " AND +c.number > m.number AND NOT" \
	" c.takes_back AND c.id IN (SELECT message FROM outbox)"
/* clang-format on */

/* Their numbers still come, as a text, or a change, of nothing. */
int group_copies_drop(struct profile *p, const struct group *g, int64_t contact)
{
	static const char *const steps[] = {
		"UPDATE message SET lost = 1 WHERE id IN (SELECT coalesce(m.whole, m.id) FROM "
		"message m WHERE " WAITING ")",
		"UPDATE outbox SET packet = NULL WHERE message IN (SELECT m.id FROM message m "
		"WHERE " WAITING ") OR message IN (" CHANGES ")",
		"UPDATE message SET body = NULL, gone = 1 WHERE id IN (" CHANGES ")",
	};
	struct group_body body = { .kind = GROUP_TEXT, .text = "" };
	uint8_t bytes[CONTENT_TEXT_MOST];
	size_t len;
	int rc = 0;

	memcpy(body.gid, g->gid, sizeof body.gid);
	len = group_write(bytes, &body);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "ii", g->id, contact);
	rc = rc ? rc
		: q_run(p->db, "UPDATE message AS m SET body = ?3 WHERE " WAITING, "iib", g->id,
				  contact, bytes, len);
	return rc ? rc : store_overwrote(p->db);
}

int group_copies_lose(struct profile *p, int64_t contact)
{
	return q_run(p->db,
			"UPDATE message SET lost = lost + 1 WHERE id IN (SELECT copy_of FROM "
			"message WHERE contact = ? AND copy_of NOT NULL AND part = 0)",
			"i", contact);
}
