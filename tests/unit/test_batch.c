/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The policy of group commit without a database: what goes out together, and who waits for whom
 * after a failure. */
#include "libshared/batch.h"

#include "tests/unit/unit.h"

enum { CALLS = 300 };

static struct batches b;
static struct call calls[CALLS];
static uint8_t keys[CALLS];
static struct call *failed;

static void setup(void)
{
	batches_init(&b, BATCH_MOST, 4 << 20);
	failed = NULL;
	for (unsigned i = 0; i < CALLS; i++)
		keys[i] = (uint8_t)i;
}

static struct call *add(unsigned i)
{
	if (!b.queue_end)
		setup();
	params_bytes(&calls[i].params, &keys[i], 1);
	batches_add(&b, &calls[i]);
	return &calls[i];
}

static void add_range(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		add(i);
}

static struct batch *next(unsigned n)
{
	struct batch *batch = batches_next(&b);

	ck_assert_ptr_nonnull(batch);
	ck_assert_uint_eq(batch->n, n);
	return batch;
}

static void expect_next(unsigned n, unsigned first)
{
	struct batch *batch = next(n);

	ck_assert_ptr_eq(batch->calls[0], &calls[first]);
	batch_free(batch);
}

static void come_back(struct batch *batch, enum batch_verdict verdict, unsigned index)
{
	batches_failed(&b, batch, verdict, index, &failed);
}

static unsigned n_failed(void)
{
	unsigned n = 0;

	for (struct call *c = failed; c; c = c->next)
		n++;
	return n;
}

START_TEST(a_batch_is_sorted_and_ties_stay_in_order)
{
	struct batch *batch;

	setup();
	for (unsigned i = 0; i < 100; i++)
		keys[i] = (uint8_t)(i * 37 % 10);
	add_range(0, 100);
	batch = next(100);
	for (unsigned i = 1; i < 100; i++) {
		int order = params_compare(&batch->calls[i - 1]->params, &batch->calls[i]->params);

		ck_assert_int_le(order, 0);
		ck_assert(order < 0 || batch->calls[i - 1] < batch->calls[i]);
	}
	batch_free(batch);
	ck_assert(batches_is_empty(&b));
}
END_TEST

START_TEST(a_batch_ends_at_so_many_calls)
{
	add_range(0, 200);
	expect_next(128, 0);
	expect_next(72, 128);
	ck_assert_ptr_null(batches_next(&b));
}
END_TEST

START_TEST(a_batch_ends_at_so_many_bytes_but_takes_one_call)
{
	static const uint8_t large[100];

	batches_init(&b, BATCH_MOST, 90);
	for (unsigned i = 0; i < 2; i++) {
		params_bytes(&calls[i].params, large, sizeof large);
		batches_add(&b, &calls[i]);
	}
	expect_next(1, 0);
	expect_next(1, 1);
}
END_TEST

START_TEST(one_failing_call_is_answered_alone_and_the_others_go_again_as_one)
{
	struct batch *batch;

	add_range(0, 10);
	batch = next(10);
	come_back(batch, BATCH_CALL_FAILED, 4);
	ck_assert_uint_eq(n_failed(), 1);
	ck_assert_ptr_eq(failed, &calls[4]);
	batch = next(9);
	ck_assert_ptr_eq(batch->calls[4], &calls[5]);
	batch_free(batch);
}
END_TEST

START_TEST(a_victim_runs_alone_after_its_neighbours)
{
	add_range(0, 10);
	come_back(next(10), BATCH_CALL_CONFLICT, 3);
	ck_assert_ptr_null(failed);
	expect_next(9, 0);
	expect_next(1, 3);
	ck_assert(batches_is_empty(&b));
}
END_TEST

START_TEST(new_calls_go_between_two_retries_of_a_victim)
{
	add_range(0, 2);
	come_back(next(2), BATCH_CALL_CONFLICT, 0);
	expect_next(1, 1);
	add_range(2, 5);
	come_back(next(1), BATCH_CALL_CONFLICT, 0);
	expect_next(3, 2);
	add_range(5, 9);
	come_back(next(1), BATCH_CALL_CONFLICT, 0);
	expect_next(4, 5);
	expect_next(1, 0);
}
END_TEST

START_TEST(a_victim_gives_up_after_three_retries)
{
	add(0);
	for (unsigned i = 0; i < VICTIM_TRIES; i++) {
		come_back(next(1), BATCH_CALL_CONFLICT, 0);
		ck_assert_ptr_null(failed);
	}
	come_back(next(1), BATCH_CALL_CONFLICT, 0);
	ck_assert_ptr_eq(failed, &calls[0]);
	ck_assert(batches_is_empty(&b));
}
END_TEST

START_TEST(many_victims_do_not_hold_up_new_calls)
{
	add_range(0, 20);
	for (unsigned i = 0; i < 20; i++) {
		struct batch *batch = batches_next(&b);

		while (batch->n == 1 && batch->calls[0] != &calls[i]) {
			come_back(batch, BATCH_CALL_CONFLICT, 0);
			batch = batches_next(&b);
		}
		come_back(batch, BATCH_CALL_CONFLICT, 0);
	}
	add_range(20, 23);
	come_back(next(1), BATCH_CALL_CONFLICT, 0);
	expect_next(3, 20);
}
END_TEST

START_TEST(the_third_failure_bisects)
{
	add_range(0, 11);
	come_back(next(11), BATCH_CALL_FAILED, 0);
	come_back(next(10), BATCH_CALL_FAILED, 0);
	come_back(next(9), BATCH_CALL_FAILED, 0);
	ck_assert_uint_eq(n_failed(), 3);
	expect_next(4, 3);
	expect_next(4, 7);
}
END_TEST

START_TEST(the_last_honest_call_outlives_three_bad_ones)
{
	add_range(0, 4);
	for (unsigned n = 4; n > 1; n--)
		come_back(next(n), BATCH_CALL_FAILED, 0);
	ck_assert_uint_eq(n_failed(), 3);
	expect_next(1, 3);
}
END_TEST

/* Call `culprit` fails at commit, wherever it is. */
static unsigned run_until_empty(unsigned culprit)
{
	unsigned n_sent = 0;

	for (struct batch *batch = batches_next(&b); batch; batch = batches_next(&b)) {
		bool bad = false;

		for (unsigned i = 0; i < batch->n; i++)
			bad = bad || batch->calls[i] == &calls[culprit];
		n_sent++;
		if (bad)
			come_back(batch, BATCH_SYNC_FAILED, batch->n);
		else
			batch_free(batch);
	}
	return n_sent;
}

START_TEST(a_failing_sync_is_bisected_to_its_one_culprit)
{
	for (unsigned culprit = 0; culprit < 128; culprit += 9) {
		setup();
		memset(calls, 0, sizeof calls);
		add_range(0, 128);
		ck_assert_uint_eq(run_until_empty(culprit), 15);
		ck_assert_uint_eq(n_failed(), 1);
		ck_assert_ptr_eq(failed, &calls[culprit]);
	}
}
END_TEST

START_TEST(draining_yields_every_call_once)
{
	unsigned n = 0;

	add_range(0, 130);
	come_back(next(128), BATCH_CALL_CONFLICT, 7);
	for (struct call *c = batches_drain(&b); c; c = c->next, n++)
		c->tries = 99;
	ck_assert_uint_eq(n, 130);
	for (unsigned i = 0; i < 130; i++)
		ck_assert_uint_eq(calls[i].tries, 99);
	ck_assert(batches_is_empty(&b));
	ck_assert_ptr_null(batches_next(&b));
}
END_TEST

UNIT("batch", a_batch_is_sorted_and_ties_stay_in_order, a_batch_ends_at_so_many_calls,
		a_batch_ends_at_so_many_bytes_but_takes_one_call,
		one_failing_call_is_answered_alone_and_the_others_go_again_as_one,
		a_victim_runs_alone_after_its_neighbours,
		new_calls_go_between_two_retries_of_a_victim, a_victim_gives_up_after_three_retries,
		many_victims_do_not_hold_up_new_calls, the_third_failure_bisects,
		the_last_honest_call_outlives_three_bad_ones,
		a_failing_sync_is_bisected_to_its_one_culprit, draining_yields_every_call_once)
