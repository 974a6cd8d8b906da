/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* SHA-1 because coturn's convention is that; libsodium has none. */
#include "libshared/turn_credential.h"

#include "libshared/encode.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void turn_credential_make(struct turn_credential *out, const struct key *key, uint64_t expiry_s,
		const uint8_t name[static 16])
{
	char secret[BASE64URL_ROOM(KEY_BYTES)], text[BASE64URL_ROOM(16)];
	uint8_t mac[20];
	unsigned len = sizeof mac;

	base64url_write(text, name, 16);
	base64url_write(secret, key->b, sizeof key->b);
	snprintf(out->user, sizeof out->user, "%llu:%s", (unsigned long long)expiry_s, text);
	HMAC(EVP_sha1(), secret, (int)strlen(secret), (const uint8_t *)out->user, strlen(out->user),
			mac, &len);
	sodium_bin2base64(out->password, sizeof out->password, mac, sizeof mac,
			sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(secret, sizeof secret);
}
