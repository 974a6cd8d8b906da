/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A group that is over goes, with all that was said in it. Rows whose numbers its people may ask
 * for, or that may come again, stay without words, as those of no group (grp 0). */
#include "client/lib/change.h"
#include "client/lib/group_private.h"
#include "client/lib/store.h"
#include "client/lib/transfer.h"
#include "libshared/error.h"

#include <string.h>

/* clang-format off */
#define CHANGES \
	"SELECT c.id FROM " CHANGES_OF " WHERE m.grp = ?1 AND +c.number > m.number" \
	" AND NOT c.takes_back"
/* What we told of ourselves, or as its maker, which is all true once it says that we left. */
#define LEAVES \
	"grp = ?1 AND out AND contact AND copy_of IS NULL AND type = 9" \
	" AND (substr(body, 1, 1) = x'04' OR (SELECT ours FROM grp WHERE id = ?1))"
/* clang-format on */

static int leave_last(struct profile *p, const struct group *g)
{
	struct group_body body = { .kind = GROUP_LEFT };
	uint8_t bytes[CONTENT_TEXT_MOST];
	size_t len;
	int rc = q_run(p->db,
			"UPDATE outbox SET packet = NULL WHERE message IN (SELECT id FROM message "
			"WHERE " LEAVES ")",
			"i", g->id);

	memcpy(body.gid, g->gid, sizeof body.gid);
	len = group_write(bytes, &body);
	return rc ? rc
		  : q_run(p->db, "UPDATE message SET body = ?2, grp = 0 WHERE " LEAVES, "ib", g->id,
				    bytes, len);
}

/* What was begun ends at the server; what others of it may fetch stays there its time. */
static int drop_files(struct profile *p, int64_t group)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int rc;

	while ((rc = transfer_next(&t, p, t.id)) == 0)
		if (t.group == group && t.out && t.state == TRANSFER_OPEN) {
			rc = transfer_end(p, &t);
			if (rc)
				return rc;
		}
	return rc == TRANSFER_NONE
			? q_run(p->db, "DELETE FROM file WHERE grp = ? AND state < 2", "i", group)
			: rc;
}

int group_drop(struct profile *p, const struct group *g)
{
	/* What waits to be sent goes as a change of nothing: its number still comes. */
	static const char *const steps[] = {
		"UPDATE outbox SET type = 6, packet = NULL WHERE message IN (" CHANGES
		") OR message IN (SELECT id FROM message WHERE grp = ?1)",
		"UPDATE message SET body = NULL, gone = 1 WHERE id IN (" CHANGES ")",
		("UPDATE message SET text = '', body = NULL, gone = 1, shown = 1, lives_s = 0, "
		 "ends_s = NULL, copy_of = NULL, grp = 0 WHERE grp = ?1"),
		"DELETE FROM grp_list WHERE grp = ?1",
		"DELETE FROM grp_member WHERE grp = ?1",
		"DELETE FROM grp WHERE id = ?1",
	};
	int rc = leave_last(p, g);

	rc = rc ? rc : drop_files(p, g->id);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "i", g->id);
	return rc ? rc : store_overwrote(p->db);
}

int group_forget(struct profile *p, const struct group *g)
{
	int rc = g->state == GROUP_IN ? GROUP_STILL_IN : q_begin(p->db);

	rc = rc ? rc : group_end_turn(p, group_drop(p, g));
	return rc ? rc : store_forget(p->db);
}
