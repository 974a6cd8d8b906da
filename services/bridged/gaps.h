/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Did an event get lost between a publisher and us? Each one numbers its events under a boot id of
 * its process and repeats the last number in a beat. No I/O; time is given.
 */
#ifndef SOTTO_BRIDGED_GAPS_H
#define SOTTO_BRIDGED_GAPS_H

#include <stdbool.h>
#include <stdint.h>

enum { PUBLISHERS_MOST = 32, BEAT_MISSING_US = 15000000 };

struct publisher {
	bool used;
	char name[48]; /* "blobd/1", once a beat told; empty before */
	uint8_t boot_id[16];
	uint64_t counter;
	uint64_t seen_us;
};

struct gaps {
	struct publisher publishers[PUBLISHERS_MOST];
};

/* Each returns true when something may have been lost: live sessions must fetch. */
bool gaps_event(struct gaps *gaps, const uint8_t boot_id[static 16], uint64_t counter,
		uint64_t now_us);
struct beat {
	const char *name;
	const uint8_t *boot_id; /* 16 */
	uint64_t counter;
};
bool gaps_beat(struct gaps *gaps, const struct beat *beat, uint64_t now_us);
bool gaps_tick(struct gaps *gaps, uint64_t now_us); /* a publisher fell silent: told once */

#endif
