/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Settings as a table (sotto.conf(5)): "[section]" lines, "name = value" lines, "#" comments. A
 * program reads the section that is its own.
 */
#ifndef SOTTO_OPTIONS_H
#define SOTTO_OPTIONS_H

#include "libshared/scope.h"

#include <stddef.h>

enum option_type {
	OPTION_TEXT,   /* char[size] */
	OPTION_NUMBER, /* long, between min and max */
	OPTION_CHOICE, /* int: index in the space-separated list `choices` */
	OPTION_KEY,    /* struct key: 32 bytes, base64url */
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset, size;
	const char *fallback; /* as it would be written; NULL: must be given */
	long min, max;
	const char *choices;
};

struct options_source {
	const char *path;
	const char *section;
	const struct option *table;
	size_t n;
};

/*
 * Fills *out from the fallbacks, then from that section of the file; other sections are other
 * readers'. A name that the table does not have, a bad value or a name given twice is E_CONFIG and
 * *out_line says where; so is a missing value, with line 0. E_IO: no such file.
 */
int options_load(const struct options_source *source, void *out, unsigned *out_line) MUST_CHECK;

#endif
