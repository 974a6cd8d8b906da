/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Groups, as a person has them: rows of grp and grp_member, and what is said to the others. */
#include "client/lib/group_copies.h"
#include "client/lib/group_private.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- rows ---------------------------------------------------------------- */

#define COLUMNS \
	"SELECT id, name, gid, ours, coalesce(maker, 0), version, state, timer_s FROM grp WHERE "

static int read_group(struct group *out, sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return GROUP_NONE;
	if (rc != SQLITE_ROW || !q_column(out->gid, sizeof out->gid, s, 2))
		return E_IO;
	out->id = sqlite3_column_int64(s, 0);
	snprintf(out->name, sizeof out->name, "%s", (const char *)sqlite3_column_text(s, 1));
	out->ours = sqlite3_column_int(s, 3) != 0;
	out->maker = sqlite3_column_int64(s, 4);
	out->version = sqlite3_column_int64(s, 5);
	out->state = (enum group_state)sqlite3_column_int(s, 6);
	out->timer_s = sqlite3_column_int64(s, 7);
	return 0;
}

int group_by_id(struct group *out, struct profile *p, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "id = ?", "i", id);

	return rc ? rc : read_group(out, s);
}

int group_by_name(struct group *out, struct profile *p, const char *name)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "name = ?", "t", name);

	return rc ? rc : read_group(out, s);
}

int group_next(struct group *out, struct profile *p, const char *after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "name > ? ORDER BY name LIMIT 1", "t", after);

	return rc ? rc : read_group(out, s);
}

int group_by_gid(struct group *out, struct profile *p, const uint8_t gid[static GROUP_ID_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "gid = ?", "b", gid, (size_t)GROUP_ID_BYTES);

	return rc ? rc : read_group(out, s);
}

int group_member_next(struct group_member *m, struct profile *p, int64_t group)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT m.contact, c.name, m.joined, c.state = 2 FROM grp_member m JOIN "
			"contact c ON c.id = m.contact WHERE m.grp = ? AND m.listed AND m.contact "
			"> ? ORDER BY "
			"m.contact LIMIT 1",
			"ii", group, m->contact);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? GROUP_NONE : E_IO;
	m->contact = sqlite3_column_int64(s, 0);
	snprintf(m->name, sizeof m->name, "%s", (const char *)sqlite3_column_text(s, 1));
	m->joined = sqlite3_column_int(s, 2) != 0;
	m->blocked = sqlite3_column_int(s, 3) != 0;
	return 0;
}

static bool name_is_good(const char *name)
{
	return *name && strlen(name) <= GROUP_NAME_MOST && content_is_utf8(name, strlen(name));
}

/* --- saying -------------------------------------------------------------- */

/* Of no text: it is not shown. */
static int say_body(struct profile *p, const struct group *g, struct group_body *body, int64_t only)
{
	uint8_t bytes[CONTENT_TEXT_MOST];
	struct group_round r = { .group = g,
		.saying = { .type = CONTENT_GROUP, .text = "", .body = bytes } };

	memcpy(body->gid, g->gid, sizeof body->gid);
	r.saying.len = group_write(bytes, body);
	return only ? group_say_to(p, &r, only) : group_say(p, &r);
}

int group_say_joined(struct profile *p, const struct group *g, int64_t only)
{
	struct group_body body = { .kind = GROUP_JOINED, .asks = !only };

	return say_body(p, g, &body, only);
}

/* No character is cut. */
static void copy_name(char out[static GROUP_NAME_MOST + 1], const char *name)
{
	size_t len = content_piece_len(name, GROUP_NAME_MOST);

	memcpy(out, name, len);
	out[len] = '\0';
}

/* Goes on at *at. */
static int fill_page(
		struct group_body *body, struct profile *p, int64_t group, struct group_member *at)
{
	struct contact c;
	int rc = 0;

	for (body->n_page = 0; body->n_page < GROUP_PAGE_MOST; body->n_page++) {
		struct group_entry *entry = &body->page[body->n_page];

		rc = group_member_next(at, p, group);
		rc = rc ? rc : contact_by_id(&c, p, at->contact);
		if (rc)
			break;
		copy_name(entry->name, c.name);
		entry->link = c.link;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

static int count_listed(int64_t *out, struct profile *p, int64_t group)
{
	return q_number(out, p->db, "SELECT count(*) FROM grp_member WHERE grp = ? AND listed", "i",
			group);
}

int group_say_list(struct profile *p, const struct group *g, int64_t only)
{
	struct group_body body = { .kind = GROUP_LIST };
	struct group_member at = { .contact = 0 };
	int64_t n, version;
	int rc = q_number(&version, p->db,
			"UPDATE grp SET version = version + 1 WHERE id = ? RETURNING version", "i",
			g->id);

	rc = rc ? rc : count_listed(&n, p, g->id);
	if (rc)
		return rc == STORE_NONE ? GROUP_NONE : rc;
	body.version = (uint32_t)version;
	body.after_s = (uint32_t)g->timer_s;
	body.n = (uint8_t)n;
	copy_name(body.name, g->name);
	do {
		rc = fill_page(&body, p, g->id, &at);
		rc = rc ? rc : say_body(p, g, &body, 0);
		if (rc == 0 && only)
			rc = say_body(p, g, &body, only);
		body.first = (uint8_t)(body.first + body.n_page);
	} while (rc == 0 && body.first < n);
	return rc;
}

/* --- what its people do -------------------------------------------------- */

int group_make(struct profile *p, const char *name)
{
	uint8_t gid[GROUP_ID_BYTES];
	int64_t n;
	int rc;

	if (!name_is_good(name))
		return GROUP_BAD_NAME;
	randombytes_buf(gid, sizeof gid);
	rc = q_number(&n, p->db,
			"INSERT INTO grp (gid, name, ours, state) VALUES (?, ?, 1, ?) "
			"ON CONFLICT DO NOTHING RETURNING id",
			"bti", gid, sizeof gid, name, (int64_t)GROUP_IN);
	return rc == STORE_NONE ? GROUP_EXISTS : rc;
}

static int must_be_ours(const struct group *g)
{
	return !g->ours ? GROUP_NOT_OURS : g->state != GROUP_IN ? GROUP_NOT_IN : 0;
}

static int invite(struct profile *p, const struct group *g, const char *name)
{
	struct contact c;
	int64_t n;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc > 0 ? GROUP_NO_CONTACT : rc;
	if (c.state != CONTACT_ACCEPTED || !c.has_link)
		return GROUP_NO_CONTACT;
	rc = count_listed(&n, p, g->id);
	if (rc == 0 && n + 1 >= GROUP_PEOPLE_MOST)
		return GROUP_FULL;
	rc = rc ? E_IO
		: q_number(&n, p->db,
				  "INSERT INTO grp_member (grp, contact, listed) VALUES (?, ?, 1) "
				  "ON CONFLICT DO NOTHING RETURNING 1",
				  "ii", g->id, c.id);
	if (rc)
		return rc == STORE_NONE ? GROUP_EXISTS : E_IO;
	return group_say_list(p, g, 0);
}

int group_invite(struct profile *p, const struct group *g, const char *contact)
{
	int rc = must_be_ours(g);

	rc = rc ? rc : q_begin(p->db);
	return rc ? rc : group_end_turn(p, invite(p, g, contact));
}

static int remove_member(struct profile *p, const struct group *g, const char *name)
{
	struct contact c;
	int64_t n;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc > 0 ? GROUP_NO_CONTACT : rc;
	rc = q_number(&n, p->db, "DELETE FROM grp_member WHERE grp = ? AND contact = ? RETURNING 1",
			"ii", g->id, c.id);
	if (rc)
		return rc == STORE_NONE ? GROUP_NO_CONTACT : E_IO;
	rc = group_copies_drop(p, g, c.id);
	return rc ? rc : group_say_list(p, g, c.id);
}

int group_remove(struct profile *p, const struct group *g, const char *contact)
{
	int rc = must_be_ours(g);

	rc = rc ? rc : q_begin(p->db);
	return rc ? rc : group_end_turn(p, remove_member(p, g, contact));
}

static int rename_to(struct profile *p, const struct group *g, const char *name)
{
	struct group renamed = *g;
	int64_t n;
	int rc = q_number(&n, p->db, "UPDATE OR IGNORE grp SET name = ? WHERE id = ? RETURNING 1",
			"ti", name, g->id);

	if (rc)
		return rc == STORE_NONE ? GROUP_EXISTS : E_IO;
	snprintf(renamed.name, sizeof renamed.name, "%s", name);
	return group_say_list(p, &renamed, 0);
}

int group_rename(struct profile *p, const struct group *g, const char *name)
{
	int rc = name_is_good(name) ? must_be_ours(g) : GROUP_BAD_NAME;

	rc = rc ? rc : q_begin(p->db);
	return rc ? rc : group_end_turn(p, rename_to(p, g, name));
}

static int set_timer(struct profile *p, const struct group *g, int64_t after_s)
{
	char text[TIMER_TEXT_ROOM];
	struct group_round r = { .group = g, .saying = { .type = CONTENT_TIMER, .parts = 1 } };
	struct group timed = *g;
	int rc = q_run(p->db, "UPDATE grp SET timer_s = ? WHERE id = ?", "ii", after_s, g->id);

	timed.timer_s = after_s;
	timer_text(text, after_s);
	rc = rc ? rc : group_put_line(p, &r, text);
	return rc ? rc : group_say_list(p, &timed, 0);
}

int group_set_timer(struct profile *p, const struct group *g, int64_t after_s)
{
	int rc = after_s < 0 || after_s > TIMER_MOST_S ? GROUP_LONG_TIME : must_be_ours(g);

	rc = rc ? rc : q_begin(p->db);
	return rc ? rc : group_end_turn(p, set_timer(p, g, after_s));
}

static int leave(struct profile *p, const struct group *g)
{
	struct group_body body = { .kind = GROUP_LEFT };
	int rc = say_body(p, g, &body, 0);

	return rc ? rc : group_over(p, g->id);
}

static int without(struct profile *p, const struct group *g, int64_t contact)
{
	int64_t n;
	int rc;

	if (g->maker == contact && g->state == GROUP_IN)
		return leave(p, g);
	if (g->maker == contact)
		return group_over(p, g->id);
	rc = g->ours ? q_number(&n, p->db,
				       "DELETE FROM grp_member WHERE grp = ? AND contact = ? "
				       "RETURNING 1",
				       "ii", g->id, contact)
		     : STORE_NONE;
	return rc ? rc == STORE_NONE ? 0 : rc : group_say_list(p, g, 0);
}

int group_without(struct profile *p, int64_t contact)
{
	struct group g = { .name = "" };
	int rc;

	while ((rc = group_next(&g, p, g.name)) == 0) {
		rc = without(p, &g, contact);
		if (rc)
			return rc;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

int group_leave(struct profile *p, const struct group *g)
{
	int rc = g->state == GROUP_OUT ? GROUP_NOT_IN : q_begin(p->db);

	return rc ? rc : group_end_turn(p, leave(p, g));
}
