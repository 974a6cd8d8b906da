/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A session description from a contact: what is taken is written in a form that is read again as the
 * same, and names no address but the relay's. */
#include "client/lib/sdp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char once[SDP_WRITTEN_MOST], twice[SDP_WRITTEN_MOST], *text = malloc(len + 1);
	struct sdp sdp, again;

	if (!text)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	memset(&sdp, 0, sizeof sdp);
	if (sdp_candidate(&sdp, text) == 0 && !sdp.relay_port)
		__builtin_trap();
	text = realloc(text, len ? len : 1); /* exactly len, for the sanitiser */
	if (sdp_read(&sdp, text, len) == 0) {
		if (sdp_write(once, &sdp) != strlen(once) ||
				sdp_read(&again, once, strlen(once)) != 0)
			__builtin_trap();
		sdp_write(twice, &again);
		if (strcmp(once, twice) != 0)
			__builtin_trap();
	}
	free(text);
	return 0;
}
