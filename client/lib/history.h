/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said, in the order in which it was stored, with gaps and states; or what of it has
 * certain words. */
#ifndef SOTTO_HISTORY_H
#define SOTTO_HISTORY_H

#include "client/lib/contacts.h"
#include "client/lib/content.h"

enum { HISTORY_FOUND_MOST = 500 };

enum line_state {
	LINE_CAME = 0,
	LINE_QUEUED = 1,    /* waits here */
	LINE_DEPOSITED = 2, /* in their mailbox */
	LINE_RECEIVED = 3,  /* they have told so */
	LINE_NEVER = 4,	    /* in a group: a copy does not go, or none of a line */
};

struct line_copies { /* of what we said in a group: to so many; the rest does not go */
	int64_t n, n_waiting, n_sent, n_received; /* n_sent: of those some have told so */
	int64_t n_ended; /* of n: contacts no more, of whom nothing is known */
};

struct line {
	int64_t id, number, at_s; /* number: of its first part; of ours in a group, among these */
	int64_t ends_s;		  /* when it disappears here; 0: not as far as is known yet */
	char contact[CONTACT_NAME_MOST + 1]; /* "": what we said in a group */
	enum contact_state contact_state;
	enum line_state state;
	bool read;
	int64_t parts, n_parts; /* of a long text, and how many of them are here */
	int64_t file;		/* its number, or 0: a text */
	bool is_edited, is_deleted;
	int64_t n_missing;	   /* so many of theirs, before it, have not come */
	const char *text;	   /* until the callback returns */
	const char *group;	   /* it was said in, or NULL; until the callback returns */
	struct line_copies copies; /* of ours in a group that is not deleted */
};
/* Anything but 0 ends it, and is the result. Nothing is open meanwhile: it may write. */
typedef int history_on_line(void *userdata, const struct line *line);

/* Of all that was said what a wish leaves. */
struct history_wish {
	int64_t contact; /* with that one; 0: all */
	int64_t group;	 /* in that group; 0: wherever */
	/* Not NULL: of it what has these words, the last one perhaps only begun, and at most
	 * HISTORY_FOUND_MOST, the newest. */
	const char *words;
	bool unread;  /* what has come and was not read, of all, once whole; without n_missing */
	bool between; /* with that contact, in no group */
	/* Of a group, or between: the last `most` before the message `before`; 0: all, the newest. */
	int64_t before;
	uint32_t most;
};
int history(struct profile *profile, const struct history_wish *wish, history_on_line *on_line,
		void *userdata) MUST_CHECK;

#endif
