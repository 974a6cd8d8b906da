/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How many challenges were solved of late, and how much harder the next ones are for it. */
#ifndef SOTTO_PREKEYD_LOAD_H
#define SOTTO_PREKEYD_LOAD_H

#include <stdint.h>

enum { LOAD_BITS_MOST = 12 };

struct load { /* zeroed to begin with */
	uint64_t minute;
	uint64_t now, before; /* solved in this minute and in the one before it */
};

void load_count(struct load *load, uint64_t now_us);

/* One bit for each doubling of `rate` solved a minute, at most LOAD_BITS_MOST. Falls to 0 within
 * two quiet minutes. now_us is a clock that never goes back. */
unsigned load_bits(const struct load *load, uint64_t now_us, uint64_t rate);

#endif
