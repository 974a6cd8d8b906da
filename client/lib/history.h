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
};

struct line {
	int64_t id, number, at_s;
	char contact[CONTACT_NAME_MOST + 1];
	enum contact_state contact_state;
	enum line_state state;
	uint8_t part, parts; /* part from 0 */
	int64_t file;	     /* its number, or 0: a text */
	int64_t n_missing;   /* so many of theirs, before it, have not come */
	const char *text;    /* until the callback returns */
	const char *group;   /* it was said in, or NULL; until the callback returns */
};
typedef void history_on_line(void *userdata, const struct line *line);

/* contact: its id, or 0: all. words: NULL, or those that a text must have, the last one perhaps
 * only begun: then at most HISTORY_FOUND_MOST, the newest. */
struct history_wish {
	int64_t contact;
	const char *words;
};
int history(struct profile *profile, const struct history_wish *wish, history_on_line *on_line,
		void *userdata) MUST_CHECK;

#endif
