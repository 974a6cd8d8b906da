/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The main() of a unit test, over Check. Tests are START_TEST functions named as facts; at the end
 * of the file:
 *
 *	UNIT("reader", refuses_every_truncation, remembers_the_first_short_read)
 *
 * With CK_FORK=no they run in this process, for a debugger. No test at all is a failure. What
 * UNIT_LEFT_OUT names is told and not run: tests/roots/run does that where no kernel could run it.
 */
#ifndef SOTTO_UNIT_H
#define SOTTO_UNIT_H

#include "libshared/scope.h"

#include <check.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_TIMEOUT_S = 120 }; /* the sanitisers are slow, and so may the machine be */

static inline bool unit_is_left_out(const char *test)
{
	const char *at = getenv("UNIT_LEFT_OUT");
	size_t len = strlen(test);

	for (; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strncmp(at, test, len) == 0 && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static inline int unit_run(const char *name, const TTest *const *tests, size_t n_tests)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int ran, failed;

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	/* A case for each test, so that a report names it even when it crashes. */
	for (size_t i = 0; i < n_tests; i++) {
		TCase *tc;

		if (unit_is_left_out(tests[i]->name)) {
			printf("left out: %s\n", tests[i]->name);
			continue;
		}
		tc = tcase_create(tests[i]->name);
		tcase_set_timeout(tc, UNIT_TIMEOUT_S);
		tcase_add_test(tc, tests[i]);
		suite_add_tcase(suite, tc);
	}
	srunner_run_all(runner, CK_ENV); /* CK_VERBOSITY; its normal form prints the totals and what
					    failed */
	ran = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return ran > 0 && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT(name, ...)                                         \
	int main(void)                                          \
	{                                                       \
		const TTest *const tests[] = { __VA_ARGS__ };   \
                                                                \
		return unit_run(name, tests, ARRAY_LEN(tests)); \
	}

/* Whole bytes from lower-case hex; the count must fit. */
static inline void unit_hex(void *out, size_t len, const char *hex)
{
	size_t got = 0;

	ck_assert_int_eq(sodium_hex2bin(out, len, hex, strlen(hex), " \n", &got, NULL), 0);
	ck_assert_uint_eq(got, len);
}

#endif
