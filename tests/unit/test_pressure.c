/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* pressure.c: what is refused, from the first threshold to the last. */
#include "libshared/pressure.h"

#include "tests/unit/unit.h"

static const struct pressure_limits limits = {
	.disk_reserve = 1000, .blob_budget = 10000, .memory = 400, .mailbox_blobs = 1000
};
static const struct pressure_measure easy = { .disk_free = 2000, .blobs = 7000, .memory = 400 };

static struct pressure at(struct pressure_measure m)
{
	return pressure_of(&limits, &m);
}

#define WITH(field, number)                        \
	({                                         \
		struct pressure_measure m_ = easy; \
		m_.field = (number);               \
		at(m_);                            \
	})

START_TEST(on_the_thresholds_everything_is_taken)
{
	struct pressure p = at(easy);

	ck_assert_int_eq(p.level, PRESSURE_NONE);
	ck_assert_int_eq(p.cause, CAUSE_NOTHING);
	ck_assert_int_eq(p.mailbox_blobs, 1000);
}
END_TEST

START_TEST(a_mailbox_takes_less_in_three_steps)
{
	static const struct {
		uint64_t blobs;
		long limit;
	} steps[] = { { 7000, 1000 }, { 7001, 200 }, { 8500, 200 }, { 8501, 50 }, { 9500, 50 },
		{ 9501, 20 }, { 20000, 20 } };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		ck_assert_int_eq(WITH(blobs, steps[i].blobs).mailbox_blobs, steps[i].limit);
}
END_TEST

START_TEST(a_step_never_gives_more_than_the_setting)
{
	struct pressure_limits small = limits;
	struct pressure_measure m = easy;

	small.mailbox_blobs = 30;
	m.blobs = 8000;
	ck_assert_int_eq(pressure_of(&small, &m).mailbox_blobs, 30);
	m.blobs = 9600;
	ck_assert_int_eq(pressure_of(&small, &m).mailbox_blobs, 20);
}
END_TEST

START_TEST(each_cause_refuses_new_ones_first_and_deposits_last)
{
	ck_assert_int_eq(WITH(disk_free, 1999).level, PRESSURE_NEW);
	ck_assert_int_eq(WITH(disk_free, 1000).level, PRESSURE_NEW);
	ck_assert_int_eq(WITH(disk_free, 999).level, PRESSURE_ALL);
	ck_assert_int_eq(WITH(disk_free, 999).cause, CAUSE_DISK);
	ck_assert_int_eq(WITH(blobs, 9501).level, PRESSURE_NEW);
	ck_assert_int_eq(WITH(blobs, 10001).level, PRESSURE_ALL);
	ck_assert_int_eq(WITH(blobs, 10001).cause, CAUSE_BLOBS);
	ck_assert_int_eq(WITH(memory, 401).level, PRESSURE_NEW);
	ck_assert_int_eq(WITH(memory, 501).level, PRESSURE_ALL);
	ck_assert_int_eq(WITH(memory, 501).cause, CAUSE_MEMORY);
	ck_assert_int_eq(WITH(queue_half_full, true).level, PRESSURE_NEW);
	ck_assert_int_eq(WITH(queue_half_full, true).cause, CAUSE_QUEUE);
}
END_TEST

START_TEST(the_worst_cause_is_named)
{
	struct pressure_measure m = easy;

	m.disk_free = 1500;
	m.memory = 600;
	ck_assert_int_eq(at(m).level, PRESSURE_ALL);
	ck_assert_int_eq(at(m).cause, CAUSE_MEMORY);
}
END_TEST

START_TEST(without_a_reserve_the_disk_is_no_cause)
{
	struct pressure_limits none = limits;
	struct pressure_measure m = easy;

	none.disk_reserve = 0;
	m.disk_free = 0;
	ck_assert_int_eq(pressure_of(&none, &m).level, PRESSURE_NONE);
}
END_TEST

START_TEST(worse_is_a_higher_level_or_a_lower_limit)
{
	const struct pressure a = { PRESSURE_NONE, CAUSE_NOTHING, 200 },
			      b = { PRESSURE_NONE, CAUSE_NOTHING, 50 },
			      c = { PRESSURE_NEW, CAUSE_DISK, 200 };

	ck_assert(pressure_is_worse(&b, &a));
	ck_assert(pressure_is_worse(&c, &a));
	ck_assert(!pressure_is_worse(&a, &a));
	ck_assert(!pressure_is_worse(&a, &c));
}
END_TEST

UNIT("pressure", on_the_thresholds_everything_is_taken, a_mailbox_takes_less_in_three_steps,
		a_step_never_gives_more_than_the_setting,
		each_cause_refuses_new_ones_first_and_deposits_last, the_worst_cause_is_named,
		without_a_reserve_the_disk_is_no_cause, worse_is_a_higher_level_or_a_lower_limit)
