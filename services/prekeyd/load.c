/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A sliding minute out of two counters. */
#include "services/prekeyd/load.h"

enum { MINUTE_US = 60 * 1000 * 1000 };

static struct load at(const struct load *load, uint64_t minute)
{
	if (minute == load->minute)
		return *load;
	return (struct load){ minute, 0, minute == load->minute + 1 ? load->now : 0 };
}

void load_count(struct load *load, uint64_t now_us)
{
	*load = at(load, now_us / MINUTE_US);
	load->now++;
}

unsigned load_bits(const struct load *load, uint64_t now_us, uint64_t rate)
{
	const struct load l = at(load, now_us / MINUTE_US);
	uint64_t left_us = MINUTE_US - now_us % MINUTE_US, /* of the minute before, in our minute */
			solved = l.now + l.before * left_us / MINUTE_US;
	unsigned bits = 0;

	while (bits < LOAD_BITS_MOST && solved >= rate * 2) {
		solved /= 2;
		bits++;
	}
	return bits;
}
