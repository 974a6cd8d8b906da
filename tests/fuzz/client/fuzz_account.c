/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A server's answer about an account: numbers that can be counted on. The file itself is included:
 * the reader is its own. */
#include "client/lib/account.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	const struct answer a = { .body = exact, .len = len };
	struct account out;

	if (!exact)
		return 0;
	memcpy(exact, bytes, len);
	if (read_account(&out, &a) == 0 &&
			(out.generation >= GENERATION_MOST || out.next < 1 || out.left < 0 ||
					out.left > 2 * BUNDLES_PER_PUT))
		__builtin_trap();
	return 0;
}
