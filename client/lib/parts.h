/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A text of several packets is one message to a person. Each part is a row of message, as it has a
 * number and an envelope of its own; the row that came first stands for all of them: `whole` of the
 * others is its id. Until all are here each has its own part as body, then that row has the text.
 */
#ifndef SOTTO_PARTS_H
#define SOTTO_PARTS_H

#include "client/lib/content.h"
#include "client/lib/profile.h"

enum {
	PARTS_ODD = 1,
	PARTS_WAIT_S = 86400, /* a text that is not whole is held back so long, then it is news */
	PARTS_TEXT_MOST = 1
			<< 16, /* bytes of what we write: it goes into PARTS_MOST, in groups too */
};

#define PARTS_GAP "[...]" /* in a text, in the place of parts that are not here */

/* In SQL, of rows m: all of the message that row `of` stands for, with its copies (group.h). */
#define PARTS_OF(of) "(m.id = " of " OR m.whole = " of " OR m.copy_of = " of ")"
/* Of a row m that is not shown yet: nothing of it is waited for. now: time. */
#define PARTS_READY(now) "(m.body IS NULL OR m.at_s NOT BETWEEN " now " - 86400 AND " now ")"

/* In the transaction that received it, of a row with a text_id: PARTS_ODD, and it is there no more,
 * if that part is here, or says that its text is another one than the parts that are. */
int parts_check(struct profile *profile, int64_t message) MUST_CHECK;
/* The same of a row whose text is empty: it is a part of a text. */
int parts_came(struct profile *profile, int64_t message, const char *piece) MUST_CHECK;

/* What is here of a text that is not whole. Owned. */
int parts_read(char **out, struct profile *profile, int64_t whole) MUST_CHECK;

/* How many packets a text takes, if one alone has room for so many bytes; and how many bytes of the
 * rest of it go into the next one. */
unsigned parts_count(const char *text, size_t most);
size_t parts_piece_len(const char *rest, size_t most, unsigned parts);

#endif
