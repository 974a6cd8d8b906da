/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around groups. */
#include "client/lib/group_copies.h"
#include "client/lib/handle.h"
#include "client/lib/outbox.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "libshared/error.h"

/* --- lists -------------------------------------------------------------- */

static int find(struct group *out, struct sotto *s, const char *name)
{
	return sotto_of_group(group_by_name(out, s->profile, name));
}

static int count(struct sotto_group *out, struct sotto *s, int64_t group)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *row = NULL;
	int rc = q_open(&row, s->profile->db,
			"SELECT (SELECT count(*) FROM message m WHERE grp = ?1 AND NOT shown "
			"AND " GROUP_LINES
			" AND " PARTS_READY("?2") "), coalesce((SELECT at_s FROM "
						  "message m WHERE grp = ?1 AND " GROUP_LINES
						  " ORDER BY id DESC LIMIT 1), 0)",
			"ii", group, profile_now(s->profile));

	if (rc || sqlite3_step(row) != SQLITE_ROW)
		return rc ? rc : E_IO;
	out->n_unread = (uint32_t)sqlite3_column_int64(row, 0);
	out->last_s = sqlite3_column_int64(row, 1);
	return 0;
}

int sotto_groups(struct sotto *s, sotto_on_group *on_group, void *userdata)
{
	struct group g = { .name = "" };
	int rc;

	while ((rc = group_next(&g, s->profile, g.name)) == 0) {
		struct sotto_group group = { .name = g.name,
			.state = (enum sotto_group_state)g.state,
			.ours = g.ours,
			.timer_s = g.timer_s };

		rc = count(&group, s, g.id);
		rc = rc ? rc : on_group(userdata, &group);
		if (rc)
			return rc;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

int sotto_members(struct sotto *s, const char *name, sotto_on_member *on_member, void *userdata)
{
	struct group_member m = { .contact = 0 };
	struct group g;
	int rc = find(&g, s, name);

	if (rc)
		return rc;
	while ((rc = group_member_next(&m, s->profile, g.id)) == 0) {
		const struct sotto_member member = { m.name, m.joined };

		rc = on_member(userdata, &member);
		if (rc)
			return rc;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

int sotto_group_copies(struct sotto *s, const char *name, int64_t number, sotto_on_copy *on_copy,
		void *userdata)
{
	static const enum sotto_message_state states[] = {
		[LINE_QUEUED] = SOTTO_WAITING,
		[LINE_DEPOSITED] = SOTTO_SENT,
		[LINE_RECEIVED] = SOTTO_RECEIVED,
		[LINE_NEVER] = SOTTO_NEVER,
	};
	struct group_copies copies;
	struct group g;
	int rc = find(&g, s, name);

	rc = rc ? rc : sotto_of_group(group_copies_of(&copies, s->profile, g.id, number));
	for (size_t i = 0; rc == 0 && i < copies.n; i++) {
		const struct group_copy *c = &copies.copy[i];

		rc = on_copy(userdata,
				&(struct sotto_copy){
						c->name, states[c->state], c->in, c->blocked });
	}
	return rc;
}

/* --- changes ------------------------------------------------------------ */

static int done(struct sotto *s, int rc)
{
	if (rc == 0)
		sotto_wake(s);
	return sotto_of_group(rc);
}

int sotto_group_make(struct sotto *s, const char *name)
{
	return done(s, group_make(s->profile, name));
}

int sotto_group_invite(struct sotto *s, const char *name, const char *contact)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_invite(s->profile, &g, contact));
}

int sotto_group_remove(struct sotto *s, const char *name, const char *contact)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_remove(s->profile, &g, contact));
}

int sotto_group_rename(struct sotto *s, const char *name, const char *now)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_rename(s->profile, &g, now));
}

int sotto_group_set_timer(struct sotto *s, const char *name, int64_t after_s)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_set_timer(s->profile, &g, after_s));
}

int sotto_group_join(struct sotto *s, const char *name)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_join(s->profile, &g));
}

int sotto_group_leave(struct sotto *s, const char *name)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_leave(s->profile, &g));
}

int sotto_group_forget(struct sotto *s, const char *name)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_forget(s->profile, &g));
}

int sotto_group_write(struct sotto *s, const char *name, const char *text)
{
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_send(s->profile, &g, text, s->fast ? 0 : GROUP_SPREAD_S));
}

int sotto_group_edit(struct sotto *s, const char *name, int64_t number, const char *text)
{
	const struct group_line line = { number, s->fast ? 0 : GROUP_SPREAD_S };
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_change_text(s->profile, &g, &line, text));
}

int sotto_group_delete(struct sotto *s, const char *name, int64_t number)
{
	const struct group_line line = { number, s->fast ? 0 : GROUP_SPREAD_S };
	struct group g;
	int rc = find(&g, s, name);

	return rc ? rc : done(s, group_take_back(s->profile, &g, &line));
}

int sotto_group_wait_s(struct sotto *s, int64_t *out)
{
	int rc = outbox_wait_s(out, s->profile);

	return rc == OUTBOX_EMPTY ? SOTTO_NOTHING : rc;
}
