/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Log lines for the journal, or for standard error where there is none. Fields SOTTO_*; one
 * MESSAGE_ID for each operational event. No line may hold an identifier, address, token, key, size
 * or payload of a user.
 */
#ifndef SOTTO_JOURNAL_H
#define SOTTO_JOURNAL_H

#include "libshared/scope.h"

#include <stdbool.h>

enum event {
	EVENT_STARTED,
	EVENT_STOPPING,
	EVENT_CONFIG, /* a setting or credential is wrong: we end */
	EVENT_DATABASE_LOST,
	EVENT_DATABASE_BACK,
	EVENT_BATCH_FAILED, /* calls that failed for another reason than a conflict */
	EVENT_BROKER_LOST,
	EVENT_BROKER_BACK,
	EVENT_GAP,    /* events were lost on the way: sessions were told to fetch */
	EVENT_LIMIT,  /* a limit of ours was reached */
	EVENT_SWEPT,  /* sottoctl sweep is done */
	EVENT_FAILED, /* we failed in a way that has no event of its own */
	EVENTS,
};

struct journal {
	const char *daemon;   /* "blobd" */
	const char *instance; /* "1" */
	bool to_stderr;
};

struct journal journal_open(const char *daemon, const char *instance);

void journal_say(const struct journal *journal, enum event event, const char *format, ...)
		PRINTF_LIKE(3, 4);

/* The MESSAGE_ID of an event as 32 hex digits, for the catalogue's test. */
const char *journal_event_id(enum event event);

#endif
