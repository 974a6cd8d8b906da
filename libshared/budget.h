/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What one Tor circuit may take of a daemon: some connections at once, and requests from a token
 * bucket. A stranger who wants more must build more circuits, which Tor makes slow and, with its
 * proof of work, dear.
 *
 * The table is bounded. A row goes to another circuit only when it says no more than a fresh one
 * would (nothing open, all tokens back), so nobody's debt is ever forgotten for another's sake. Who
 * finds no such row is turned away. Each row is held by an open connection or by requests, each for
 * the time in which its token comes back: see BUDGET_ROWS_PER_CONNECTION for why strangers do not
 * get that far.
 *
 * A row says nothing any more when its connections have ended and its tokens are back, which takes
 * burst / requests minutes at most. So when tor starts again, and counts circuits from the
 * beginning, what a number inherits is small and soon gone.
 */
#ifndef SOTTO_BUDGET_H
#define SOTTO_BUDGET_H

#include "libshared/scope.h"

#include <stdint.h>

/* Open connections hold a fourth of the table at most. With 2048 of them, and 600 requests a
 * minute, the rest is held by 61440 requests a second: more than a daemon can read. */
enum { BUDGET_ROWS_PER_CONNECTION = 4 };

enum {
	BUDGET_SPENT = 1, /* this circuit has what is its due */
	BUDGET_FULL = 2,  /* no row is free */
};

struct budget;
struct budget_row;

struct budget_options {
	unsigned rows;	      /* circuits known at once */
	unsigned connections; /* of one circuit, at once */
	unsigned requests;    /* of one circuit, a minute; at least 1 */
	unsigned burst;	      /* as many at once, after a rest */
};

int budget_new(struct budget **out, const struct budget_options *options) MUST_CHECK;
void budget_free(struct budget *budget);
DEFINE_CLEANUP(struct budget *, budget_free)

/* A connection of this circuit begins, until budget_leave: 0, BUDGET_SPENT or BUDGET_FULL. now_us
 * is a monotonic clock's. */
int budget_join(struct budget *budget, uint32_t circuit, uint64_t now_us,
		struct budget_row **out) MUST_CHECK;
void budget_leave(struct budget_row *row);

/* One more request: 0 or BUDGET_SPENT, which costs nothing. */
int budget_spend(const struct budget *budget, struct budget_row *row, uint64_t now_us) MUST_CHECK;

#endif
