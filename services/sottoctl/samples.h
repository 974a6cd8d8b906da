/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The metrics records of a window of time, out of the journal, in columns of equal width: what
 * sottoctl top draws. Bounded, however long the window.
 */
#ifndef SOTTO_SOTTOCTL_SAMPLES_H
#define SOTTO_SOTTOCTL_SAMPLES_H

#include "libshared/metrics.h"
#include "libshared/scope.h"

#include <systemd/sd-journal.h>

DEFINE_CLEANUP(sd_journal *, sd_journal_close)

enum { SAMPLES_COLUMNS = 512, SAMPLES_SOURCES = 16, SAMPLES_EVENTS = 16 };

struct window {
	uint64_t from_us, to_us, step_us; /* wall clock; (to - from) / step columns */
};

/* Counts are summed, states the last ones, spans the highest of the records. */
struct column {
	unsigned n; /* records; 0: nothing is known of that time */
	struct metrics sum;
};

struct source { /* one instance of a daemon */
	char daemon[16], instance[16];
	struct column total;
	struct column columns[SAMPLES_COLUMNS];
};

struct happening { /* an event that is not "metrics" */
	uint64_t at_us;
	int priority;
	char daemon[16], instance[16], event[24], text[256];
};

struct samples {
	struct window window;
	unsigned n_columns, n_sources, n_events;
	struct source sources[SAMPLES_SOURCES];	 /* by daemon and instance */
	struct happening events[SAMPLES_EVENTS]; /* the last ones, newest first */
};

/* A directory of journal files, or NULL: this machine's. Told on standard error when it fails. */
int samples_open(sd_journal **out, const char *directory) MUST_CHECK;

/* When the last such event was. E_IO: there is none. */
int samples_last(sd_journal *journal, enum event event, uint64_t *out_at_us) MUST_CHECK;

/* Fills out, which is large: keep it on the heap. */
int samples_read(struct samples *out, sd_journal *journal, const struct window *window) MUST_CHECK;

#endif
