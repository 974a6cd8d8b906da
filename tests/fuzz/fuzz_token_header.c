/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Authorization from a stranger: what is taken is spelled, but for the case of names, in the one way
 * in which token_header_write spells it; and no stranger makes a token. */
#include "libshared/token.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t secret[VOPRF_SCALAR_BYTES] = { 7 }, digest[HASH_BYTES];
	static const size_t names = sizeof "PrivateToken token=" - 1;
	CLEANUP(scope_free) char *text = strndup((const char *)bytes, len);
	char again[TOKEN_HEADER_ROOM];
	uint8_t token[TOKEN_BYTES];
	struct voprf_key key;

	if (!text || token_header_read(token, text) != 0)
		return 0;
	token_header_write(again, token);
	if (strcasecmp(again, text) != 0 || strcmp(again + names, text + names) != 0)
		__builtin_trap();
	if (sodium_init() < 0 || voprf_key_from_secret(&key, secret) != 0 ||
			token_redeem(token, &key, digest) == 0)
		__builtin_trap();
	return 0;
}
