/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A text to be said: as it is given or, as "-", from standard input, where no list of processes
 * shows it. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

void text_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int read_all(char **out)
{
	CLEANUP(text_free) char *text = calloc(1, SOTTO_TEXT_MOST + 2);
	size_t n = 0, got;

	if (!text)
		return SOTTO_E_MEMORY;
	while (n <= SOTTO_TEXT_MOST &&
			(got = fread(text + n, 1, SOTTO_TEXT_MOST + 1 - n, stdin)) > 0)
		n += got;
	if (n && n <= SOTTO_TEXT_MOST && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n == 0 || strlen(text) != n)
		return SOTTO_NOT_TEXT;
	*out = STEAL(text);
	return 0;
}

int text_read(char **out, const char *given)
{
	if (strcmp(given, "-") == 0)
		return read_all(out);
	*out = strdup(given);
	return *out ? 0 : SOTTO_E_MEMORY;
}
