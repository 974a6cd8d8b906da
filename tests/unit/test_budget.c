/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* budget.c: one circuit's share, and that no number of others takes it away or makes it larger. */
#include "libshared/budget.h"

#include "tests/unit/unit.h"

enum { SECOND_US = 1000000, ROWS = 8 }; /* ten tokens come back a second */

static const uint64_t start_us = 77 * (uint64_t)SECOND_US;

static struct budget *make(void)
{
	const struct budget_options options = {
		.rows = ROWS, .connections = 2, .requests = 600, .burst = 5
	};
	struct budget *budget = NULL;

	ck_assert_int_eq(budget_new(&budget, &options), 0);
	return budget;
}

static struct budget_row *join(struct budget *budget, uint32_t circuit, uint64_t now_us)
{
	struct budget_row *row = NULL;

	ck_assert_int_eq(budget_join(budget, circuit, now_us, &row), 0);
	ck_assert_ptr_nonnull(row);
	return row;
}

static int refused(struct budget *budget, uint32_t circuit, uint64_t now_us)
{
	struct budget_row *row = NULL;
	int rc = budget_join(budget, circuit, now_us, &row);

	ck_assert_ptr_null(row);
	return rc;
}

/* How many requests are granted at this moment. */
static unsigned spend_all(struct budget *budget, struct budget_row *row, uint64_t now_us)
{
	unsigned n = 0;

	while (budget_spend(budget, row, now_us) == 0)
		n++;
	return n;
}

START_TEST(a_burst_and_then_the_rate)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *row = join(budget, 47, start_us);

	ck_assert_uint_eq(spend_all(budget, row, start_us), 5);
	ck_assert_int_eq(budget_spend(budget, row, start_us + SECOND_US / 10 - 1), BUDGET_SPENT);
	ck_assert_uint_eq(spend_all(budget, row, start_us + SECOND_US / 10), 1);
	ck_assert_uint_eq(spend_all(budget, row, start_us + SECOND_US / 2), 4);
	ck_assert_uint_eq(spend_all(budget, row, start_us + 3600 * (uint64_t)SECOND_US), 5);
}
END_TEST

START_TEST(what_is_refused_costs_nothing)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *row = join(budget, 47, start_us);

	spend_all(budget, row, start_us);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(budget_spend(budget, row, start_us), BUDGET_SPENT);
	ck_assert_uint_eq(spend_all(budget, row, start_us + SECOND_US / 10), 1);
}
END_TEST

START_TEST(a_circuit_is_one_over_all_its_connections)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *first = join(budget, 47, start_us);

	ck_assert_uint_eq(spend_all(budget, first, start_us), 5);
	budget_leave(first);
	ck_assert_uint_eq(spend_all(budget, join(budget, 47, start_us), start_us), 0);
	ck_assert_uint_eq(spend_all(budget, join(budget, 48, start_us), start_us), 5);
}
END_TEST

START_TEST(so_many_connections_at_once_and_one_more_when_one_ends)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *row = join(budget, 47, start_us);

	ck_assert_ptr_eq(join(budget, 47, start_us), row);
	ck_assert_int_eq(refused(budget, 47, start_us), BUDGET_SPENT);
	ck_assert_ptr_ne(join(budget, 48, start_us), row);
	budget_leave(row);
	ck_assert_ptr_eq(join(budget, 47, start_us), row);
	ck_assert_int_eq(refused(budget, 47, start_us), BUDGET_SPENT);
	budget_leave(NULL);
}
END_TEST

START_TEST(numbers_that_fall_into_one_chain_are_told_apart)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *rows[ROWS];

	for (uint32_t i = 0; i < ROWS; i++) {
		rows[i] = join(budget, 5 + i * ROWS, start_us);
		spend_all(budget, rows[i], start_us);
		budget_leave(rows[i]);
	}
	/* All have their tokens back: 3 from the middle of the chain become others'. */
	for (uint32_t i = 0; i < 3; i++)
		join(budget, i, start_us + SECOND_US);
	for (uint32_t i = 3; i < ROWS; i++)
		ck_assert_ptr_eq(join(budget, 5 + i * ROWS, start_us + SECOND_US), rows[i]);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_int_eq(refused(budget, 5 + i * ROWS, start_us + SECOND_US), BUDGET_FULL);
}
END_TEST

START_TEST(a_full_table_turns_newcomers_away_and_serves_whom_it_knows)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *rows[ROWS];

	for (uint32_t i = 0; i < ROWS; i++)
		rows[i] = join(budget, i, start_us);
	ck_assert_int_eq(refused(budget, ROWS, start_us), BUDGET_FULL);
	ck_assert_uint_eq(spend_all(budget, rows[3], start_us), 5);
	join(budget, 4, start_us);
	budget_leave(rows[7]);
	ck_assert_ptr_eq(join(budget, ROWS, start_us), rows[7]);
}
END_TEST

/* However many circuits come and go, those that are in debt stay so until it is paid. */
START_TEST(a_debt_is_not_forgotten_for_newcomers)
{
	CLEANUP(budget_free) struct budget *budget = make();
	struct budget_row *row = join(budget, 47, start_us);

	ck_assert_uint_eq(spend_all(budget, row, start_us), 5);
	budget_leave(row);
	for (uint32_t i = 100; i < 100000; i++)
		budget_leave(join(budget, i, start_us + SECOND_US / 4));
	row = join(budget, 47, start_us + SECOND_US / 4);
	ck_assert_uint_eq(spend_all(budget, row, start_us + SECOND_US / 4), 2);
	/* With all rows in debt newcomers are refused, until the first one is paid. */
	budget_leave(row);
	for (uint32_t i = 0; i < ROWS - 1; i++) {
		row = join(budget, i, start_us + SECOND_US / 4);
		ck_assert_int_eq(budget_spend(budget, row, start_us + SECOND_US / 4), 0);
		budget_leave(row);
	}
	ck_assert_int_eq(refused(budget, 200, start_us + SECOND_US / 4), BUDGET_FULL);
	join(budget, 200, start_us + SECOND_US / 4 + SECOND_US / 10);
}
END_TEST

UNIT("budget", a_burst_and_then_the_rate, what_is_refused_costs_nothing,
		a_circuit_is_one_over_all_its_connections,
		so_many_connections_at_once_and_one_more_when_one_ends,
		numbers_that_fall_into_one_chain_are_told_apart,
		a_full_table_turns_newcomers_away_and_serves_whom_it_knows,
		a_debt_is_not_forgotten_for_newcomers)
