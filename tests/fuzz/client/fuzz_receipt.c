/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A receipt from a contact: what is taken is what would be written, and its ranges are bounded. The
 * file itself is included: the reader is its own. */
#include "client/lib/receipts.c" /* NOLINT(bugprone-suspicious-include) */

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	uint8_t again[CONTENT_TEXT_MOST];
	struct receipt receipt;

	if (!exact || len > CONTENT_TEXT_MOST)
		return 0;
	memcpy(exact, bytes, len); /* exactly len, for the sanitiser */
	if (receipt_read(&receipt, exact, len) != 0)
		return 0;
	if (receipt_write(again, &receipt) != len || memcmp(again, bytes, len) != 0)
		__builtin_trap();
	for (int i = 0; i < receipt.n; i++)
		if (receipt.ranges[i].first < 1 || receipt.ranges[i].last < receipt.ranges[i].first)
			__builtin_trap();
	return 0;
}
