/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What one said in a group is changed or taken back: whoever has a copy is asked for it in the
 * two's own session, under the number that the copy has there (change.h), at a time of its own. */
#include "client/lib/change.h"
#include "client/lib/group_private.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

struct rewording {
	const struct group *group;
	int64_t line;	  /* message: what is shown of it */
	const char *text; /* NULL: taken back */
	int spread_s;
	int64_t lives_s;
};

struct copy { /* for one member: the row of its first part */
	int64_t message, contact, first, parts;
};

/* Start with contact 0. GROUP_NONE: no further one. */
static int copy_next(struct copy *c, struct profile *p, int64_t line)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT id, contact, number, parts FROM message WHERE copy_of = ? AND "
			"part = 0 AND contact > ? ORDER BY contact LIMIT 1",
			"ii", line, c->contact);

	rc = rc ? rc : sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? GROUP_NONE : E_IO;
	*c = (struct copy){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
		sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3) };
	return 0;
}

/* New words are for who is in it now; that it is gone, for whoever has it. */
static int may_hear(bool *out, struct profile *p, const struct rewording *r, const struct copy *c)
{
	int64_t n = 1;
	int rc = r->text ? q_number(&n, p->db,
					   "SELECT count(*) FROM grp_member m JOIN contact c ON "
					   "c.id = m.contact WHERE m.grp = ? AND m.contact = ? AND "
					   "m.listed AND m.joined AND c.state = 1 AND NOT "
					   "(SELECT lost FROM message WHERE id = ?)",
					   "iii", r->group->id, c->contact, c->message)
			 : 0;

	*out = n > 0;
	return rc ? E_IO : 0;
}

/* So that it goes, or goes again, without its old words; where it is of many packets, or hears no
 * new ones, without any. */
static int reword(struct profile *p, const struct rewording *r, const struct copy *c, bool hears)
{
	const bool fits = hears && c->parts == 1 && strlen(r->text) <= GROUP_TEXT_MOST;
	struct group_body body = {
		.kind = GROUP_TEXT, .text = fits ? r->text : "", .after_s = (uint32_t)r->lives_s
	};
	uint8_t bytes[CONTENT_TEXT_MOST];
	int rc;

	memcpy(body.gid, r->group->gid, sizeof body.gid);
	rc = q_run(p->db, "UPDATE message SET body = ?1 WHERE id = ?2 OR whole = ?2", "bi", bytes,
			group_write(bytes, &body), c->message);
	sodium_memzero(bytes, sizeof bytes);
	return rc;
}

static int change_copy(struct profile *p, const struct rewording *r, const struct copy *c)
{
	struct change_asked asked = {
		.contact = c->contact, .first = c->first, .parts = (uint8_t)c->parts
	};
	int64_t number = INT64_MAX;
	bool hears = false;
	int rc = may_hear(&hears, p, r, c);

	if (r->spread_s)
		asked.after_s = profile_now(p) + randombytes_uniform((uint32_t)r->spread_s + 1);
	if (rc == 0 && hears)
		rc = change_ask(p, &asked, r->text, &number);
	if (rc || !r->text)
		return rc;
	rc = change_forget(p, c->message, number);
	return rc ? rc : reword(p, r, c, hears);
}

static int change_line(struct profile *p, const struct rewording *r)
{
	int rc;

	if (!r->text)
		return change_wipe(p, r->line, GONE_DELETED);
	rc = q_run(p->db, "UPDATE message SET text = ?, edited = edited + 1 WHERE id = ?", "ti",
			r->text, r->line);
	return rc ? rc : store_overwrote(p->db);
}

static int change(struct profile *p, struct rewording *r, int64_t number)
{
	struct copy c = { .contact = 0 };
	int64_t type;
	int rc = q_number(&r->line, p->db,
			"SELECT id FROM message WHERE contact = 0 AND out AND number = ? AND grp = "
			"? AND type IN (4, 9) AND NOT gone ORDER BY id DESC LIMIT 1",
			"ii", number, r->group->id);

	if (rc)
		return rc == STORE_NONE ? GROUP_NO_LINE : rc;
	if (q_number(&r->lives_s, p->db, "SELECT lives_s FROM message WHERE id = ?", "i",
			    r->line) ||
			q_number(&type, p->db, "SELECT type FROM message WHERE id = ?", "i",
					r->line))
		return E_IO;
	if (r->text && type == CONTENT_FILE)
		return GROUP_NOT_TEXT;
	while ((rc = copy_next(&c, p, r->line)) == 0) {
		rc = change_copy(p, r, &c);
		if (rc)
			return rc;
	}
	return rc == GROUP_NONE ? change_line(p, r) : rc;
}

static int do_change(struct profile *p, struct rewording *r, int64_t number)
{
	int rc = q_begin(p->db);

	rc = rc ? rc : group_end_turn(p, change(p, r, number));
	return rc ? rc : store_forget(p->db);
}

int group_change_text(struct profile *p, const struct group *g, const struct group_line *line,
		const char *text)
{
	struct rewording r = { .group = g, .text = text, .spread_s = line->spread_s };
	const int rc = group_may_say(g, text);

	return rc ? rc : do_change(p, &r, line->number);
}

int group_take_back(struct profile *p, const struct group *g, const struct group_line *line)
{
	struct rewording r = { .group = g, .spread_s = line->spread_s };

	return do_change(p, &r, line->number);
}
