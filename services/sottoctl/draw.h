/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Pictures of numbers in a terminal: sparklines and bars, of block elements where it has them. */
#ifndef SOTTO_SOTTOCTL_DRAW_H
#define SOTTO_SOTTOCTL_DRAW_H

#include <stdbool.h>
#include <stdio.h>

struct drawing {
	FILE *to;
	unsigned width, height; /* of the terminal, or 100 and 1000 */
	bool colours, blocks;
};

enum tone { TONE_PLAIN, TONE_BOLD, TONE_FAINT, TONE_GRAPH, TONE_GOOD, TONE_WARN, TONE_BAD };

/* What the terminal can do; NO_COLOR, TERM and the locale have a word in it. */
struct drawing drawing_of(FILE *to);

/* Text in a tone. */
void draw_text(const struct drawing *d, enum tone tone, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/* One character a value, from 0 to most; NAN is a gap. */
void draw_spark(const struct drawing *d, const double *values, unsigned n, double most);

/* share (0 to 1) of width characters, in eighths; anything above 0 is seen. */
void draw_bar(const struct drawing *d, enum tone tone, double share, unsigned width);

#endif
