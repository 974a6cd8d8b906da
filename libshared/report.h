/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a daemon says of itself: one metrics record a minute in the journal, and the live numbers in
 * systemd's status line once a second.
 */
#ifndef SOTTO_REPORT_H
#define SOTTO_REPORT_H

#include "libshared/metrics.h"

struct engine;

struct report {
	struct metrics sum;  /* the daemon's files add to the counts that are theirs */
	struct metrics told; /* sum at the last record */
	uint64_t since_us;   /* of the last record */
	uint64_t requests;   /* at the last status line */
};

void report_start(struct engine *engine);

/* Once a second. */
void report_tick(struct engine *engine);

/* The rest of the last minute, at the end. */
void report_end(struct engine *engine);

#endif
