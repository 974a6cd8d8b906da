/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Signature-Input from a stranger: what is taken is spelled in the one way in which owner_sign
 * spells it. */
#include "libshared/owner.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct owner_request request = { "GET", "/", "?", NULL, 0 };
	const struct key key = { { 1 } };
	CLEANUP(scope_free) char *text = strndup((const char *)bytes, len);
	struct owner_headers headers;
	struct key owner_pub;
	uint8_t nonce[NONCE_BYTES];

	if (!text || owner_parse_input(text, &owner_pub, nonce) != 0)
		return 0;
	if (owner_sign(&headers, &key, &owner_pub, nonce, &request) != 0 ||
			strcmp(headers.input, text) != 0)
		__builtin_trap();
	return 0;
}
