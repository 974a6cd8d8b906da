/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* metrics.c: the table, and what a record says. */
#include "libshared/metrics.h"

#include "tests/unit/unit.h"

START_TEST(every_number_has_a_field_of_its_own)
{
	for (int i = 0; i < METRICS; i++) {
		ck_assert_ptr_nonnull(metric_rows[i].field);
		ck_assert_uint_lt(strlen(metric_rows[i].field), JOURNAL_FIELD);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(metric_rows[i].field, metric_rows[j].field);
	}
	ck_assert_uint_le(METRICS + PROBLEMS, JOURNAL_COUNTS);
}
END_TEST

START_TEST(a_problem_is_counted_under_its_name)
{
	char field[JOURNAL_FIELD];

	metrics_problem_field(field, PROBLEM_MAILBOX_FULL);
	ck_assert_str_eq(field, "REFUSED_MAILBOX_FULL");
	metrics_problem_field(field, PROBLEM_NOT_FOUND);
	ck_assert_str_eq(field, "REFUSED_NOT_FOUND");
}
END_TEST

START_TEST(counts_are_differences_and_states_are_not)
{
	struct metrics before = { .value[METRIC_REQUESTS] = 10, .value[METRIC_SESSIONS] = 10 };
	struct metrics now = { .value[METRIC_REQUESTS] = 13, .value[METRIC_SESSIONS] = 4 }, out;

	before.problems[PROBLEM_CONFLICT] = 1;
	now.problems[PROBLEM_CONFLICT] = 3;
	metrics_since(&out, &now, &before);
	ck_assert_uint_eq(out.value[METRIC_REQUESTS], 3);
	ck_assert_uint_eq(out.value[METRIC_SESSIONS], 4);
	ck_assert_uint_eq(out.problems[PROBLEM_CONFLICT], 2);
}
END_TEST

START_TEST(a_record_names_what_is_not_zero)
{
	struct metrics m = { .value[METRIC_SERVED] = 7 };
	struct journal_counts counts;

	m.problems[PROBLEM_TOO_MANY] = 2;
	metrics_list(&counts, &m);
	ck_assert_uint_eq(counts.n, 2);
	ck_assert_str_eq(counts.list[0].field, "SERVED");
	ck_assert_uint_eq(counts.list[0].value, 7);
	ck_assert_str_eq(counts.list[1].field, "REFUSED_TOO_MANY_REQUESTS");
	ck_assert_uint_eq(counts.list[1].value, 2);
}
END_TEST

UNIT("metrics", every_number_has_a_field_of_its_own, a_problem_is_counted_under_its_name,
		counts_are_differences_and_states_are_not, a_record_names_what_is_not_zero)
