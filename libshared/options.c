/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads sotto.conf. Trusts the file's owner, but not their typing. */
#include "libshared/options.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MOST = 64, LINE_MOST = 1024 };

static int choice_index(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, " ");

		if (n == len && memcmp(choices, text, n) == 0)
			return i;
		choices += n;
		choices += strspn(choices, " ");
	}
	return -1;
}

static int set_number(const struct option *o, void *at, const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < o->min || value > o->max)
		return E_CONFIG;
	memcpy(at, &value, sizeof value);
	return 0;
}

static int set(const struct option *o, void *out, const char *text)
{
	uint8_t *at = (uint8_t *)out + o->offset;
	int index;

	switch (o->type) {
	case OPTION_TEXT:
		if (strlen(text) >= o->size)
			return E_CONFIG;
		memset(at, 0, o->size);
		memcpy(at, text, strlen(text));
		return 0;
	case OPTION_NUMBER:
		return set_number(o, at, text);
	case OPTION_CHOICE:
		index = choice_index(o->choices, text);
		memcpy(at, &index, sizeof index);
		return index < 0 ? E_CONFIG : 0;
	case OPTION_KEY:
		return base64url_read(at, KEY_BYTES, text, strlen(text)) ? E_CONFIG : 0;
	}
	return E_BUG;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

struct parse {
	const struct options_source *source;
	void *out;
	bool ours; /* the section we are in is the wanted one */
	bool given[OPTIONS_MOST];
};

static int take_value(struct parse *parse, char *line)
{
	char *equals = strchr(line, '=');
	const char *name, *value;

	if (!equals)
		return E_CONFIG;
	*equals = '\0';
	name = trim(line);
	value = trim(equals + 1);
	for (size_t i = 0; i < parse->source->n; i++) {
		const struct option *o = &parse->source->table[i];

		if (strcmp(o->name, name) != 0)
			continue;
		if (parse->given[i])
			return E_CONFIG;
		parse->given[i] = true;
		return set(o, parse->out, value);
	}
	return E_CONFIG;
}

static int take_line(struct parse *parse, char *raw)
{
	char *line = trim(raw);
	size_t len = strlen(line);

	if (!len || *line == '#')
		return 0;
	if (*line != '[')
		return parse->ours ? take_value(parse, line) : 0;
	if (line[len - 1] != ']')
		return E_CONFIG;
	line[len - 1] = '\0';
	parse->ours = strcmp(line + 1, parse->source->section) == 0;
	return 0;
}

static int take_file(struct parse *parse, FILE *file, unsigned *out_line)
{
	char line[LINE_MOST];
	int rc = 0;

	for (*out_line = 1; rc == 0 && fgets(line, sizeof line, file); ++*out_line) {
		if (!strchr(line, '\n') && !feof(file))
			return E_CONFIG; /* longer than any setting */
		rc = take_line(parse, line);
		if (rc)
			return rc;
	}
	return ferror(file) ? E_IO : 0;
}

int options_load(const struct options_source *source, void *out, unsigned *out_line)
{
	struct parse parse = { .source = source, .out = out };
	FILE *file;
	int rc;

	*out_line = 0;
	if (source->n > OPTIONS_MOST)
		return E_BUG;
	for (size_t i = 0; i < source->n; i++)
		if (source->table[i].fallback &&
				set(&source->table[i], out, source->table[i].fallback))
			return E_BUG;
	file = fopen(source->path, "re");
	if (!file)
		return E_IO;
	rc = take_file(&parse, file, out_line);
	fclose(file);
	if (rc)
		return rc;
	*out_line = 0;
	for (size_t i = 0; i < source->n; i++)
		if (!source->table[i].fallback && !parse.given[i])
			return E_CONFIG;
	return 0;
}
