/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bob's profile by the public functions, with alice in it, who wrote to him. */
#ifndef SOTTO_TEST_OPENED_H
#define SOTTO_TEST_OPENED_H

#include "client/sotto.h"
#include "tests/unit/client/people.h"

#include <stdarg.h>

static struct sotto *opened;
static char heard[512];
static int heard_n;

static inline void note(const char *format, ...) PRINTF_LIKE(1, 2);
static inline void note(const char *format, ...)
{
	const size_t len = strlen(heard);
	va_list args;

	va_start(args, format);
	vsnprintf(heard + len, sizeof heard - len, format, args);
	va_end(args);
	heard_n++;
}

static inline void forget(void)
{
	heard[0] = '\0';
	heard_n = 0;
}

static inline struct sotto_options options_of(const struct person *a)
{
	/* Nobody listens there. */
	return (struct sotto_options){
		.size = sizeof(struct sotto_options), .dir = a->dir, .socks = "127.0.0.1:1"
	};
}

static inline void meet_and_open(void)
{
	struct sotto_options o;

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "one");
	pass(&alice, "bob", &bob, "two");
	o = options_of(&bob);
	ck_assert_int_eq(sotto_open(&opened, &o, "correct horse"), 0);
	forget();
}

static inline void part(void)
{
	sotto_close(opened);
	opened = NULL;
	tear_down();
}

#endif
