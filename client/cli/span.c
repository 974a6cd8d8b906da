/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The smallest unit comes last. */
#include "client/cli/span.h"

#include "libshared/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char unit;
	int64_t s;
} units[] = { { 'w', 7 * 86400 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

enum { MOST = 1000000 };

int64_t span_read(const char *text)
{
	char *end;
	long n;

	if (strcmp(text, "off") == 0)
		return 0;
	n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
	if (n < 1 || n > MOST || !end[0] || end[1])
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (units[i].unit == *end)
			return n * units[i].s;
	return -1;
}

void span_write(char out[static SPAN_ROOM], int64_t s)
{
	size_t i = 0;

	while (s % units[i].s)
		i++;
	if (s == 0)
		snprintf(out, SPAN_ROOM, "off");
	else
		snprintf(out, SPAN_ROOM, "%lld%c", (long long)(s / units[i].s), units[i].unit);
}
