/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What libcurl hands on: bodies in pieces and header lines. A body never grows above its limit, and a
 * nonce is one text of its length or nothing. The file itself is included: these are its own. */
#include "client/lib/net.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The first byte: pieces of a body, or lines. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct answer a = { 0 };
	bool is_body = len && bytes[0] & 1;

	for (size_t at = 1, n; at < len; at += n) {
		const uint8_t *end = memchr(bytes + at, '\n', len - at);
		CLEANUP(scope_free) char *piece = NULL;

		n = end ? (size_t)(end - bytes) - at + 1 : len - at;
		piece = malloc(n);
		if (!piece)
			break;
		memcpy(piece, bytes + at, n); /* exactly n, for the sanitiser */
		if ((is_body ? on_body : on_header)(piece, 1, n, &a) != n &&
				a.len + n <= ANSWER_MOST)
			__builtin_trap();
	}
	if (a.len > ANSWER_MOST || strlen(a.nonce) > NONCE_TEXT)
		__builtin_trap();
	answer_clear(&a);
	return 0;
}
