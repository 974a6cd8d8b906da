/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bucket i < 8 holds the value i; bucket 4 k + j holds the quarter j of the octave from 2^(k+1). */
#include "libshared/histogram.h"

static unsigned bucket_of(uint64_t value)
{
	unsigned octave, bucket;

	if (value < 8)
		return (unsigned)value;
	octave = 63 - (unsigned)__builtin_clzll(value);
	bucket = (octave - 1) * 4 + (unsigned)(value >> (octave - 2) & 3);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The highest value of a bucket. */
static uint64_t bound_of(unsigned bucket)
{
	unsigned octave = bucket / 4 + 1;

	if (bucket < 8)
		return bucket;
	return ((uint64_t)(bucket % 4 + 5) << (octave - 2)) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->n++;
	h->counts[bucket_of(value)]++;
	if (value > h->most)
		h->most = value;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned percent)
{
	uint64_t wanted = (h->n * percent + 99) / 100, seen = 0, bound;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		seen += h->counts[i];
		bound = bound_of(i);
		if (seen && seen >= wanted)
			return bound < h->most ? bound : h->most;
	}
	return h->most;
}
