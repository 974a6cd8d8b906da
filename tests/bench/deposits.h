/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What both load generators deposit: blobs of random bytes under keys never used before, over
 * mailboxes that `run` made, whose secrets are their numbers. Trusts nobody to be there but `run`;
 * not for anything but measuring.
 */
#ifndef SOTTO_BENCH_DEPOSITS_H
#define SOTTO_BENCH_DEPOSITS_H

#include "libshared/sizes.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_MAILBOXES = 1000, BENCH_KEYS = 1 << 20, BENCH_POOL_BYTES = 1 << 20 };

struct deposits {
	uint8_t (*keys)[BLOB_ID_BYTES]; /* BENCH_KEYS of them */
	uint8_t *pool;			/* every blob is a window of it */
	size_t n_taken;
	uint64_t began_us, warm_us, end_us;
	double prepared_s; /* processor time of what came before */
};

struct deposit {
	uint32_t mailbox;
	const uint8_t *key, *body;
};

static inline uint64_t bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static inline _Noreturn void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static inline void deposits_prepare(struct deposits *d)
{
	*d = (struct deposits){ .keys = malloc(BENCH_KEYS * sizeof *d->keys),
		.pool = malloc(BENCH_POOL_BYTES) };
	if (sodium_init() < 0 || !d->keys || !d->pool)
		bench_fail("no memory");
	randombytes_buf(d->keys, BENCH_KEYS * sizeof *d->keys);
	randombytes_buf(d->pool, BENCH_POOL_BYTES);
}

/* From here on the clock runs; what is answered before warm_us does not count. */
static inline void deposits_begin(struct deposits *d, const char *warm_s, const char *seconds)
{
	d->prepared_s = (double)clock() / CLOCKS_PER_SEC;
	d->began_us = bench_now_us();
	d->warm_us = d->began_us + (uint64_t)(atof(warm_s) * 1e6);
	d->end_us = d->warm_us + (uint64_t)(atof(seconds) * 1e6);
}

static inline struct deposit deposits_next(struct deposits *d)
{
	const uint8_t *key = d->keys[d->n_taken];

	if (++d->n_taken == BENCH_KEYS)
		bench_fail("more deposits than prepared keys");
	return (struct deposit){
		.mailbox = (uint32_t)(key[0] | key[1] << 8 | key[2] << 16) % BENCH_MAILBOXES,
		.key = key,
		.body = d->pool + d->n_taken * 64 % (BENCH_POOL_BYTES - BLOB_BYTES),
	};
}

static inline void deposits_secret(uint8_t out[static DEPOSIT_SECRET_BYTES], uint32_t mailbox)
{
	for (size_t i = 0; i < DEPOSIT_SECRET_BYTES; i++)
		out[i] = 0;
	out[DEPOSIT_SECRET_BYTES - 2] = (uint8_t)(mailbox >> 8);
	out[DEPOSIT_SECRET_BYTES - 1] = (uint8_t)mailbox;
}

static inline int bench_by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* One line for `run`: n waits in microseconds, over the time from warm_us on. */
static inline void bench_report(const struct deposits *d, uint32_t *waits_us, size_t n)
{
	if (!n)
		bench_fail("nothing was deposited");
	qsort(waits_us, n, sizeof *waits_us, bench_by_size);
	printf("{\"rate\": %.1f, \"median_ms\": %.3f, \"p99_ms\": %.1f, \"prepared_s\": %.3f}\n",
			(double)n * 1e6 / (double)(bench_now_us() - d->warm_us),
			waits_us[n / 2] / 1e3, waits_us[n * 99 / 100] / 1e3, d->prepared_s);
}

#endif
