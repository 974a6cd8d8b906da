/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A contact's words about a call: what is taken is written as the same. */
#include "client/lib/call_signal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct call_signal once, twice;
	uint8_t out[CONTENT_TEXT_MOST];

	if (call_signal_read(&once, bytes, len) == 0 &&
			(call_signal_read(&twice, out, call_signal_write(out, &once)) != 0 ||
					memcmp(once.call, twice.call, sizeof once.call) != 0 ||
					strcmp(once.sdp, twice.sdp) != 0))
		__builtin_trap();
	return 0;
}
