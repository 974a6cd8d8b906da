/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A server's answer to POST /v1/tokens: what is taken has a whole batch, and only a server that has
 * the key makes tokens of it. The file itself is included: the reader is its own. */
#include "client/lib/issue.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	const struct answer a = { .body = exact, .len = len };

	if (!exact)
		return 0;
	memcpy(exact, bytes, len);
	for (size_t n = 1; n <= TOKEN_BATCH_MOST; n += TOKEN_BATCH_MOST - 1) {
		struct token_answer out = { 0 };

		(void)!answer_read(&out, n, &a);
	}
	return 0;
}
