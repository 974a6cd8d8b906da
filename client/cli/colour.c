/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Colours, on a terminal that can do them, unless somebody wants none (no-color.org). */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_on(FILE *to)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(none && *none) && term && *term && strcmp(term, "dumb") != 0 && isatty(fileno(to));
}

void paint(FILE *to, enum colour colour, const char *text)
{
	static const char *const codes[] = { "1", "31;1", "32", "33" };
	const bool on = is_on(to);

	if (on)
		fprintf(to, "\033[%sm", codes[colour]);
	fputs(text, to);
	if (on)
		fputs("\033[0m", to);
}
