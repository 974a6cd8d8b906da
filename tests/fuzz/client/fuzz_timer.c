/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A time of disappearing messages from a contact: it is bounded, and can be said in words. The file
 * itself is included: the reader is its own. */
#include "client/lib/timer.c" /* NOLINT(bugprone-suspicious-include) */

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	char text[TIMER_TEXT_ROOM];
	struct timer timer;

	if (!exact)
		return 0;
	memcpy(exact, bytes, len); /* exactly len, for the sanitiser */
	if (timer_read(&timer, exact, len) != 0)
		return 0;
	timer_text(text, timer.after_s);
	if (len != TIMER_BYTES || timer.after_s < 0 || timer.after_s > TIMER_MOST_S ||
			strlen(text) + 1 >= TIMER_TEXT_ROOM)
		__builtin_trap();
	return 0;
}
