/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A change of a message from a contact: what is taken is what would be written, and its text may be
 * shown. The file itself is included: the reader is its own. */
#include "client/lib/change.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	uint8_t again[CONTENT_TEXT_MOST];
	struct change change;

	if (!exact)
		return 0;
	memcpy(exact, bytes, len); /* exactly len, for the sanitiser */
	if (change_read(&change, exact, len) != 0)
		return 0;
	if (change_write(again, &change) != len || memcmp(again, bytes, len) != 0 ||
			!content_is_utf8(change.text, strlen(change.text)))
		__builtin_trap();
	return 0;
}
