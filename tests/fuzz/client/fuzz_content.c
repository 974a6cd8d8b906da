/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a session's plaintext holds: what is taken is what would be written, and its text may be
 * shown. */
#include "client/lib/content.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	uint8_t again[CONTENT_BYTES_MOST];
	struct content c;

	if (!exact)
		return 0;
	memcpy(exact, bytes, len); /* exactly len, for the sanitiser */
	if (content_read(&c, exact, len) != 0)
		return 0;
	if (content_write(again, &c) != len || memcmp(again, bytes, len) != 0 || c.text[c.text_len])
		__builtin_trap();
	if (c.type == CONTENT_TEXT &&
			(strlen(c.text) != c.text_len || c.part >= c.parts ||
					c.parts > CONTENT_PARTS_MOST))
		__builtin_trap();
	for (size_t most = 4; c.type == CONTENT_TEXT && most < 8; most++)
		if (content_piece_len(c.text, most) > most ||
				!content_is_utf8(c.text, content_piece_len(c.text, most)))
			__builtin_trap();
	return 0;
}
