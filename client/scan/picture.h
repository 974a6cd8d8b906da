/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* PNG and JPEG as grey pixels. Trusts nothing of what it reads. */
#ifndef SOTTO_SCAN_PICTURE_H
#define SOTTO_SCAN_PICTURE_H

#include "libshared/scope.h"

#include <stddef.h>
#include <stdint.h>

enum { PICTURE_BAD = 1, PICTURE_SIDE_MOST = 12000, PICTURE_PIXELS_MOST = 64 << 20 };

struct picture {
	unsigned width, height;
	uint8_t *grey; /* width * height, owned */
};

/* PICTURE_BAD: neither, damaged, or larger than those. */
int picture_read(struct picture *out, const uint8_t *bytes, size_t len) MUST_CHECK;
void picture_clear(struct picture *picture);

#endif
