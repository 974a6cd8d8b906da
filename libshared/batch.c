/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The policy of group commit. Three lists: new calls; parts of batches that failed, which go first;
 * and victims of conflicts, which run alone, in turn with the others, so that nobody waits for an
 * attacker's retries.
 */
#include "libshared/batch.h"

#include <string.h>

void batches_init(struct batches *b, unsigned most_calls, size_t most_bytes)
{
	*b = (struct batches){
		.most_calls = most_calls < BATCH_MOST ? most_calls : BATCH_MOST,
		.most_bytes = most_bytes,
	};
	b->queue_end = &b->queue;
	b->victims_end = &b->victims;
}

static void append(struct call ***end, struct call *call)
{
	call->next = NULL;
	**end = call;
	*end = &call->next;
}

static struct call *pop(struct call **list, struct call ***end)
{
	struct call *call = *list;

	*list = call->next;
	if (!*list)
		*end = list;
	return call;
}

void batches_add(struct batches *b, struct call *call)
{
	call->tries = 0;
	append(&b->queue_end, call);
	b->n_waiting++;
}

bool batches_is_empty(const struct batches *b)
{
	return b->n_waiting == 0;
}

/* Merge sort: stable, so that ties stay in order of arrival. */
static void sort(struct call **calls, struct call **spare, unsigned n)
{
	unsigned half = n / 2, i = 0, j = half;

	if (n < 2)
		return;
	sort(calls, spare, half);
	sort(calls + half, spare, n - half);
	for (unsigned k = 0; k < n; k++) {
		bool left = j == n ||
				(i < half &&
						params_compare(&calls[i]->params,
								&calls[j]->params) <= 0);

		spare[k] = left ? calls[i++] : calls[j++];
	}
	memcpy(calls, spare, n * sizeof *calls);
}

static struct batch *one_victim(struct batches *b, struct batch *batch)
{
	batch->calls[0] = pop(&b->victims, &b->victims_end);
	batch->n = 1;
	return batch;
}

static struct batch *from_queue(struct batches *b, struct batch *batch)
{
	struct call *spare[BATCH_MOST];
	size_t bytes = 0;

	while (b->queue && batch->n < b->most_calls) {
		bytes += params_size(&b->queue->params);
		if (batch->n && bytes > b->most_bytes)
			break;
		batch->calls[batch->n++] = pop(&b->queue, &b->queue_end);
	}
	sort(batch->calls, spare, batch->n);
	return batch;
}

/* Neighbours of a victim first, then victims and new calls in turn: nobody waits for an attacker's
 * retries. */
struct batch *batches_next(struct batches *b)
{
	struct batch *batch = b->again;
	bool victim = !batch && b->victims && (!b->victim_was_last || !b->queue);

	if (batches_is_empty(b))
		return NULL;
	if (batch) {
		b->again = batch->next;
		batch->next = NULL;
	} else {
		batch = calloc(1, sizeof *batch);
		if (!batch)
			return NULL;
		batch = victim ? one_victim(b, batch) : from_queue(b, batch);
	}
	b->victim_was_last = victim;
	b->n_waiting -= batch->n;
	return batch;
}

static void put_again(struct batches *b, struct batch *batch)
{
	b->n_waiting += batch->n;
	batch->next = b->again;
	b->again = batch;
}

static void take_out(struct batch *batch, unsigned index)
{
	batch->n--;
	memmove(&batch->calls[index], &batch->calls[index + 1],
			(batch->n - index) * sizeof batch->calls[0]);
}

static void fail(struct call **out_failed, struct call *call)
{
	call->next = *out_failed;
	*out_failed = call;
}

/* Two halves, each a batch of its own; without memory for the second one they stay together. */
static void bisect(struct batches *b, struct batch *batch)
{
	unsigned half = batch->n / 2;
	struct batch *second = half ? calloc(1, sizeof *second) : NULL;

	if (second) {
		second->n = batch->n - half;
		second->failures = batch->failures;
		memcpy(second->calls, batch->calls + half, second->n * sizeof second->calls[0]);
		batch->n = half;
		put_again(b, second);
	}
	put_again(b, batch);
}

void batches_failed(struct batches *b, struct batch *batch, enum batch_verdict verdict,
		unsigned failed, struct call **out_failed)
{
	batch->failures++;
	if (verdict == BATCH_CALL_CONFLICT && batch->calls[failed]->tries < VICTIM_TRIES) {
		batch->calls[failed]->tries++;
		append(&b->victims_end, batch->calls[failed]);
		b->n_waiting++;
		take_out(batch, failed);
	} else if (verdict != BATCH_SYNC_FAILED) {
		fail(out_failed, batch->calls[failed]);
		take_out(batch, failed);
	}
	if (verdict == BATCH_SYNC_FAILED && batch->n == 1) {
		fail(out_failed, batch->calls[0]);
		batch->n = 0;
	}
	if (batch->n == 0)
		batch_free(batch);
	else if (verdict == BATCH_SYNC_FAILED || batch->failures >= BATCH_FAILURES)
		bisect(b, batch);
	else
		put_again(b, batch);
}

struct call *batches_drain(struct batches *b)
{
	struct call *all = NULL, **end = &all;

	while (b->again) {
		struct batch *batch = b->again;

		b->again = batch->next;
		for (unsigned i = 0; i < batch->n; i++)
			append(&end, batch->calls[i]);
		batch_free(batch);
	}
	while (b->queue)
		append(&end, pop(&b->queue, &b->queue_end));
	while (b->victims)
		append(&end, pop(&b->victims, &b->victims_end));
	b->n_waiting = 0;
	return all;
}

void batch_free(struct batch *batch)
{
	free(batch);
}
