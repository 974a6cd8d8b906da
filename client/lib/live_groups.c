/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which mailboxes a session is for: those of a group, as the profile says now. */
#include "client/lib/live_private.h"

#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { OPEN_SPREAD_MS = 3000 };

/* One whose group has ended, as homes come and go, or a further one. */
static struct session *free_session(struct live *live)
{
	for (unsigned i = 0; i < live->n; i++)
		if (live->sessions[i].n == 0 && !live->sessions[i].errand)
			return &live->sessions[i];
	return live->n < SESSIONS_MOST ? &live->sessions[live->n] : NULL;
}

int live_add_session(struct session **out, struct live *live, const struct mailbox_group *group)
{
	struct session *s = free_session(live);

	if (!s)
		return E_BUG;
	*s = (struct session){ .live = live, .group = *group, .boxes = s->boxes };
	if (!s->boxes)
		s->boxes = calloc(PLACE_MAILBOXES, sizeof *s->boxes);
	if (!s->boxes)
		return E_NOMEM;
	if (s == &live->sessions[live->n])
		live->n++;
	*out = s;
	return 0;
}

static bool has_session(const struct live *live, const struct mailbox_group *group)
{
	for (unsigned i = 0; i < live->n; i++)
		if (live->sessions[i].group.home == group->home &&
				live->sessions[i].group.place == group->place)
			return true;
	return false;
}

static bool is_same(const struct session *s, const uint8_t requests[][REQUEST_BYTES], size_t n)
{
	for (size_t i = 0; i < n && n == s->n; i++)
		if (memcmp(s->boxes[i].request, requests[i], REQUEST_BYTES) != 0)
			return false;
	return n == s->n;
}

static int load(struct session *s)
{
	int64_t after = 0;
	int rc = 0;

	sodium_memzero(s->boxes, PLACE_MAILBOXES * sizeof *s->boxes);
	for (s->n = 0; s->n < PLACE_MAILBOXES; s->n++) {
		rc = mailbox_next_in(&s->boxes[s->n], s->live->profile, &s->group, after);
		if (rc)
			break;
		after = s->boxes[s->n].id;
	}
	return rc < 0 ? rc : 0;
}

/* Another one is asked for: the server knows a session by its mailboxes. The connection that is
 * there serves until then. */
static int refresh(struct session *s)
{
	uint8_t requests[PLACE_MAILBOXES][REQUEST_BYTES];
	size_t n;
	int rc = mailbox_requests_in(requests, &n, s->live->profile, &s->group);

	if (rc || is_same(s, requests, n))
		return rc;
	rc = load(s);
	if (s->n == 0)
		live_disconnect(s);
	else
		s->open_at_ms = live_spread(s->live, OPEN_SPREAD_MS);
	return rc;
}

int live_adopt(struct live *live)
{
	struct mailbox_group group = { .home = 0 };
	struct session *s;
	int rc = mailbox_place(live->profile);

	for (unsigned i = 0; rc == 0 && i < live->n; i++)
		rc = refresh(&live->sessions[i]);
	while (rc == 0 && (rc = mailbox_next_group(&group, live->profile, &group)) == 0)
		if (!has_session(live, &group) && free_session(live)) {
			rc = live_add_session(&s, live, &group);
			rc = rc ? rc : refresh(s);
		}
	return rc < 0 ? rc : 0;
}
