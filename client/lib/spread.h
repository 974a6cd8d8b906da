/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * In which order and at which distance one process reads its mailboxes: drawn anew each time, so
 * that a server sees neither the order in which they were made nor one stroke. It blurs and does
 * not hide (docs/design.md 3.7).
 */
#ifndef SOTTO_SPREAD_H
#define SOTTO_SPREAD_H

#include "libshared/scope.h"

#include <stddef.h>
#include <stdint.h>

enum { SPREAD_GAP_MS = 3000, SPREAD_LEAST_PART = 6, SPREAD_ALL_MS = 20000 };

struct profile;

/* The ids of all mailboxes to be read, owned: free(). Inboxes first, and what belongs to one
 * contact in the order in which it was made: so messages of one person keep theirs. */
int spread_mailboxes(int64_t **out_ids, size_t *out_n, struct profile *profile) MUST_CHECK;

/* Before each of n but the first: 0.5 to 3 s, less where all of them would take more than 20 s. */
int64_t spread_gap_ms(size_t n);

#endif
