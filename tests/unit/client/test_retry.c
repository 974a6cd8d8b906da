/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The schedule itself, without waiting for it. */
#include "tests/unit/unit.h"

#include "client/lib/retry.h"

enum { TRIES = 12, DRAWS = 200 };

START_TEST(waits_double_up_to_a_minute_and_begin_anew_after_a_success)
{
	int64_t step_ms = 0, about_ms = 500;

	for (int i = 0; i < TRIES; i++) {
		int64_t wait_ms = retry_wait_ms(&step_ms);

		ck_assert_int_ge(wait_ms, about_ms / 2);
		ck_assert_int_lt(wait_ms, about_ms + about_ms / 2);
		about_ms = about_ms * 2 < 60000 ? about_ms * 2 : 60000;
	}
	ck_assert_int_eq(step_ms, 60000);
	step_ms = 0;
	ck_assert_int_lt(retry_wait_ms(&step_ms), 750);
}
END_TEST

/* That none of so many draws lies in an outer quarter has a probability of 2^-83 each. */
START_TEST(each_wait_is_drawn_from_its_whole_span)
{
	for (int i = 1; i <= TRIES; i++) {
		int64_t least_ms = INT64_MAX, most_ms = 0, step_ms = 0;

		for (int j = 0; j < DRAWS; j++) {
			int64_t wait_ms = 0;

			step_ms = 0;
			for (int k = 0; k < i; k++)
				wait_ms = retry_wait_ms(&step_ms);
			least_ms = wait_ms < least_ms ? wait_ms : least_ms;
			most_ms = wait_ms > most_ms ? wait_ms : most_ms;
		}
		ck_assert_int_lt(least_ms, step_ms * 3 / 4);
		ck_assert_int_ge(most_ms, step_ms * 5 / 4);
	}
}
END_TEST

UNIT("retry", waits_double_up_to_a_minute_and_begin_anew_after_a_success,
		each_wait_is_drawn_from_its_whole_span)
