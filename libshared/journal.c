/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Structured log lines. Trusts its callers to keep users out of the text; a system test greps for
 * them. SD_JOURNAL_SUPPRESS_LOCATION: source positions in every line would only make lines longer.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "libshared/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

static const struct {
	const char *id, *name;
	int priority;
} events[EVENTS] = {
	[EVENT_STARTED] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a01", "started", LOG_INFO },
	[EVENT_STOPPING] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a02", "stopping", LOG_INFO },
	[EVENT_CONFIG] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a03", "config", LOG_ERR },
	[EVENT_DATABASE_LOST] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a04", "database-lost", LOG_ERR },
	[EVENT_DATABASE_BACK] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a05", "database-back", LOG_NOTICE },
	[EVENT_BATCH_FAILED] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a06", "batch-failed", LOG_WARNING },
	[EVENT_BROKER_LOST] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a07", "broker-lost", LOG_WARNING },
	[EVENT_BROKER_BACK] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a08", "broker-back", LOG_NOTICE },
	[EVENT_GAP] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a09", "gap", LOG_NOTICE },
	[EVENT_LIMIT] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0a", "limit", LOG_WARNING },
	[EVENT_SWEPT] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0b", "swept", LOG_INFO },
	[EVENT_FAILED] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0c", "failed", LOG_ERR },
};

struct journal journal_open(const char *daemon, const char *instance)
{
	return (struct journal){
		.daemon = daemon,
		.instance = instance,
		.to_stderr = !getenv("JOURNAL_STREAM"), /* systemd sets it for its services */
	};
}

void journal_say(const struct journal *journal, enum event event, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (journal->to_stderr)
		fprintf(stderr, "<%d>%s: SOTTO_EVENT=%s SOTTO_INSTANCE=%s %s\n",
				events[event].priority, journal->daemon, events[event].name,
				journal->instance, text);
	else
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", events[event].priority,
				"MESSAGE_ID=%s", events[event].id, "SOTTO_EVENT=%s",
				events[event].name, "SOTTO_DAEMON=%s", journal->daemon,
				"SOTTO_INSTANCE=%s", journal->instance, NULL);
}

const char *journal_event_id(enum event event)
{
	return events[event].id;
}
