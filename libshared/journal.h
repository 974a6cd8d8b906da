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
#include <stdint.h>

enum event { /* systemd/sotto.catalog says of each what it means and what to do */
	EVENT_STARTED,
	EVENT_STOPPING,
	EVENT_CONFIG, /* a setting or credential is wrong: we end */
	EVENT_DATABASE_LOST,
	EVENT_DATABASE_BACK,
	EVENT_BATCH_FAILED, /* calls that failed for another reason than a conflict */
	EVENT_BROKER_LOST,
	EVENT_BROKER_BACK,
	EVENT_GAP,	/* events were lost on the way: sessions were told to fetch */
	EVENT_LIMIT,	/* a limit of ours was reached */
	EVENT_SWEPT,	/* sottoctl sweep is done */
	EVENT_FAILED,	/* we failed in a way that has no event of its own */
	EVENT_PRESSURE, /* something is refused that is taken otherwise */
	EVENT_EASED,	/* it is no more */
	EVENT_METRICS,	/* once a minute: the fields of metrics.h */
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

enum { JOURNAL_FIELD = 48, JOURNAL_COUNTS = 96 };

struct journal_count {
	char field[JOURNAL_FIELD]; /* "REQUESTS" becomes SOTTO_REQUESTS */
	uint64_t value;
};

/* The same with further fields, at most JOURNAL_COUNTS. */

struct journal_counts {
	size_t n;
	struct journal_count list[JOURNAL_COUNTS];
};
void journal_record(const struct journal *journal, enum event event,
		const struct journal_counts *counts, const char *format, ...) PRINTF_LIKE(4, 5);

/* The MESSAGE_ID of an event as 32 hex digits, for the catalogue's test. */
const char *journal_event_id(enum event event);

#endif
