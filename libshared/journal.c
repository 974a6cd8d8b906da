/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Structured log lines. Trusts its callers to keep users out of the text; a system test greps for
 * them. SD_JOURNAL_SUPPRESS_LOCATION: source positions in every line would only make lines longer.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "libshared/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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
	[EVENT_PRESSURE] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0e", "pressure", LOG_WARNING },
	[EVENT_EASED] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0f", "eased", LOG_NOTICE },
	[EVENT_METRICS] = { "0f6d3f1be0b54b0fa7a6d6cbb3d65a0d", "metrics", LOG_INFO },
};

enum { FIELDS_OF_ALL = 6, TEXT_MOST = 8192 };

/* "NAME=value" each, in one text; the first is the message. */
struct line {
	int n;
	struct iovec fields[FIELDS_OF_ALL + JOURNAL_COUNTS];
	size_t used;
	char text[TEXT_MOST];
};

struct journal journal_open(const char *daemon, const char *instance)
{
	return (struct journal){
		.daemon = daemon,
		.instance = instance,
		.to_stderr = !getenv("JOURNAL_STREAM"), /* systemd sets it for its services */
	};
}

static void PRINTF_LIKE(2, 3) add_field(struct line *line, const char *format, ...)
{
	char *at = line->text + line->used;
	size_t room = sizeof line->text - line->used;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(at, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room || line->n >= (int)ARRAY_LEN(line->fields))
		return; /* rather a field less than half a one */
	line->fields[line->n++] = (struct iovec){ at, (size_t)len };
	line->used += (size_t)len;
}

/* In one write: several processes may share it. */
static void to_stderr(const struct journal *journal, const struct line *line, int priority)
{
	char text[TEXT_MOST + 256];
	int len = snprintf(text, sizeof text, "<%d>%s:", priority, journal->daemon);

	for (int i = 1; i <= line->n; i++) { /* the message last, without its name */
		const struct iovec *field = &line->fields[i % line->n];
		size_t name = i < line->n ? 0 : strlen("MESSAGE=");

		if (i < line->n && strncmp(field->iov_base, "SOTTO_", 6) != 0)
			continue;
		len += snprintf(text + len, sizeof text - (size_t)len, " %.*s",
				(int)(field->iov_len - name), (const char *)field->iov_base + name);
	}
	fprintf(stderr, "%s\n", text);
}

static void PRINTF_LIKE(4, 0) say(const struct journal *journal, enum event event,
		const struct journal_counts *counts, const char *format, va_list args)
{
	char message[512];
	struct line line = { .n = 0 };

	vsnprintf(message, sizeof message, format, args);
	add_field(&line, "MESSAGE=%s", message);
	add_field(&line, "PRIORITY=%d", events[event].priority);
	add_field(&line, "MESSAGE_ID=%s", events[event].id);
	add_field(&line, "SOTTO_EVENT=%s", events[event].name);
	add_field(&line, "SOTTO_DAEMON=%s", journal->daemon);
	add_field(&line, "SOTTO_INSTANCE=%s", journal->instance);
	for (size_t i = 0; counts && i < counts->n; i++)
		add_field(&line, "SOTTO_%s=%llu", counts->list[i].field,
				(unsigned long long)counts->list[i].value);
	if (journal->to_stderr)
		to_stderr(journal, &line, events[event].priority);
	else
		sd_journal_sendv(line.fields, line.n);
}

void journal_say(const struct journal *journal, enum event event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(journal, event, NULL, format, args);
	va_end(args);
}

void journal_record(const struct journal *journal, enum event event,
		const struct journal_counts *counts, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(journal, event, counts, format, args);
	va_end(args);
}

const char *journal_event_id(enum event event)
{
	return events[event].id;
}
