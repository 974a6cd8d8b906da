/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/error.h"
#include "libshared/problem.h"

START_TEST(every_problem_has_a_status_an_urn_and_a_title)
{
	for (int i = 1; i < PROBLEMS; i++) {
		const struct problem_text *p = problem_text(i);

		ck_assert_uint_ge(p->status, 400);
		ck_assert_uint_le(p->status, 599);
		ck_assert_int_eq(strncmp(p->urn, "urn:sotto:problem:", 18), 0);
		ck_assert_uint_gt(strlen(p->title), 0);
	}
}
END_TEST

START_TEST(no_two_problems_share_an_urn)
{
	for (int i = 1; i < PROBLEMS; i++)
		for (int j = i + 1; j < PROBLEMS; j++)
			ck_assert_str_ne(problem_text(i)->urn, problem_text(j)->urn);
}
END_TEST

START_TEST(what_is_no_problem_of_the_catalogue_is_unavailable)
{
	ck_assert_ptr_eq(problem_text(PROBLEM_NONE), problem_text(PROBLEM_UNAVAILABLE));
	ck_assert_ptr_eq(problem_text(PROBLEMS), problem_text(PROBLEM_UNAVAILABLE));
	ck_assert_ptr_eq(problem_text(E_DB), problem_text(PROBLEM_UNAVAILABLE));
	ck_assert_uint_eq(problem_text(PROBLEM_UNAVAILABLE)->status, 503);
}
END_TEST

UNIT("problem", every_problem_has_a_status_an_urn_and_a_title, no_two_problems_share_an_urn,
		what_is_no_problem_of_the_catalogue_is_unavailable)
