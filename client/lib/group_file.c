/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file that is said in a group: its pieces lie at our server once, and each who has joined when
 * they are all there is told of them. */
#include "client/lib/group_private.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* No answer is the right one for all where members know different homes of ours: the fewest learn
 * of another one. */
int group_file_home(struct home *out, struct profile *p, int64_t group)
{
	int64_t id;
	int rc = q_number(&id, p->db,
			"SELECT c.home FROM grp g JOIN grp_member m ON m.grp = g.id JOIN contact c "
			"ON c.id = m.contact WHERE g.id = ? AND g.state = 1 AND m.listed AND "
			"m.joined AND c.state = 1 GROUP BY c.home ORDER BY count(*) DESC, c.home "
			"LIMIT 1",
			"i", group);

	if (rc)
		return rc == STORE_NONE ? GROUP_NOT_IN : rc;
	return home_by_id(out, p, id);
}

int group_say_file(struct profile *p, int64_t group, const struct file *file, int spread_s,
		int64_t *out_line)
{
	uint8_t head[CONTENT_TEXT_MOST], bytes[CONTENT_TEXT_MOST];
	struct group g;
	struct group_round r = { .group = &g,
		.saying = { .type = CONTENT_FILE, .parts = 1 },
		.spread_s = spread_s,
		.to_joined = true };
	struct group_body body = { .kind = GROUP_FILE, .file = head };
	int rc = group_by_id(&g, p, group);

	if (rc || g.state != GROUP_IN)
		return rc < 0 ? rc : GROUP_NOT_IN;
	r.lives_s = g.timer_s;
	rc = group_put_line(p, &r, file->name);
	if (rc)
		return rc;
	memcpy(body.gid, g.gid, sizeof body.gid);
	body.after_s = (uint32_t)r.lives_s;
	body.file_len = file_write(head, file);
	r.saying = (struct saying){ .type = CONTENT_GROUP, .parts = 1, .text = "", .body = bytes };
	r.saying.len = group_write(bytes, &body);
	rc = group_say(p, &r);
	sodium_memzero(head, sizeof head);
	sodium_memzero(bytes, sizeof bytes);
	*out_line = r.line;
	return rc || r.n ? rc : GROUP_NOT_IN; /* nobody has joined */
}
