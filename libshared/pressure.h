/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a daemon refuses before it can no more (docs/design.md 6.8): new accounts, mailboxes and
 * pieces of files first, deposits last; heavy mailboxes before quiet ones. No I/O: overload.c
 * measures.
 */
#ifndef SOTTO_PRESSURE_H
#define SOTTO_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

enum pressure_level {
	PRESSURE_NONE,
	PRESSURE_NEW, /* no new accounts, mailboxes, pieces of files */
	PRESSURE_ALL, /* no deposits either; fetching and acknowledging always goes on */
};

enum pressure_cause { CAUSE_NOTHING, CAUSE_DISK, CAUSE_BLOBS, CAUSE_MEMORY, CAUSE_QUEUE, CAUSES };

struct pressure_limits {
	uint64_t disk_reserve; /* bytes: below twice that NEW, below it ALL; 0: off */
	uint64_t blob_budget;  /* bytes */
	uint64_t memory;       /* bytes of ours: above it NEW, above 5/4 ALL */
	long mailbox_blobs;    /* that a mailbox takes without pressure */
};

struct pressure_measure {
	uint64_t disk_free, blobs, memory; /* bytes */
	bool queue_half_full;		   /* of the database, since the measure before */
};

struct pressure {
	enum pressure_level level;
	enum pressure_cause
			cause; /* of the level; of fewer blobs a mailbox it is always CAUSE_BLOBS */
	long mailbox_blobs;
};

struct pressure pressure_of(const struct pressure_limits *limits, const struct pressure_measure *m);

/* More is refused under a than under b. */
bool pressure_is_worse(const struct pressure *a, const struct pressure *b);

/* "disk"; of CAUSE_NOTHING "nothing". */
const char *pressure_cause_text(enum pressure_cause cause);

#endif
