/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A unit test program: tests whose names are facts, and at the end
 *
 *   UNIT("circuit", takes_the_longest_line, refuses_every_truncation)
 */
#ifndef SOTTO_UNIT_H
#define SOTTO_UNIT_H

#include "libshared/scope.h"

#include <check.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_TIMEOUT_S = 120 };

static inline int unit_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *facts = tcase_create(name);
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(facts, tests[i]);
	tcase_set_timeout(facts, UNIT_TIMEOUT_S);
	suite_add_tcase(suite, facts);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT(name, ...)                                                        \
	int main(void)                                                         \
	{                                                                      \
		const TTest *const tests[] = { __VA_ARGS__ };                  \
		return unit_run(name, tests, ARRAY_LEN(tests));                \
	}

/* Whole bytes from lower-case hex; the count must fit. */
static inline void unit_hex(void *out, size_t len, const char *hex)
{
	size_t got = 0;

	ck_assert_int_eq(sodium_hex2bin(out, len, hex, strlen(hex), " \n", &got, NULL), 0);
	ck_assert_uint_eq(got, len);
}

#endif
