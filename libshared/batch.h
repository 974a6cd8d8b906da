/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which calls go out together, and what becomes of them when one of them fails (docs/design.md 2.9
 * to 2.11). No I/O: db.c sends what batch_next gives and reports what came back, so the policy can
 * be read and tested alone.
 */
#ifndef SOTTO_BATCH_H
#define SOTTO_BATCH_H

#include "libshared/db.h"

enum { BATCH_MOST = 128, VICTIM_TRIES = 3, BATCH_FAILURES = 3 };

struct batch {
	struct call *calls[BATCH_MOST];
	struct result *results[BATCH_MOST]; /* db.c keeps them here until the commit */
	unsigned n;
	unsigned failures; /* of the batch these calls began in */
	struct batch *next;
};

struct batches {
	struct call *queue, **queue_end; /* waiting, in order of arrival */
	struct call *victims, **victims_end;
	struct batch *again; /* parts of failed batches, before anything new */
	unsigned n_waiting;  /* calls in all three lists */
	unsigned most_calls;
	size_t most_bytes;
	bool victim_was_last; /* so that victims and others take turns */
};

enum batch_verdict {
	BATCH_COMMITTED,
	BATCH_CALL_FAILED,   /* call number `failed`, with its cause */
	BATCH_CALL_CONFLICT, /* call number `failed` was a deadlock's or lock timeout's victim */
	BATCH_SYNC_FAILED,
};

void batches_init(struct batches *b, unsigned most_calls, size_t most_bytes);
void batches_add(struct batches *b, struct call *call);
bool batches_is_empty(const struct batches *b);

/* The next batch to send, or NULL; E_NOMEM is NULL too, to be tried again. Sorted by key, ties by
 * arrival. */
struct batch *batches_next(struct batches *b);

/*
 * What to do with a batch that came back. Calls that are finished are taken out of it and listed,
 * failed, in *out_failed; the others wait again in b. Takes batch unless it was committed.
 */
void batches_failed(struct batches *b, struct batch *batch, enum batch_verdict verdict,
		unsigned failed, struct call **out_failed);

/* Everything that waits, as one list: the connection is lost. */
struct call *batches_drain(struct batches *b);

void batch_free(struct batch *batch);

#endif
