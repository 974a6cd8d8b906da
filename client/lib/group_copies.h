/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What became of what we said in a group, for each member who was in it then: every one has a copy
 * of their own (group.h), which waits, lies in their mailbox, has come, or never goes.
 */
#ifndef SOTTO_GROUP_COPIES_H
#define SOTTO_GROUP_COPIES_H

#include "client/lib/group.h"
#include "client/lib/history.h"

struct group_copy {
	char name[CONTACT_NAME_MOST + 1];
	enum line_state state; /* LINE_NEVER too */
	bool in, blocked;      /* now: a member, by us */
};

struct group_copies {
	size_t n;
	struct group_copy copy[GROUP_PEOPLE_MOST];
	int64_t n_ended; /* whose contact was ended since: nothing is known of them */
};

/* Of that row of message, by the order in which the others became contacts. STORE_NONE: it is there
 * no more. */
int group_copies_read(struct group_copies *out, struct profile *profile, int64_t line) MUST_CHECK;
/* The same of our message of that number. GROUP_NO_LINE: there is none, or it is deleted. */
int group_copies_of(struct group_copies *out, struct profile *profile, int64_t group,
		int64_t number) MUST_CHECK;
struct line_copies group_copies_count(const struct group_copies *copies);

/* In a transaction. Who is in that group no more is not told what waits for them of it; contact 0:
 * all who are marked to go (listed -1). */
int group_copies_drop(
		struct profile *profile, const struct group *group, int64_t contact) MUST_CHECK;
/* Before that contact's rows are deleted. */
int group_copies_lose(struct profile *profile, int64_t contact) MUST_CHECK;

#endif
