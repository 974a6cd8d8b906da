/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Between group.c, where a person does something, group_say.c, which tells it, group_heard.c, where
 * others do, and what stands beside them. */
#ifndef SOTTO_GROUP_PRIVATE_H
#define SOTTO_GROUP_PRIVATE_H

#include "client/lib/conversation.h"
#include "client/lib/group.h"

/* GROUP_NOT_IN, GROUP_NOT_TEXT, GROUP_TOO_LONG. */
int group_may_say(const struct group *group, const char *text) MUST_CHECK;

/* All in a transaction. */
struct group_round { /* the same to each member; of no text, or with a row that is shown */
	const struct group *group;
	struct saying saying;
	int spread_s;
	bool to_joined; /* only */
	int64_t line;	/* message: what is said, of which these are copies; or 0 */
	int64_t lives_s;
	unsigned n; /* so many were told */
};
int group_say(struct profile *profile, struct group_round *round) MUST_CHECK;
int group_say_to(struct profile *profile, struct group_round *round, int64_t contact) MUST_CHECK;
/* What a person sees of it, whoever comes and goes: round->line. */
int group_put_line(struct profile *profile, struct group_round *round, const char *text) MUST_CHECK;

int group_by_gid(struct group *out, struct profile *profile,
		const uint8_t gid[static GROUP_ID_BYTES]) MUST_CHECK;
/* only: 0, or the one who asked. */
int group_say_joined(struct profile *profile, const struct group *group, int64_t only) MUST_CHECK;
/* The list in its next version; besides to `only`, who is in it no more, if that is not 0. */
int group_say_list(struct profile *profile, const struct group *group, int64_t only) MUST_CHECK;
int group_over(struct profile *profile, int64_t group) MUST_CHECK;
/* As if it had never been heard of. */
int group_drop(struct profile *profile, const struct group *group) MUST_CHECK;

/* Commits when rc is 0, else rolls back; returns rc, or E_IO. */
int group_end_turn(struct profile *profile, int rc) MUST_CHECK;

#endif
