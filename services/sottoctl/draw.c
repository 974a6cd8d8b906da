/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Nothing here knows what the numbers are. */
#include "services/sottoctl/draw.h"

#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_LEAST = 60, WIDTH_PLAIN = 100, HEIGHT_PLAIN = 1000, LEVELS = 8 };

/* Each block element is three bytes of UTF-8. */
enum { BLOCK_BYTES = 3 };
static const char levels[] = "▁▂▃▄▅▆▇█", plain_levels[] = "_.:-=+*#";
static const char eighths[] = "▏▎▍▌▋▊▉█";

struct drawing drawing_of(FILE *to)
{
	const char *term = getenv("TERM");
	struct winsize size;
	struct drawing d = { .to = to, .width = WIDTH_PLAIN, .height = HEIGHT_PLAIN };

	if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col) {
		d.width = size.ws_col > WIDTH_LEAST ? size.ws_col : WIDTH_LEAST;
		d.height = size.ws_row;
	}
	d.colours = isatty(fileno(to)) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	d.blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	return d;
}

static void tone_on(const struct drawing *d, enum tone tone)
{
	static const char *const codes[] = { [TONE_PLAIN] = "0",
		[TONE_BOLD] = "1",
		[TONE_FAINT] = "2",
		[TONE_GRAPH] = "36",
		[TONE_GOOD] = "32",
		[TONE_WARN] = "33",
		[TONE_BAD] = "31" };

	if (d->colours && tone != TONE_PLAIN)
		fprintf(d->to, "\033[%sm", codes[tone]);
}

static void tone_off(const struct drawing *d, enum tone tone)
{
	if (d->colours && tone != TONE_PLAIN)
		fputs("\033[0m", d->to);
}

void draw_text(const struct drawing *d, enum tone tone, const char *format, ...)
{
	va_list args;

	tone_on(d, tone);
	va_start(args, format);
	vfprintf(d->to, format, args);
	va_end(args);
	tone_off(d, tone);
}

/* Nothing is the lowest level, and whatever is something is seen above it. */
static unsigned level_of(double value, double most)
{
	unsigned level = 0;

	while (level < LEVELS - 1 && value / most * (LEVELS - 1) > level)
		level++;
	return most > 0 ? level : 0;
}

void draw_spark(const struct drawing *d, const double *values, unsigned n, double most)
{
	const char *glyphs = d->blocks ? levels : plain_levels;
	int bytes = d->blocks ? BLOCK_BYTES : 1;

	tone_on(d, TONE_GRAPH);
	for (unsigned i = 0; i < n; i++)
		if (isnan(values[i]))
			fputc(' ', d->to);
		else
			fprintf(d->to, "%.*s", bytes,
					glyphs + (unsigned)bytes * level_of(values[i], most));
	tone_off(d, TONE_GRAPH);
}

void draw_bar(const struct drawing *d, enum tone tone, double share, unsigned width)
{
	unsigned filled = share > 0 ? (unsigned)(share * width * LEVELS + 0.5) : 0;

	if (share > 0 && !filled)
		filled = 1;
	if (filled > width * LEVELS)
		filled = width * LEVELS;
	tone_on(d, tone);
	for (unsigned i = 0; i < width; i++) {
		unsigned rest = filled > i * LEVELS ? filled - i * LEVELS : 0;

		if (rest > LEVELS)
			rest = LEVELS;
		if (!rest)
			fputc(' ', d->to);
		else if (d->blocks)
			fprintf(d->to, "%.3s", eighths + BLOCK_BYTES * (rest - 1));
		else
			fputc(rest == LEVELS ? '#' : '-', d->to);
	}
	tone_off(d, tone);
}
