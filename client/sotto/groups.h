/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Groups of up to 32 people, each of whom writes to each other one; only their clients know that
 * there is one. Who made it keeps the list of members. Part of sotto.h.
 */
#ifndef SOTTO_GROUPS_H
#define SOTTO_GROUPS_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

enum sotto_group_state { SOTTO_INVITED = 0, SOTTO_IN = 1, SOTTO_OVER = 2 };

struct sotto_group {
	const char *name; /* ours for it */
	enum sotto_group_state state;
	bool ours; /* we made it */
	uint32_t n_unread;
	int64_t last_s;	 /* of what was said in it last; 0: nothing was */
	int64_t timer_s; /* what is said in it disappears after so long; 0: it stays */
};
typedef int sotto_on_group(void *userdata, const struct sotto_group *group);
struct sotto_member { /* of the others */
	const char *name;
	bool joined;
};
typedef int sotto_on_member(void *userdata, const struct sotto_member *member);

/* By name. */
SOTTO_MUST int sotto_groups(struct sotto *sotto, sotto_on_group *on_group, void *userdata);
/* SOTTO_NO_GROUP. */
SOTTO_MUST int sotto_members(
		struct sotto *sotto, const char *group, sotto_on_member *on_member, void *userdata);

/* Without the network: what is to be said to the others waits for sotto_flush or the watch.
 * SOTTO_NO_GROUP, SOTTO_NOT_YOURS, SOTTO_NOT_IN, SOTTO_NOT_WHOLE, and: */
SOTTO_MUST int sotto_group_make(struct sotto *sotto, const char *name); /* _EXISTS, _BAD_NAME */
SOTTO_MUST int sotto_group_invite(struct sotto *sotto, const char *group,
		const char *contact); /* _NO_CONTACT, _EXISTS, _GROUP_FULL */
SOTTO_MUST int sotto_group_remove(
		struct sotto *sotto, const char *group, const char *contact); /* _NO_CONTACT */
SOTTO_MUST int sotto_group_rename(
		struct sotto *sotto, const char *group, const char *now); /* as _make */
/* Texts and files of all in this group disappear from now on: ours so long after they were written,
 * theirs after they were read; 0: they stay. Only who made the group sets it; the others are told,
 * and who comes later too. SOTTO_TOO_LONG: a year is the longest. */
SOTTO_MUST int sotto_group_set_timer(struct sotto *sotto, const char *group, int64_t after_s);
SOTTO_MUST int sotto_group_join(struct sotto *sotto, const char *group);
/* When its maker leaves it ends for all. */
SOTTO_MUST int sotto_group_leave(struct sotto *sotto, const char *group);
/* One that is over, or an invitation: the group and all that was said in it go here, from the disk
 * too, and its name is free. What waits to be sent says nothing any more, but that one has left.
 * Whoever made the group may invite again. SOTTO_STILL_IN. */
SOTTO_MUST int sotto_group_forget(struct sotto *sotto, const char *group);
/* The copies go out within a minute, each at a time of its own. SOTTO_NOT_TEXT,
 * SOTTO_LONG_TEXT. */
SOTTO_MUST int sotto_group_write(struct sotto *sotto, const char *group, const char *text);
/* Our message of that number (sotto_message.number of one of this group that is not from others)
 * says something else now, or is deleted, here and, which is asked of the others' clients,
 * each at a time of its own within a minute, there. New words go to who is in the group now and had
 * the old ones; a deletion to all who had them, and also when one is in it no more. It is deleted
 * here at once: sotto_group_history still tells of it, with deleted set. SOTTO_NO_GROUP,
 * SOTTO_NO_MESSAGE; edit: SOTTO_NOT_IN, SOTTO_NOT_TEXT (it is a file, or the new text is none),
 * SOTTO_LONG_TEXT. */
SOTTO_MUST int sotto_group_edit(
		struct sotto *sotto, const char *group, int64_t number, const char *text);
SOTTO_MUST int sotto_group_delete(struct sotto *sotto, const char *group, int64_t number);
/* How long until the next copy may go out; sotto_flush sends none before. SOTTO_NOTHING: none
 * waits for its time. */
SOTTO_MUST int sotto_group_wait_s(struct sotto *sotto, int64_t *out);

/* What was said in it, in the order in which it was stored; of several copies one. */
SOTTO_MUST int sotto_group_history(struct sotto *sotto, const char *group,
		const struct sotto_range *range, sotto_on_message *on_message, void *userdata);
/* What became of ours of that number, for each who was to have it and still is a contact: it waits,
 * is sent, has come, or never goes, as they have left, were removed, or are blocked. With receipts
 * off nobody tells that something came. SOTTO_NO_GROUP; SOTTO_NO_MESSAGE: it is deleted, too. */
struct sotto_copy {
	const char *name;
	enum sotto_message_state state;
	bool in;      /* the group, now */
	bool blocked; /* by us */
};
typedef int sotto_on_copy(void *userdata, const struct sotto_copy *copy);
SOTTO_MUST int sotto_group_copies(struct sotto *sotto, const char *group, int64_t number,
		sotto_on_copy *on_copy, void *userdata);
/* As sotto_search, of what was said in that group alone, by others and by us. SOTTO_NO_GROUP. */
SOTTO_MUST int sotto_group_search(struct sotto *sotto, const char *group, const char *words,
		sotto_on_message *on_message, void *userdata);

#endif
