/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "libshared/plain.h"

#include <stdint.h>

size_t plain_unwanted(const char *s)
{
	const uint8_t *c = (const uint8_t *)s;

	if ((c[0] && c[0] < 0x20) || c[0] == 0x7f)
		return 1;
	if ((c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c))
		return 2;
	if (c[0] != 0xe2)
		return 0;
	return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
					(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)
			? 3
			: 0;
}
