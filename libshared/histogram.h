/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Counts of values in buckets that grow with them: exact to 7, then four to an octave, so a
 * percentile is at most a quarter too high. Fixed size, no failure, cleared with { 0 }.
 */
#ifndef SOTTO_HISTOGRAM_H
#define SOTTO_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 128 }; /* the last one takes all from 3 x 2^31 */

struct histogram {
	uint64_t n, most;
	uint32_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The least bound that `percent` of the values do not exceed; 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *h, unsigned percent);

#endif
