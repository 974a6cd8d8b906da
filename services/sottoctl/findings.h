/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What `sottoctl doctor` and `status` found, each with its remedy. */
#ifndef SOTTO_SOTTOCTL_FINDINGS_H
#define SOTTO_SOTTOCTL_FINDINGS_H

#include "libshared/scope.h"

#include <stdio.h>

enum verdict { VERDICT_GOOD, VERDICT_LOOK, VERDICT_BAD };

/* Exit statuses of both commands. */
enum { STATUS_LOOK = 3, STATUS_BAD = 4 };

struct finding {
	enum verdict verdict;
	char part[16];
	const char *remedy; /* a literal; NULL: good */
	char text[200];
};

struct findings {
	size_t n;
	struct finding list[96]; /* more are left out */
};

void found_good(struct findings *f, const char *part, const char *format, ...) PRINTF_LIKE(3, 4);
void found_look(struct findings *f, const char *part, const char *remedy, const char *format, ...)
		PRINTF_LIKE(4, 5);
void found_bad(struct findings *f, const char *part, const char *remedy, const char *format, ...)
		PRINTF_LIKE(4, 5);

/* A line each, remedies below; as JSON: a list of objects. The exit status. */
int findings_tell(const struct findings *f, FILE *to, int json) MUST_CHECK;

#endif
