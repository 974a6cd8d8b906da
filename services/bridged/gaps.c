/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Counters of publishers. Trusts the broker's plugin to let only daemons publish events and beats.
 */
#include "services/bridged/gaps.h"

#include <stdio.h>
#include <string.h>

static struct publisher *by_boot(struct gaps *gaps, const uint8_t *boot_id)
{
	for (int i = 0; i < PUBLISHERS_MOST; i++)
		if (gaps->publishers[i].used &&
				memcmp(gaps->publishers[i].boot_id, boot_id, 16) == 0)
			return &gaps->publishers[i];
	return NULL;
}

static struct publisher *by_name(struct gaps *gaps, const char *name)
{
	for (int i = 0; i < PUBLISHERS_MOST; i++)
		if (gaps->publishers[i].used && strcmp(gaps->publishers[i].name, name) == 0)
			return &gaps->publishers[i];
	return NULL;
}

/* A free place, or the one that has been silent longest. */
static struct publisher *place(struct gaps *gaps)
{
	struct publisher *oldest = &gaps->publishers[0];

	for (int i = 0; i < PUBLISHERS_MOST; i++) {
		struct publisher *p = &gaps->publishers[i];

		if (!p->used)
			return p;
		if (p->seen_us < oldest->seen_us)
			oldest = p;
	}
	return oldest;
}

static void start(struct publisher *p, const uint8_t *boot_id, uint64_t counter, uint64_t now_us)
{
	*p = (struct publisher){ .used = true, .counter = counter, .seen_us = now_us };
	memcpy(p->boot_id, boot_id, sizeof p->boot_id);
}

bool gaps_event(struct gaps *gaps, const uint8_t boot_id[static 16], uint64_t counter,
		uint64_t now_us)
{
	struct publisher *p = by_boot(gaps, boot_id);
	bool gap;

	if (!p) {
		start(place(gaps), boot_id, counter, now_us);
		return true;
	}
	gap = counter != p->counter + 1;
	p->counter = counter;
	p->seen_us = now_us;
	return gap;
}

bool gaps_beat(struct gaps *gaps, const struct beat *beat, uint64_t now_us)
{
	struct publisher *p = by_boot(gaps, beat->boot_id), *old = by_name(gaps, beat->name);
	bool gap = !p || p->counter != beat->counter;

	if (old && old != p)
		old->used = false; /* that process is gone */
	if (!p) {
		p = place(gaps);
		start(p, beat->boot_id, beat->counter, now_us);
	}
	snprintf(p->name, sizeof p->name, "%s", beat->name);
	p->counter = beat->counter;
	p->seen_us = now_us;
	return gap;
}

bool gaps_tick(struct gaps *gaps, uint64_t now_us)
{
	bool gap = false;

	for (int i = 0; i < PUBLISHERS_MOST; i++) {
		struct publisher *p = &gaps->publishers[i];

		if (p->used && now_us > p->seen_us && now_us - p->seen_us > BEAT_MISSING_US) {
			p->used = false;
			gap = true;
		}
	}
	return gap;
}
