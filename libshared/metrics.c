/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of numbers. */
#include "libshared/metrics.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct metric_row metric_rows[METRICS] = {
	[METRIC_PERIOD_MS]       = { "PERIOD_MS",       METRIC_SPAN },
	[METRIC_REQUESTS]        = { "REQUESTS",        METRIC_COUNT },
	[METRIC_SERVED]          = { "SERVED",          METRIC_COUNT },
	[METRIC_REFUSED]         = { "REFUSED",         METRIC_COUNT },
	[METRIC_FAILED]          = { "FAILED",          METRIC_COUNT },
	[METRIC_LATENCY_P50_US]  = { "LATENCY_P50_US",  METRIC_SPAN },
	[METRIC_LATENCY_P95_US]  = { "LATENCY_P95_US",  METRIC_SPAN },
	[METRIC_LATENCY_P99_US]  = { "LATENCY_P99_US",  METRIC_SPAN },
	[METRIC_LATENCY_MOST_US] = { "LATENCY_MOST_US", METRIC_SPAN },
	[METRIC_CONNECTIONS]     = { "CONNECTIONS",     METRIC_STATE },
	[METRIC_PARKED]          = { "PARKED",          METRIC_STATE },
	[METRIC_DEADLINES]       = { "DEADLINES",       METRIC_COUNT },
	[METRIC_LINES_REFUSED]   = { "LINES_REFUSED",   METRIC_COUNT },
	[METRIC_OVER_REQUESTS]   = { "OVER_REQUESTS",   METRIC_COUNT },
	[METRIC_OVER_CONNECTIONS] = { "OVER_CONNECTIONS", METRIC_COUNT },
	[METRIC_OVER_CIRCUITS]   = { "OVER_CIRCUITS",   METRIC_COUNT },
	[METRIC_YIELDED]         = { "YIELDED",         METRIC_COUNT },
	[METRIC_CALLS]           = { "CALLS",           METRIC_COUNT },
	[METRIC_BATCHES]         = { "BATCHES",         METRIC_COUNT },
	[METRIC_BATCH_P50]       = { "BATCH_P50",       METRIC_SPAN },
	[METRIC_BATCH_MOST]      = { "BATCH_MOST",      METRIC_SPAN },
	[METRIC_QUEUE_P99]       = { "QUEUE_P99",       METRIC_SPAN },
	[METRIC_QUEUE_MOST]      = { "QUEUE_MOST",      METRIC_SPAN },
	[METRIC_CALLS_FAILED]    = { "CALLS_FAILED",    METRIC_COUNT },
	[METRIC_CALLS_RETRIED]   = { "CALLS_RETRIED",   METRIC_COUNT },
	[METRIC_DATABASE_UP]     = { "DATABASE_UP",     METRIC_STATE },
	[METRIC_DATABASE_DOWN_S] = { "DATABASE_DOWN_S", METRIC_COUNT },
	[METRIC_BROKER_UP]       = { "BROKER_UP",       METRIC_STATE },
	[METRIC_BROKER_DOWN_S]   = { "BROKER_DOWN_S",   METRIC_COUNT },
	[METRIC_EVENTS_DROPPED]  = { "EVENTS_DROPPED",  METRIC_COUNT },
	[METRIC_EVENTS_PENDING]  = { "EVENTS_PENDING",  METRIC_STATE },
	[METRIC_MEMORY_KB]       = { "MEMORY_KB",       METRIC_STATE },
	[METRIC_PRESSURE]        = { "PRESSURE",        METRIC_STATE },
	[METRIC_MAILBOX_LIMIT]   = { "MAILBOX_LIMIT",   METRIC_STATE },
	[METRIC_DISK_FREE_MB]    = { "DISK_FREE_MB",    METRIC_STATE },
	[METRIC_BLOBS_MB]        = { "BLOBS_MB",        METRIC_STATE },
	[METRIC_ACCOUNTS_MADE]   = { "ACCOUNTS_MADE",   METRIC_COUNT },
	[METRIC_BUNDLES_TAKEN]   = { "BUNDLES_TAKEN",   METRIC_COUNT },
	[METRIC_MAILBOXES_MADE]  = { "MAILBOXES_MADE",  METRIC_COUNT },
	[METRIC_BLOBS_STORED]    = { "BLOBS_STORED",    METRIC_COUNT },
	[METRIC_BLOBS_FETCHED]   = { "BLOBS_FETCHED",   METRIC_COUNT },
	[METRIC_SESSIONS]        = { "SESSIONS",        METRIC_STATE },
	[METRIC_SESSIONS_OPENED] = { "SESSIONS_OPENED", METRIC_COUNT },
	[METRIC_PUSHES]          = { "PUSHES",          METRIC_COUNT },
	[METRIC_GAPS]            = { "GAPS",            METRIC_COUNT },
};
/* clang-format on */

void metrics_problem_field(char out[JOURNAL_FIELD], int problem)
{
	const char *slug = strrchr(problem_text(problem)->urn, ':') + 1;

	snprintf(out, JOURNAL_FIELD, "REFUSED_%s", slug);
	for (char *c = out; *c; c++)
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
}

void metrics_since(struct metrics *out, const struct metrics *now, const struct metrics *before)
{
	for (int i = 0; i < METRICS; i++)
		out->value[i] = now->value[i] -
				(metric_rows[i].kind == METRIC_COUNT ? before->value[i] : 0);
	for (int i = 0; i < PROBLEMS; i++)
		out->problems[i] = now->problems[i] - before->problems[i];
}

static void add(struct journal_counts *list, const char *field, uint64_t value)
{
	struct journal_count *count = &list->list[list->n];

	if (!value || list->n == JOURNAL_COUNTS)
		return;
	snprintf(count->field, sizeof count->field, "%s", field);
	count->value = value;
	list->n++;
}

void metrics_list(struct journal_counts *out, const struct metrics *metrics)
{
	char field[JOURNAL_FIELD];

	out->n = 0;
	for (int i = 0; i < METRICS; i++)
		add(out, metric_rows[i].field, metrics->value[i]);
	for (int i = PROBLEM_NONE + 1; i < PROBLEMS; i++) {
		metrics_problem_field(field, i);
		add(out, field, metrics->problems[i]);
	}
}
