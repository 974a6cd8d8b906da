/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the others say: lists are believed of a group's maker, the rest of whoever says it. */
#include "client/lib/group_copies.h"
#include "client/lib/group_private.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

enum { NOT_YET = 2 }; /* message.shown of a text by somebody who is not listed so far */
enum { JOINED = 1, JOINED_ASKS = 2 }; /* grp_member.joined */

int group_end_turn(struct profile *p, int rc)
{
	if (rc <= 0)
		return q_end(p->db, rc);
	return q_run(p->db, "ROLLBACK", "") ? E_IO : rc;
}

int group_over(struct profile *p, int64_t group)
{
	int rc = q_run(p->db, "UPDATE grp SET state = ? WHERE id = ?", "ii", (int64_t)GROUP_OUT,
			group);

	rc = rc ? rc : q_run(p->db, "DELETE FROM grp_member WHERE grp = ?", "i", group);
	return rc ? rc : q_run(p->db, "DELETE FROM grp_list WHERE grp = ?", "i", group);
}

/* --- names, which may be taken ------------------------------------------- */

static int contact_under(struct profile *p, const struct group_entry *entry)
{
	char name[CONTACT_NAME_MOST + 1];
	int64_t n;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM contact", "");

	if (rc || n >= GROUP_CONTACTS_MOST)
		return rc ? E_IO : CONTACT_EXISTS;
	snprintf(name, sizeof name, "%s", entry->name);
	rc = contact_add(p, name, &entry->link);
	for (int i = 2; rc == CONTACT_EXISTS && i <= GROUP_PEOPLE_MOST + 1; i++) {
		snprintf(name, sizeof name, "%s-%d", entry->name, i);
		rc = contact_add(p, name, &entry->link);
	}
	return rc;
}

static int group_under(int64_t *out, struct profile *p, const struct group_body *b, int64_t maker)
{
	char name[CONTACT_NAME_MOST + 1];
	int rc = STORE_NONE;

	for (int i = 1; rc == STORE_NONE && i <= GROUPS_MOST + 1; i++) {
		snprintf(name, sizeof name, i > 1 ? "%s-%d" : "%s", b->name, i);
		rc = q_number(out, p->db,
				"INSERT INTO grp (gid, name, ours, maker, state) VALUES (?, ?, 0, "
				"?, ?) ON CONFLICT DO NOTHING RETURNING id",
				"btii", b->gid, sizeof b->gid, name, maker, (int64_t)GROUP_OUT);
	}
	return rc ? E_IO : 0;
}

/* --- the maker's list ---------------------------------------------------- */

static int list_member(struct profile *p, int64_t group, int64_t contact)
{
	int rc = q_run(p->db,
			"INSERT INTO grp_member (grp, contact, listed) VALUES (?, ?, 1) "
			"ON CONFLICT DO UPDATE SET listed = 1",
			"ii", group, contact);

	return rc ? rc
		  : q_run(p->db,
				    "UPDATE message SET shown = gone <> 0 WHERE grp = ? AND "
				    "contact = ? AND shown = ?",
				    "iii", group, contact, (int64_t)NOT_YET);
}

static int list_entry(struct profile *p, int64_t group, const struct group_entry *entry)
{
	struct contact c;
	int rc = contact_by_link(&c, p, &entry->link);

	if (rc < 0)
		return rc;
	if (rc == CONTACT_NONE || c.state == CONTACT_REQUEST) {
		rc = contact_under(p, entry);
		if (rc == CONTACT_SELF || rc > 0) /* ourselves, or no room */
			return 0;
		rc = rc ? rc : contact_by_link(&c, p, &entry->link);
		/* Where whoever named us to them knows us. */
		rc = rc ? rc
			: q_run(p->db,
					  "UPDATE contact SET home = " HOME_OF(
							  "(SELECT maker FROM grp WHERE id "
							  "= ?)") " WHERE "
								  "id = ?",
					  "ii", group, c.id);
	}
	if (rc)
		return rc < 0 ? rc : 0;
	return list_member(p, group, c.id);
}

static int list_entries(struct profile *p, int64_t group)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	struct group_entry entry;
	uint8_t link[LINK_BYTES];
	int step,
			rc = q_open(&s, p->db, "SELECT name, link FROM grp_list WHERE grp = ?", "i",
					group);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		snprintf(entry.name, sizeof entry.name, "%s",
				(const char *)sqlite3_column_text(s, 0));
		if (!q_column(link, sizeof link, s, 1) || link_unpack(&entry.link, link))
			return E_IO;
		rc = list_entry(p, group, &entry);
		if (rc)
			return rc;
	}
	return step == SQLITE_DONE ? 0 : E_IO;
}

/* Who is listed no more is a member no more; who has joined and is not listed yet stays. */
static int follow_list(struct profile *p, const struct group *g)
{
	int rc = q_run(p->db, "UPDATE grp_member SET listed = -1 WHERE grp = ? AND listed", "i",
			g->id);

	rc = rc ? rc : list_entries(p, g->id);
	rc = rc ? rc : list_member(p, g->id, g->maker);
	rc = rc ? rc
		: q_run(p->db, "UPDATE grp_member SET joined = 1 WHERE grp = ? AND contact = ?",
				  "ii", g->id, g->maker);
	rc = rc ? rc : group_copies_drop(p, g, 0);
	return rc ? rc
		  : q_run(p->db, "DELETE FROM grp_member WHERE grp = ? AND listed = -1", "i",
				    g->id);
}

/* Who asked before the list had them is answered now; who is out is never. */
static int answer_early(struct profile *p, const struct group *g)
{
	int64_t contact;
	int rc;

	while ((rc = q_number(&contact, p->db,
				"UPDATE grp_member SET joined = 1 WHERE grp = ?1 AND contact = "
				"(SELECT contact FROM grp_member WHERE grp = ?1 AND listed AND "
				"joined = ?2 LIMIT 1) RETURNING contact",
				"ii", g->id, (int64_t)JOINED_ASKS)) == 0) {
		rc = group_say_joined(p, g, contact);
		if (rc)
			return rc;
	}
	return rc == STORE_NONE ? 0 : E_IO;
}

static int is_listed(bool *out, struct profile *p, int64_t group)
{
	uint8_t hash[HASH_BYTES];
	int64_t n;
	int rc;

	/* By the end of the link: at whichever home we are known to its maker. */
	link_identity_hash(hash, p->identity);
	rc = q_number(&n, p->db,
			"SELECT count(*) FROM grp_list WHERE grp = ? AND substr(link, -32) = ?",
			"ib", group, hash, sizeof hash);
	*out = n > 0;
	return rc ? E_IO : 0;
}

/* Nothing was told of it so far: a list without us makes no group. */
static int drop_untold(struct group_said *said, struct profile *p, const struct group *g)
{
	int64_t n;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM message WHERE grp = ? AND text <> ''",
			"i", g->id);

	if (rc || n)
		return rc ? E_IO : 0;
	said->group = 0;
	return group_drop(p, g);
}

/* The list is whole: what it means for us. */
static int obey(struct group_said *said, struct profile *p, const struct group *g)
{
	bool listed = false;
	int rc = is_listed(&listed, p, g->id);

	if (rc)
		return rc;
	if (listed && g->state == GROUP_IN) {
		rc = follow_list(p, g);
		return rc ? rc : answer_early(p, g);
	}
	if (listed && g->state == GROUP_OUT) {
		said->text = "invites you: sotto group join";
		said->quiet = false;
		return q_run(p->db, "UPDATE grp SET state = ? WHERE id = ?", "ii",
				(int64_t)GROUP_INVITED, g->id);
	}
	if (!listed && g->state != GROUP_OUT) {
		said->text = "has removed you";
		said->quiet = false;
		return group_over(p, g->id);
	}
	return listed ? 0 : drop_untold(said, p, g);
}

static int keep_page(struct profile *p, const struct group *g, const struct group_body *b)
{
	uint8_t link[LINK_BYTES];
	int rc = 0;

	if ((int64_t)b->version > g->version) {
		rc = q_run(p->db, "DELETE FROM grp_list WHERE grp = ?", "i", g->id);
		rc = rc ? rc
			: q_run(p->db,
					  "UPDATE grp SET version = ?, n = ?, timer_s = ? WHERE id "
					  "= ?",
					  "iiii", (int64_t)b->version, (int64_t)b->n,
					  (int64_t)b->after_s, g->id);
		/* The old name stays where another group has the new one. */
		rc = rc ? rc
			: q_run(p->db, "UPDATE OR IGNORE grp SET name = ? WHERE id = ?", "ti",
					  b->name, g->id);
	}
	for (int i = 0; rc == 0 && i < b->n_page; i++) {
		link_pack(link, &b->page[i].link);
		rc = q_run(p->db, "INSERT OR REPLACE INTO grp_list VALUES (?, ?, ?, ?)", "iitb",
				g->id, (int64_t)b->first + i, b->page[i].name, link, sizeof link);
	}
	return rc;
}

/* Of a group nobody told of before, its maker is who lists it. One who makes many keeps nobody
 * else's from being heard of. */
static int meet(struct group *out, struct profile *p, const struct group_body *b, int64_t contact)
{
	struct contact c;
	int64_t n, n_of_one = 0;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM grp", "");

	rc = rc ? rc
		: q_number(&n_of_one, p->db,
				  "SELECT count(*) FROM grp WHERE maker = ? AND state <> ?", "ii",
				  contact, (int64_t)GROUP_IN);
	rc = rc ? E_IO : contact_by_id(&c, p, contact);
	if (rc)
		return E_IO;
	if (n >= GROUPS_MOST || n_of_one >= GROUPS_OF_ONE_MOST || c.state != CONTACT_ACCEPTED)
		return GROUP_NONE;
	rc = group_under(&n, p, b, contact);
	return rc ? rc : group_by_gid(out, p, b->gid);
}

static int is_whole(bool *out, struct profile *p, int64_t group)
{
	int64_t is;
	int rc = q_number(&is, p->db,
			"SELECT n = (SELECT count(*) FROM grp_list WHERE grp = id) FROM grp WHERE "
			"id = ?",
			"i", group);

	*out = is;
	return rc == STORE_NONE ? GROUP_NONE : rc;
}

static int heard_list(struct group_said *said, struct profile *p, const struct group_body *b,
		int64_t contact)
{
	struct group g;
	bool whole = false;
	int rc = group_by_gid(&g, p, b->gid);

	if (rc == GROUP_NONE)
		rc = meet(&g, p, b, contact);
	if (rc)
		return rc < 0 ? rc : 0;
	if (g.ours || g.maker != contact || (int64_t)b->version < g.version)
		return 0;
	said->group = g.id;
	said->quiet = true;
	said->text = "";
	if (g.state == GROUP_IN && (int64_t)b->version > g.version && b->after_s != g.timer_s) {
		timer_text(said->sign, b->after_s);
		said->text = said->sign;
		said->quiet = false;
	}
	rc = keep_page(p, &g, b);
	rc = rc ? rc : is_whole(&whole, p, g.id);
	return rc || !whole ? rc : obey(said, p, &g);
}

/* --- the rest ------------------------------------------------------------ */

static int heard_joined(struct group_said *said, struct profile *p, const struct group *g,
		const struct group_body *b, int64_t contact)
{
	int64_t listed, before;
	int rc = q_number(&before, p->db,
			"SELECT joined FROM grp_member WHERE grp = ? AND contact = ?", "ii", g->id,
			contact);

	if (rc == STORE_NONE) {
		if (g->ours)
			return 0; /* was removed, or was never invited */
		before = 0;
		rc = 0;
	}
	rc = rc ? rc
		: q_number(&listed, p->db,
				  "INSERT INTO grp_member (grp, contact, listed, joined) VALUES "
				  "(?1, ?2, 0, ?3) ON CONFLICT DO UPDATE SET joined = "
				  "iif(listed, 1, ?3) RETURNING listed",
				  "iii", g->id, contact, (int64_t)(b->asks ? JOINED_ASKS : JOINED));
	if (rc)
		return E_IO;
	said->group = g->id;
	said->quiet = before || !listed;
	said->text = said->quiet ? "" : "has joined";
	return b->asks && listed && g->state == GROUP_IN ? group_say_joined(p, g, contact) : 0;
}

static int heard_left(
		struct group_said *said, struct profile *p, const struct group *g, int64_t contact)
{
	int64_t listed;
	int rc;

	said->group = g->id;
	said->text = "has left";
	if (g->maker == contact) {
		said->text = "has ended the group";
		return group_over(p, g->id);
	}
	rc = q_number(&listed, p->db,
			"DELETE FROM grp_member WHERE grp = ? AND contact = ? RETURNING listed",
			"ii", g->id, contact);
	said->quiet = rc == STORE_NONE || !listed;
	if (said->quiet)
		said->text = "";
	if (rc)
		return rc == STORE_NONE ? 0 : E_IO;
	rc = group_copies_drop(p, g, contact);
	return rc || !g->ours ? rc : group_say_list(p, g, 0);
}

/* Who is never listed fills nothing that nobody sees. */
static int has_room(bool *out, struct profile *p, int64_t group, int64_t contact)
{
	int64_t n = 0;
	int rc = q_number(&n, p->db,
			"SELECT count(*) FROM message m WHERE contact = ? AND grp = ? AND out = 0 "
			"AND coalesce((SELECT w.shown FROM message w WHERE w.id = m.whole), shown) "
			"= ?",
			"iii", contact, group, (int64_t)NOT_YET);

	*out = n < GROUP_EARLY_MOST;
	return rc ? E_IO : 0;
}

/* A text, or a file. */
static int heard_line(struct group_said *said, struct profile *p, const struct group *g,
		const struct group_body *b, int64_t contact)
{
	CLEANUP(file_wipe) struct file file = { .size = 0 };
	bool room = true;
	int64_t listed;
	int rc = q_number(&listed, p->db,
			"SELECT listed FROM grp_member WHERE grp = ? AND contact = ?", "ii", g->id,
			contact);

	if (rc < 0)
		return rc;
	if (rc == STORE_NONE && g->ours)
		return 0;
	if (rc == STORE_NONE || !listed) {
		const int counted = has_room(&room, p, g->id, contact);

		if (counted || !room)
			return counted;
	}
	said->group = g->id;
	said->text = b->text;
	said->type = CONTENT_GROUP;
	said->lives_s = b->after_s;
	if (b->kind == GROUP_FILE) {
		if (file_read(&file, b->file, b->file_len))
			return E_BUG; /* group_read did */
		snprintf(said->sign, sizeof said->sign, "%s", file.name);
		said->text = said->sign;
		said->type = CONTENT_FILE;
		said->file = b->file;
		said->file_len = b->file_len;
	}
	said->early = rc == STORE_NONE || !listed;
	return 0;
}

int group_heard(struct group_said *out, struct profile *p, int64_t contact,
		const struct content *content)
{
	struct group_body body;
	struct group g;
	int rc;

	*out = (struct group_said){ .group = 0 };
	if (group_read(&body, content))
		return 0; /* its number counts all the same */
	if (body.kind == GROUP_LIST)
		return heard_list(out, p, &body, contact);
	rc = group_by_gid(&g, p, body.gid);
	if (rc || g.state == GROUP_OUT)
		return rc < 0 ? rc : 0;
	if (body.kind == GROUP_TEXT || body.kind == GROUP_FILE)
		return heard_line(out, p, &g, &body, contact);
	if (body.kind == GROUP_JOINED)
		return heard_joined(out, p, &g, &body, contact);
	return heard_left(out, p, &g, contact);
}

int group_kept(struct profile *p, int64_t message, const struct group_said *said)
{
	return q_run(p->db,
			"UPDATE message SET grp = ?, shown = ?, type = ?, lives_s = ? WHERE id = ?",
			"iiiii", said->group, (int64_t)(said->early ? NOT_YET : said->quiet),
			(int64_t)said->type, said->lives_s, message);
}

/* --- joining ------------------------------------------------------------- */

static int join(struct profile *p, const struct group *g)
{
	bool whole = false;
	int rc = is_whole(&whole, p, g->id);

	if (rc || !whole)
		return rc ? rc : GROUP_NOT_WHOLE;
	rc = q_run(p->db, "UPDATE grp SET state = ? WHERE id = ?", "ii", (int64_t)GROUP_IN, g->id);
	rc = rc ? rc : follow_list(p, g);
	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE grp_member SET joined = 1 WHERE grp = ? AND listed AND "
				  "joined",
				  "i", g->id);
	return rc ? rc : group_say_joined(p, g, 0);
}

int group_join(struct profile *p, const struct group *g)
{
	int rc = g->state == GROUP_INVITED ? q_begin(p->db) : GROUP_NOT_IN;

	return rc ? rc : group_end_turn(p, join(p, g));
}
