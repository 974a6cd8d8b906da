/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Measures what fills (disk, blobs, memory, queue) every few seconds, tells the journal when
 * something begins or ends to be refused, and refuses it. Worse is believed at once, better when it
 * was measured three times.
 */
#ifndef SOTTO_OVERLOAD_H
#define SOTTO_OVERLOAD_H

#include "libshared/db.h"
#include "libshared/pressure.h"
#include "libshared/route.h"
#include "libshared/settings.h"

#include <systemd/sd-event.h>

struct journal;
struct overload;

struct overload_options {
	const struct engine_settings *settings;
	struct db *db;
	const char *count_blobs; /* the function that does; a statement of db's */
	unsigned queue_calls;
};

/* E_CONFIG, told: there is no file system at disk_path. */
int overload_new(struct overload **out, sd_event *event, const struct journal *journal,
		const struct overload_options *options) MUST_CHECK;
void overload_free(struct overload *overload); /* after db */
DEFINE_CLEANUP(struct overload *, overload_free)

/* 0, or PROBLEM_OVERLOADED. */
int overload_admit(struct overload *overload, const struct route *route) MUST_CHECK;

const struct pressure *overload_now(const struct overload *overload);
const struct pressure_measure *overload_measured(const struct overload *overload);

#endif
