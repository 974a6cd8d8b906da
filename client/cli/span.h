/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Spans of time as people write them: 30s, 5m, 8h, 7d, 4w, or off. */
#ifndef SOTTO_SPAN_H
#define SOTTO_SPAN_H

#include <stdint.h>

enum { SPAN_ROOM = 24 };

/* Seconds, 0 for off; -1: something else. */
int64_t span_read(const char *text);
/* In the largest unit that it is a multiple of. */
void span_write(char out[static SPAN_ROOM], int64_t s);

#endif
