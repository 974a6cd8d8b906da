/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Between change.c, which does changes and says ours, and change_heard.c, where others ask. */
#ifndef SOTTO_CHANGE_PRIVATE_H
#define SOTTO_CHANGE_PRIVATE_H

#include "client/lib/change.h"

/* KIND_TEXT: one part instead of one. KIND_LONG: what is changed or what it says now is longer. */
enum kind { KIND_TEXT = 1, KIND_TAKE_BACK = 2, KIND_LONG = 3 };

struct change {
	uint8_t kind;
	int64_t first; /* number of the changed message's first part */
	uint8_t parts;
	char text[CHANGE_TEXT_MOST + 1]; /* of KIND_LONG: its part of it */
};

void change_clear(struct change *change);
size_t change_write(uint8_t out[static CONTENT_TEXT_MOST], const struct change *change);
/* CONTENT_BAD. */
int change_read(struct change *out, const void *bytes, size_t len) MUST_CHECK;

struct doing {
	const struct change *change;
	const char *text; /* all of it */
	int64_t number;	  /* of the change's first part */
};
/* To messages of ours, or of that contact's, which are here. */
int change_apply(struct profile *profile, int64_t contact, bool ours,
		const struct doing *doing) MUST_CHECK;

/* The row knows what it changes: ours to say it again, theirs until what it changes has come. */
int change_note(struct profile *profile, int64_t message, const struct change *change) MUST_CHECK;

#endif
