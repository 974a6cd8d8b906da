/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whatever stands before a request: a line that is taken is one that Tor could have written, and
 * says so itself. */
#include "libshared/circuit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char again[CIRCUIT_LINE_MOST + 1];
	struct in6_addr address;
	size_t line_len, shorter;
	const uint8_t *a = address.s6_addr;
	unsigned low;

	if (circuit_parse(&address, &line_len, (const char *)bytes, len) != 0)
		return 0;
	low = (unsigned)a[14] << 8 | a[15];
	snprintf(again, sizeof again, "PROXY TCP6 fc00:dead:beef:4dad::%x:%x ::1 %u ",
			(unsigned)a[12] << 8 | a[13], low, low);
	if (line_len > CIRCUIT_LINE_MOST || line_len > len ||
			memcmp(bytes, again, strlen(again)) != 0)
		__builtin_trap();
	for (shorter = 0; shorter < line_len; shorter++)
		if (circuit_parse(&address, &line_len, (const char *)bytes, shorter) !=
				CIRCUIT_MORE)
			__builtin_trap();
	return 0;
}
