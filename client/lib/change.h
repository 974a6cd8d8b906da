/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A message that its sender changes or takes back (docs/protocol.md "Changes"). It is a request:
 * the other's client does it, another program need not.
 */
#ifndef SOTTO_CHANGE_H
#define SOTTO_CHANGE_H

#include "client/lib/contacts.h"
#include "client/lib/content.h"

enum {
	CHANGE_NONE = 1,     /* no such message of ours, or it is gone */
	CHANGE_NOT_TEXT = 2, /* empty, not UTF-8, or the message is a file */
	CHANGE_TOO_LONG = 3, /* such a text */
	CHANGE_HEAD_BYTES = 10,
	CHANGE_TEXT_MOST = CONTENT_TEXT_MOST - CHANGE_HEAD_BYTES,
};

/* What is gone keeps only its number and envelope, so that it is known if it comes again. */
enum gone { GONE_NOT = 0, GONE_TIME = 1, GONE_DELETED = 2 };

/* number: of our message, or of any part of it. */
int change_text(struct profile *profile, const struct contact *contact, int64_t number,
		const char *text) MUST_CHECK;
int change_take_back(
		struct profile *profile, const struct contact *contact, int64_t number) MUST_CHECK;

/* For group_change.c, in a transaction. Whoever has our messages `first` and on, in so many parts,
 * is asked to have another text instead, or none; nothing is done here. out_number: of the request.
 */
struct change_asked {
	int64_t contact, first;
	uint8_t parts;
	int64_t after_s; /* as in conversation.h */
};
int change_ask(struct profile *profile, const struct change_asked *of, const char *text,
		int64_t *out_number) MUST_CHECK;
/* What changes of that row said, before the one of that number, goes. */
int change_forget(struct profile *profile, int64_t message, int64_t number) MUST_CHECK;

/* In the transaction that received it: the change, stored already as that message. */
int change_heard(
		struct profile *profile, int64_t message, const struct content *content) MUST_CHECK;
/* The same: something numbered came, whose change may have come before. */
int change_late(struct profile *profile, int64_t contact, int64_t number) MUST_CHECK;

/* That file, its key and the message that announced it go here, and nobody is told.
 * TRANSFER_NONE. */
int change_forget_file(struct profile *profile, int64_t file) MUST_CHECK;

/* In SQL, of rows m: their changes c. A plus before c.number has them found by what they change,
 * not among all that came later. */
#define CHANGES_OF                                                                          \
	"message m JOIN message c ON c.contact = m.contact AND c.out = m.out AND c.target " \
	"= m.number - m.part"

/* In a transaction: contents, changes and pieces of a message go. */
int change_wipe(struct profile *profile, int64_t message, enum gone gone) MUST_CHECK;

#endif
