/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Groups (docs/protocol.md "Groups"): up to 32 people, each of whom writes to each other one. Only
 * their clients know that there is one. Who made it keeps the list of members; others follow it.
 */
#ifndef SOTTO_GROUP_H
#define SOTTO_GROUP_H

#include "client/lib/contacts.h"
#include "client/lib/file.h"
#include "client/lib/home.h"

enum {
	GROUP_ID_BYTES = 16,
	GROUP_PEOPLE_MOST = 32,	    /* whoever made it among them */
	GROUP_NAME_MOST = 32,	    /* of a member's name too */
	GROUPS_MOST = 1024,	    /* further ones that others invite to are not heard of */
	GROUPS_OF_ONE_MOST = 16,    /* nor of one maker's, while we are in none of so many */
	GROUP_EARLY_MOST = 128,	    /* packets of one who is not listed are kept until they are */
	GROUP_CONTACTS_MOST = 2000, /* then a list makes nobody a contact */
	GROUP_TEXT_MOST = CONTENT_TEXT_MOST - 1 - GROUP_ID_BYTES - 4, /* of one part */
	GROUP_SPREAD_S = 60, /* within so long the copies of a text go out */
	GROUP_NONE = 1,
	GROUP_EXISTS = 2, /* that name is taken, or that person is in it */
	GROUP_FULL = 3,
	GROUP_NOT_OURS = 4, /* only who made it may do that */
	GROUP_NOT_IN = 5,   /* not joined, left, removed, or at its end */
	GROUP_BAD_NAME = 6,
	GROUP_NOT_TEXT = 7,   /* empty, or not UTF-8 */
	GROUP_NO_CONTACT = 8, /* who has been accepted, and a member where one is meant */
	GROUP_NOT_WHOLE = 9,  /* a part of its newest list is still on the way */
	GROUP_TOO_LONG = 10,  /* such a text */
	GROUP_NO_LINE = 11,   /* of ours, by that number */
	GROUP_LONG_TIME = 12, /* more than TIMER_MOST_S */
	GROUP_STILL_IN = 13,  /* leave it first */
};

enum group_state { GROUP_INVITED = 0, GROUP_IN = 1, GROUP_OUT = 2 };

struct group {
	int64_t id, version;
	uint8_t gid[GROUP_ID_BYTES];
	char name[CONTACT_NAME_MOST + 1]; /* ours for it, in the beginning its maker's */
	bool ours;			  /* we made it */
	int64_t maker;			  /* contact, or 0: forgotten */
	enum group_state state;
	int64_t timer_s; /* what is said in it disappears after so long; 0: it stays */
};

int group_by_id(struct group *out, struct profile *profile, int64_t id) MUST_CHECK;
int group_by_name(struct group *out, struct profile *profile, const char *name) MUST_CHECK;
/* By name; start with "". GROUP_NONE: no further one. */
int group_next(struct group *out, struct profile *profile, const char *after) MUST_CHECK;

struct group_member { /* of the others */
	char name[CONTACT_NAME_MOST + 1];
	int64_t contact;      /* start with 0 */
	bool joined, blocked; /* blocked by us: is told nothing that is said */
};
/* GROUP_NONE: no further one. */
int group_member_next(
		struct group_member *member, struct profile *profile, int64_t group) MUST_CHECK;

/* What each says to the others waits in the outbox; sync_flush sends it. */
int group_make(struct profile *profile, const char *name) MUST_CHECK;
int group_invite(
		struct profile *profile, const struct group *group, const char *contact) MUST_CHECK;
int group_remove(
		struct profile *profile, const struct group *group, const char *contact) MUST_CHECK;
int group_rename(struct profile *profile, const struct group *group, const char *name) MUST_CHECK;
/* What is said from now on disappears after so long, 0: it stays. Only its maker sets that, as part
 * of the list, so all have one time. */
int group_set_timer(struct profile *profile, const struct group *group, int64_t after_s) MUST_CHECK;
int group_join(struct profile *profile, const struct group *group) MUST_CHECK;
/* When its maker leaves it ends for all. */
int group_leave(struct profile *profile, const struct group *group) MUST_CHECK;
/* One that is over, or only invites: it goes from here, and so does all that was said in it. That
 * we have left is still told. Another list of its maker invites again. */
int group_forget(struct profile *profile, const struct group *group) MUST_CHECK;
/* In a transaction, before that contact is ended: one is in no group of theirs any more, which the
 * others are told, and they are in none of ours. */
int group_without(struct profile *profile, int64_t contact) MUST_CHECK;
/* A copy to each who has joined, at times of its own within spread_s. */
int group_send(struct profile *profile, const struct group *group, const char *text,
		int spread_s) MUST_CHECK;

/* What we said there by that number says something else now, or is gone, here, and at whoever has a
 * copy: the new words for who is in it and not blocked. GROUP_NO_LINE. */
struct group_line {
	int64_t number;
	int spread_s; /* as of group_send */
};
int group_change_text(struct profile *profile, const struct group *group,
		const struct group_line *line, const char *text) MUST_CHECK;
/* Also when one is in it no more. */
int group_take_back(struct profile *profile, const struct group *group,
		const struct group_line *line) MUST_CHECK;

/* A file is said in two steps, as it is sent between them (upload.h). Its pieces lie at that home
 * of ours which most of those who are told know. GROUP_NOT_IN: also when nobody else has joined. */
int group_file_home(struct home *out, struct profile *profile, int64_t group) MUST_CHECK;
/* In a transaction: as group_send; *out_line: the message that is shown of it. */
int group_say_file(struct profile *profile, int64_t group, const struct file *file, int spread_s,
		int64_t *out_line) MUST_CHECK;

struct group_said {	  /* what has come */
	int64_t group;	  /* 0: nothing to be kept */
	bool quiet;	  /* of no news to a person */
	bool early;	  /* of somebody who is not listed: kept until they are */
	const char *text; /* what a person can read of it; in the content, or static */
	/* CONTENT_GROUP: theirs, perhaps a part of one; _FILE: its name; _SIGN: in our words */
	uint8_t type;
	const void *file; /* what announces it, in the content */
	size_t file_len;
	int64_t lives_s;	       /* as its writer says; 0: it stays */
	char sign[FILE_NAME_MOST + 1]; /* room for text */
};
/* In the transaction of receiving. Negative: our own failure. */
int group_heard(struct group_said *out, struct profile *profile, int64_t contact,
		const struct content *content) MUST_CHECK;
/* Of a row m of message: whether it is one to be shown. What we said is a row of no contact, its
 * copies, one for each member, lead to it by copy_of and are not shown, nor are other signs, and
 * what comes before its writer is listed. */
#define GROUP_LINES                                                                    \
	"(m.grp IS NULL OR (m.shown < 2 AND m.gone <> 1 AND iif(m.out, NOT m.contact," \
	" m.text <> '' OR m.body NOT NULL OR m.gone = 2)))"

int group_kept(struct profile *profile, int64_t message, const struct group_said *said) MUST_CHECK;

/* --- group_body.c: bytes, from people who are in it but may say anything --- */

enum group_kind {
	GROUP_TEXT = 1,
	GROUP_LIST = 2,
	GROUP_JOINED = 3,
	GROUP_LEFT = 4,
	GROUP_FILE = 5,
};

struct group_entry {
	char name[GROUP_NAME_MOST + 1];
	struct contact_link link;
};

enum { GROUP_PAGE_MOST = 7 }; /* entries */

struct group_body {
	uint8_t kind;	  /* enum group_kind */
	uint32_t after_s; /* _TEXT, _FILE: it disappears after so long; _LIST: these do; or 0 */
	uint8_t gid[GROUP_ID_BYTES];
	const char *text; /* GROUP_TEXT: UTF-8 that ends with NUL; borrowed. "": changed since */
	const void *file; /* GROUP_FILE: what announces one (file.h); borrowed */
	size_t file_len;
	bool asks; /* GROUP_JOINED: tell me whether you have */
	/* GROUP_LIST: without its maker. One page of it begins at entry `first`. */
	uint32_t version;
	uint8_t n, first, n_page;
	char name[GROUP_NAME_MOST + 1];
	struct group_entry page[GROUP_PAGE_MOST];
};

/* Length. */
size_t group_write(uint8_t out[static CONTENT_TEXT_MOST], const struct group_body *body);
/* Of a content's text; CONTENT_BAD. */
int group_read(struct group_body *out, const struct content *content) MUST_CHECK;

#endif
