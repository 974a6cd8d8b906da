/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What does not read to its end is refused: a typo must not become another window. */
#include "services/sottoctl/span.h"

#include "libshared/error.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

int span_read(const char *text, uint64_t *out_us)
{
	static const struct {
		const char *name;
		uint64_t s;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", MINUTE_S }, { "min", MINUTE_S },
		{ "h", HOUR_S }, { "d", DAY_S }, { "w", 7 * DAY_S } };
	uint64_t n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return E_CONFIG;
	n = strtoull(text, &end, 10);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(units[i].name, end) == 0 &&
				n <= (uint64_t)100 * 366 * DAY_S / units[i].s) {
			*out_us = n * units[i].s * SECOND_US;
			return 0;
		}
	return E_CONFIG;
}

static void midnight(struct tm *day)
{
	day->tm_hour = day->tm_min = day->tm_sec = 0;
	day->tm_isdst = -1;
}

/* The local day of now, or another day and time that is written out. */
static bool read_calendar(const char *text, struct tm *tm)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
		"%H:%M:%S", "%H:%M" };
	const struct tm today = *tm;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *end;

		*tm = today;
		midnight(tm);
		end = strptime(text, forms[i], tm);
		if (end && !*end)
			return true;
	}
	return false;
}

uint64_t moment_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

int moment_read(const char *text, uint64_t now_us, uint64_t *out_us)
{
	time_t now_s = (time_t)(now_us / SECOND_US), then_s;
	uint64_t ago_us = 0;
	struct tm tm;

	if (strcmp(text, "now") == 0 || span_read(text + (*text == '-'), &ago_us) == 0) {
		*out_us = ago_us < now_us ? now_us - ago_us : 0;
		return 0;
	}
	localtime_r(&now_s, &tm);
	if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0) {
		midnight(&tm);
		tm.tm_mday -= *text == 'y';
	} else if (!read_calendar(text, &tm)) {
		return E_CONFIG;
	}
	then_s = mktime(&tm);
	if (then_s < 0)
		return E_CONFIG;
	*out_us = (uint64_t)then_s * SECOND_US;
	return 0;
}
