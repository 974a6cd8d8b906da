/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A server knows which mailboxes are inboxes, so it learns nothing from their being first. */
#include "client/lib/spread.h"

#include "client/lib/profile.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>

struct one {
	int64_t id, contact; /* contact 0: nobody's yet */
	bool inbox;
};

static void swap(struct one *a, struct one *b)
{
	const struct one kept = *a;

	*a = *b;
	*b = kept;
}

/* Fisher and Yates. */
static void shuffle(struct one *boxes, size_t n)
{
	for (size_t i = n; i > 1; i--)
		swap(&boxes[i - 1], &boxes[randombytes_uniform((uint32_t)i)]);
}

/* What must be read before another one is, is swapped with it. */
static void keep_order(struct one *boxes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			const struct one *a = &boxes[i], *b = &boxes[j];
			const bool same = a->contact && a->contact == b->contact;

			if (b->inbox > a->inbox || (same && b->id < a->id))
				swap(&boxes[i], &boxes[j]);
		}
}

/* *n: as many as there is room for, then as there are. */
static int read_all(struct one *out, size_t *n, sqlite3_stmt *s)
{
	for (size_t i = 0; i < *n; i++)
		switch (sqlite3_step(s)) {
		case SQLITE_ROW:
			out[i] = (struct one){ sqlite3_column_int64(s, 0),
				sqlite3_column_int64(s, 1), sqlite3_column_int(s, 2) != 0 };
			break;
		case SQLITE_DONE: /* another process has ended some */
			*n = i;
			break;
		default:
			return E_IO;
		}
	return 0;
}

#define TO_READ "FROM mailbox WHERE made AND kind < 3"

int spread_mailboxes(int64_t **out_ids, size_t *out_n, struct profile *p)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	CLEANUP(scope_free) struct one *boxes = NULL;
	CLEANUP(scope_free) int64_t *ids = NULL;
	int64_t count;
	size_t n;
	int rc = q_number(&count, p->db, "SELECT count(*) " TO_READ, "");

	rc = rc ? E_IO
		: q_open(&s, p->db,
				  "SELECT id, coalesce(contact, 0), kind = 0 " TO_READ
				  " ORDER BY id LIMIT ?",
				  "i", count);
	if (rc)
		return rc;
	n = (size_t)count;
	boxes = calloc(n + 1, sizeof *boxes);
	ids = calloc(n + 1, sizeof *ids);
	if (!boxes || !ids)
		return E_NOMEM;
	rc = read_all(boxes, &n, s);
	if (rc)
		return rc;
	shuffle(boxes, n);
	keep_order(boxes, n);
	for (size_t i = 0; i < n; i++)
		ids[i] = boxes[i].id;
	*out_ids = STEAL(ids);
	*out_n = n;
	return 0;
}

int64_t spread_gap_ms(size_t n)
{
	const size_t n_gaps = n > 1 ? n - 1 : 1;
	const uint32_t share = (uint32_t)(SPREAD_ALL_MS / n_gaps),
		       most = share < SPREAD_GAP_MS ? share : SPREAD_GAP_MS,
		       least = most / SPREAD_LEAST_PART;

	return least + randombytes_uniform(most - least + 1);
}
