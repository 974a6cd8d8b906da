/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Between group.c, where a person does something, group_heard.c, where others do, and what stands
 * beside them. */
#ifndef SOTTO_GROUP_PRIVATE_H
#define SOTTO_GROUP_PRIVATE_H

#include "client/lib/group.h"

/* GROUP_NOT_IN, GROUP_NOT_TEXT, GROUP_TOO_LONG. */
int group_may_say(const struct group *group, const char *text) MUST_CHECK;

/* All in a transaction. */
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
