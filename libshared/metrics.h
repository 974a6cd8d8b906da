/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a daemon tells of itself once a minute. To add a number: a name here, its row in metrics.c,
 * and who counts it; sottoctl top finds it by the row. Only counts: nothing about users, and
 * nothing that few users could be told apart by.
 */
#ifndef SOTTO_METRICS_H
#define SOTTO_METRICS_H

#include "libshared/journal.h"
#include "libshared/problem.h"

enum metric {
	METRIC_PERIOD_MS, /* that this record speaks of */
	METRIC_REQUESTS,
	METRIC_SERVED,	       /* 2xx */
	METRIC_REFUSED,	       /* an answer, but not what was wanted: see the problems */
	METRIC_FAILED,	       /* 503 because a part was away or too slow */
	METRIC_LATENCY_P50_US, /* from the whole request to the reply */
	METRIC_LATENCY_P95_US,
	METRIC_LATENCY_P99_US,
	METRIC_LATENCY_MOST_US,
	METRIC_CONNECTIONS,
	METRIC_PARKED,	      /* requests that wait for the database */
	METRIC_DEADLINES,     /* connections and requests ended because they were too slow */
	METRIC_LINES_REFUSED, /* connections without Tor's line */
	METRIC_OVER_REQUESTS, /* of one circuit: see budget.h */
	METRIC_OVER_CONNECTIONS,
	METRIC_OVER_CIRCUITS,
	METRIC_YIELDED,
	METRIC_CALLS, /* of the database's functions */
	METRIC_BATCHES,
	METRIC_BATCH_P50, /* calls in one commit */
	METRIC_BATCH_MOST,
	METRIC_QUEUE_P99, /* calls waiting when a batch was sent */
	METRIC_QUEUE_MOST,
	METRIC_CALLS_FAILED,
	METRIC_CALLS_RETRIED,
	METRIC_DATABASE_UP,
	METRIC_DATABASE_DOWN_S,
	METRIC_BROKER_UP,
	METRIC_BROKER_DOWN_S,
	METRIC_EVENTS_DROPPED, /* that the broker did not take */
	METRIC_EVENTS_PENDING, /* that the broker has not acknowledged */
	METRIC_MEMORY_KB,
	METRIC_PRESSURE, /* enum pressure_level */
	METRIC_MAILBOX_LIMIT,
	METRIC_DISK_FREE_MB,
	METRIC_BLOBS_MB,
	METRIC_ACCOUNTS_MADE,
	METRIC_BUNDLES_TAKEN,
	METRIC_MAILBOXES_MADE,
	METRIC_BLOBS_STORED,
	METRIC_BLOBS_FETCHED,
	METRIC_SESSIONS,
	METRIC_SESSIONS_OPENED,
	METRIC_PUSHES,
	METRIC_GAPS,
	METRICS,
};

enum metric_kind {
	METRIC_COUNT, /* since the record before */
	METRIC_STATE, /* now */
	METRIC_SPAN,  /* over the time since the record before: a percentile, a most */
};

struct metric_row {
	const char *field; /* SOTTO_<field> in the journal */
	enum metric_kind kind;
};

extern const struct metric_row metric_rows[METRICS];

/* "REFUSED_MAILBOX_FULL": the field that counts replies of a problem. */

void metrics_problem_field(char out[JOURNAL_FIELD], int problem);

struct metrics {
	uint64_t value[METRICS];
	uint64_t problems[PROBLEMS];
};

/* What happened between two sums; states and spans are those of now. */
void metrics_since(struct metrics *out, const struct metrics *now, const struct metrics *before);

/* What is not zero. */
void metrics_list(struct journal_counts *out, const struct metrics *metrics);

#endif
