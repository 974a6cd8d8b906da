/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Messages that disappear (docs/protocol.md "Disappearing messages"): one time for each contact,
 * which either side sets, and one for each group (group.h). Ours go so long after they were
 * written, theirs after they were shown.
 */
#ifndef SOTTO_TIMER_H
#define SOTTO_TIMER_H

#include "client/lib/contacts.h"
#include "client/lib/content.h"

enum {
	TIMER_TOO_LONG = 1,
	TIMER_NO_CONTACT = 2, /* ended meanwhile */
	TIMER_MOST_S = 365 * 86400,
	TIMER_STEP_MOST = 1 << 16, /* a version further above ours is not believed */
	TIMER_TEXT_ROOM = 64,
	TIMER_UNSENT_S = 86400, /* see timer.c */
};

/* That messages disappear after so long from now on, or stay, in words. */
void timer_text(char out[static TIMER_TEXT_ROOM], int64_t after_s);

/* In SQL: how long a new message of a type to or from a contact lives: texts and files do. */
#define TIMER_OF(contact, type)                                                            \
	"(SELECT CASE WHEN " type " IN (1, 4) THEN timer_s ELSE 0 END FROM contact WHERE " \
	"id = " contact ")"

/* 0: they stay. */
int timer_set(struct profile *profile, const struct contact *contact, int64_t after_s) MUST_CHECK;

/* In the transaction that received it, stored already as that message. */
int timer_heard(struct profile *profile, int64_t contact, int64_t message,
		const struct content *content) MUST_CHECK;

/* Contents whose time is over are overwritten; what is left of them goes when nothing older can
 * come. */
int timer_due(struct profile *profile) MUST_CHECK;

#endif
