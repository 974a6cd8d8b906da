/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Trusts the file to have one section, as the one that is made here has. */
#include "services/sottoctl/settings_text.h"

#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

/* The line that sets this name, or NULL. */
static const char *find(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (*text) {
		const char *line = text + strspn(text, " \t");

		if (strncmp(line, name, len) == 0 && line[len + strspn(line + len, " \t")] == '=')
			return line;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

int settings_text_set(char **text, const char *name, const char *value, bool force)
{
	const char *line = find(*text, name);
	const char *rest = line ? line + strcspn(line, "\n") : "\n";
	size_t before = line ? (size_t)(line - *text) : strlen(*text);
	char *out;

	if (line && !force)
		return 0;
	if (asprintf(&out, "%.*s%s = %s%s", (int)before, *text, name, value, rest) < 0)
		return E_NOMEM;
	free(*text);
	*text = out;
	return 0;
}
