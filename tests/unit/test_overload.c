/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* overload.c: which routes are refused. What is measured on a live server: tests/system/test_overload.py. */
#include "libshared/overload.h"

#include "tests/unit/http_bed.h"

static const struct route account = { .pay = PAY_ACCOUNT }, mailbox = { .pay = PAY_MAILBOX },
			  chunk = { .pay = PAY_CHUNK }, deposit = { .pay = PAY_INBOX },
			  fetch = { .pay = PAY_NOTHING };

/* settings with a disk that is never full; the database is never there. */
static struct overload *open_with(struct bed *bed, struct engine_settings *settings, unsigned queue)
{
	const struct db_options db = { .conninfo = "host=/nonexistent", .queue_calls = 1 };
	struct overload_options options = { .settings = settings, .queue_calls = queue };
	struct overload *overload = NULL;

	bed_init(bed);
	settings->memory_mb = 1000000;
	settings->measure_ms = 1000;
	settings->mailbox_limit = 1000;
	if (!*settings->disk_path)
		strcpy(settings->disk_path, "/tmp");
	ck_assert_int_eq(db_new(&bed->db, bed->event, &bed_journal, &db), 0);
	options.db = bed->db;
	if (overload_new(&overload, bed->event, &bed_journal, &options))
		return NULL;
	return overload;
}

static void close_all(struct bed *bed, struct overload *overload)
{
	db_free(bed->db);
	overload_free(overload);
	sd_event_unref(bed->event);
}

START_TEST(at_ease_everything_is_taken)
{
	struct engine_settings settings = { .disk_reserve_mb = 0 };
	struct bed bed;
	struct overload *o = open_with(&bed, &settings, 1000);

	ck_assert_int_eq(overload_admit(o, &account), 0);
	ck_assert_int_eq(overload_admit(o, &mailbox), 0);
	ck_assert_int_eq(overload_admit(o, &chunk), 0);
	ck_assert_int_eq(overload_admit(o, &deposit), 0);
	ck_assert_int_eq(overload_admit(o, &fetch), 0);
	close_all(&bed, o);
}
END_TEST

START_TEST(half_a_queue_refuses_new_ones_and_nobody_else)
{
	struct engine_settings settings = { .disk_reserve_mb = 0 };
	struct bed bed;
	struct overload *o = open_with(&bed, &settings, 0); /* none is already half of it */

	ck_assert_int_eq(overload_admit(o, &account), PROBLEM_OVERLOADED);
	ck_assert_int_eq(overload_admit(o, &mailbox), PROBLEM_OVERLOADED);
	ck_assert_int_eq(overload_admit(o, &chunk), PROBLEM_OVERLOADED);
	ck_assert_int_eq(overload_admit(o, &deposit), 0);
	ck_assert_int_eq(overload_admit(o, &fetch), 0);
	ck_assert(overload_measured(o)->queue_half_full);
	close_all(&bed, o);
}
END_TEST

START_TEST(a_full_disk_is_known_before_the_first_request)
{
	struct engine_settings settings = { .disk_reserve_mb = 1000000000 };
	struct bed bed;
	struct overload *o = open_with(&bed, &settings, 1000);

	ck_assert_int_eq(overload_admit(o, &account), PROBLEM_OVERLOADED);
	ck_assert_int_eq(overload_admit(o, &deposit), PROBLEM_OVERLOADED);
	ck_assert_int_eq(overload_admit(o, &fetch), 0);
	ck_assert_int_eq(overload_now(o)->cause, CAUSE_DISK);
	close_all(&bed, o);
}
END_TEST

START_TEST(it_measures_once_and_then_waits)
{
	struct engine_settings settings = { .disk_reserve_mb = 0 };
	struct bed bed;
	struct overload *o = open_with(&bed, &settings, 1000);
	unsigned turns = 0;

	while (turns < 100 && sd_event_run(bed.event, 0) > 0)
		turns++;
	ck_assert_uint_lt(turns, 100);
	close_all(&bed, o);
}
END_TEST

START_TEST(a_disk_that_is_not_there_is_told)
{
	struct engine_settings settings = { .disk_path = "/nonexistent" };
	struct bed bed;

	ck_assert_ptr_null(open_with(&bed, &settings, 1000));
	close_all(&bed, NULL);
}
END_TEST

UNIT("overload", at_ease_everything_is_taken, half_a_queue_refuses_new_ones_and_nobody_else,
		a_full_disk_is_known_before_the_first_request, it_measures_once_and_then_waits,
		a_disk_that_is_not_there_is_told)
