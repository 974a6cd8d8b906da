/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The policy, as thresholds. */
#include "libshared/pressure.h"

#include "libshared/scope.h"

static const char *const causes[CAUSES] = { "nothing", "disk", "blobs", "memory", "queue" };

/* Above so many percent of the blob budget a mailbox takes so many blobs. */
static const struct {
	unsigned percent;
	long blobs;
} steps[] = { { 95, 20 }, { 85, 50 }, { 70, 200 } };

enum { NEW_PERCENT = 95, ALL_PERCENT = 100 };

static bool is_above(uint64_t part, uint64_t whole, unsigned percent)
{
	return part > whole / 100 * percent;
}

static void judge(struct pressure *p, bool holds, enum pressure_level level,
		enum pressure_cause cause)
{
	if (!holds || level <= p->level)
		return;
	p->level = level;
	p->cause = cause;
}

struct pressure pressure_of(const struct pressure_limits *limits, const struct pressure_measure *m)
{
	struct pressure p = { PRESSURE_NONE, CAUSE_NOTHING, limits->mailbox_blobs };
	uint64_t reserve = limits->disk_reserve, budget = limits->blob_budget;

	judge(&p, m->disk_free < reserve, PRESSURE_ALL, CAUSE_DISK);
	judge(&p, is_above(m->blobs, budget, ALL_PERCENT), PRESSURE_ALL, CAUSE_BLOBS);
	judge(&p, m->memory > limits->memory / 4 * 5, PRESSURE_ALL, CAUSE_MEMORY);
	judge(&p, m->disk_free < reserve * 2, PRESSURE_NEW, CAUSE_DISK);
	judge(&p, is_above(m->blobs, budget, NEW_PERCENT), PRESSURE_NEW, CAUSE_BLOBS);
	judge(&p, m->memory > limits->memory, PRESSURE_NEW, CAUSE_MEMORY);
	judge(&p, m->queue_half_full, PRESSURE_NEW, CAUSE_QUEUE);
	for (size_t i = ARRAY_LEN(steps); i-- > 0;)
		if (is_above(m->blobs, budget, steps[i].percent) &&
				steps[i].blobs < p.mailbox_blobs)
			p.mailbox_blobs = steps[i].blobs;
	return p;
}

bool pressure_is_worse(const struct pressure *a, const struct pressure *b)
{
	return a->level > b->level || a->mailbox_blobs < b->mailbox_blobs;
}

const char *pressure_cause_text(enum pressure_cause cause)
{
	return causes[cause];
}
