/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How far long work is, on a terminal's line; and whether it is to end (^C, TERM, HUP). */
#ifndef SOTTO_SOTTOCTL_PROGRESS_H
#define SOTTO_SOTTOCTL_PROGRESS_H

#include "libshared/scope.h"

#include <stdint.h>

struct progress {
	uint64_t total; /* bytes in all; 0: nobody knows */
	uint64_t shown_ms;
};

/* From now on those signals are only noted. */
void progress_begin(struct progress *p, uint64_t total);

/* E_IO once a signal came. */
int progress_step(struct progress *p, const char *what, uint64_t bytes) MUST_CHECK;

/* The line is free again, and signals do what they did. */
void progress_end(const struct progress *p);

/* A line with the seconds, where a person looks on; NULL: it is free again. */
void progress_waited(const char *what, long seconds);

/* Monotonic. */
uint64_t progress_now_ms(void);

#endif
