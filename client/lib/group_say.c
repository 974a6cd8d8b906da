/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The same for each member, in the two's own session, at a time of its own; and what a person says
 * there, of which these are copies. */
#include "client/lib/group_private.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* The first part of the copy for that contact. */
static int find_whole(int64_t *out, struct profile *p, const struct group_round *r, int64_t contact)
{
	*out = 0;
	if (r->saying.part == 0)
		return 0;
	return q_number(out, p->db,
			"SELECT id FROM message WHERE copy_of = ? AND contact = ? AND part = 0",
			"ii", r->line, contact);
}

int group_say_to(struct profile *p, struct group_round *r, int64_t contact)
{
	struct saying saying = r->saying;
	int64_t message;
	int rc = find_whole(&saying.whole, p, r, contact);

	if (rc)
		return rc < 0 ? rc : E_BUG;
	if (r->spread_s)
		saying.after_s = profile_now(p) + randombytes_uniform((uint32_t)r->spread_s + 1);
	rc = conversation_put(p, contact, &saying, &message);
	r->n++;
	return rc ? rc
		  : q_run(p->db,
				    "UPDATE message SET grp = ?, copy_of = nullif(?, 0) WHERE id = "
				    "?",
				    "iii", r->group->id, r->line, message);
}

int group_say(struct profile *p, struct group_round *r)
{
	struct group_member m = { .contact = 0 };
	int rc;

	while ((rc = group_member_next(&m, p, r->group->id)) == 0) {
		if ((m.joined && !m.blocked) || !r->to_joined)
			rc = group_say_to(p, r, m.contact);
		if (rc)
			return rc;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

int group_put_line(struct profile *p, struct group_round *r, const char *text)
{
	uint8_t envelope[16];
	int64_t number;
	int rc = q_number(&number, p->db,
			"UPDATE grp SET said = said + 1 WHERE id = ? RETURNING said", "i",
			r->group->id);

	randombytes_buf(envelope, sizeof envelope);
	rc = rc ? rc
		: q_number(&r->line, p->db,
				  "INSERT INTO message (contact, out, number, part, parts, at_s, "
				  "shown, envelope, text, type, grp, lives_s) VALUES (0, 1, ?, 0, "
				  "?, ?, 1, ?, ?, ?, ?, ?) RETURNING id",
				  "iiibtiii", number, (int64_t)r->saying.parts, profile_now(p),
				  envelope, sizeof envelope, text, (int64_t)r->saying.type,
				  r->group->id, r->lives_s);
	return rc == STORE_NONE ? GROUP_NONE : rc;
}

/* --- texts ---------------------------------------------------------------- */

static int say_piece(struct profile *p, struct group_round *r, const char *piece)
{
	uint8_t bytes[CONTENT_TEXT_MOST];
	struct group_body body = {
		.kind = GROUP_TEXT, .text = piece, .after_s = (uint32_t)r->lives_s
	};
	int rc;

	memcpy(body.gid, r->group->gid, sizeof body.gid);
	r->saying.text = "";
	r->saying.body = bytes;
	r->saying.len = group_write(bytes, &body);
	rc = group_say(p, r);
	r->saying.body = NULL;
	sodium_memzero(bytes, sizeof bytes);
	return rc || r->n ? rc : GROUP_NOT_IN; /* nobody has joined */
}

static int say_text(struct profile *p, struct group_round *r, const char *text)
{
	char piece[GROUP_TEXT_MOST + 1];
	const char *rest = text;
	int rc = q_number(&r->lives_s, p->db, "SELECT timer_s FROM grp WHERE id = ?", "i",
			r->group->id);

	rc = rc == STORE_NONE ? GROUP_NONE : rc;
	rc = rc ? rc : group_put_line(p, r, text);
	for (; rc == 0 && r->saying.part < r->saying.parts; r->saying.part++) {
		size_t len = parts_piece_len(rest, GROUP_TEXT_MOST, r->saying.parts);

		memcpy(piece, rest, len);
		piece[len] = '\0';
		rest += len;
		rc = say_piece(p, r, piece);
	}
	sodium_memzero(piece, sizeof piece);
	return rc;
}

int group_may_say(const struct group *g, const char *text)
{
	if (g->state != GROUP_IN)
		return GROUP_NOT_IN;
	if (!*text || !content_is_utf8(text, strlen(text)))
		return GROUP_NOT_TEXT;
	return strlen(text) > PARTS_TEXT_MOST ? GROUP_TOO_LONG : 0;
}

int group_send(struct profile *p, const struct group *g, const char *text, int spread_s)
{
	struct group_round r = { .group = g,
		.saying = { .type = CONTENT_GROUP },
		.spread_s = spread_s,
		.to_joined = true };
	int rc;

	rc = group_may_say(g, text);
	if (rc)
		return rc;
	r.saying.parts = (uint8_t)parts_count(text, GROUP_TEXT_MOST);
	rc = q_begin(p->db);
	return rc ? rc : group_end_turn(p, say_text(p, &r, text));
}
