/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Credentials at the relay for calls, by the REST convention of coturn: user = "<expiry, Unix
 * seconds>:<name>", password = base64 of HMAC-SHA-1 of it under the base64url text of key.
 */
#ifndef SOTTO_TURN_CREDENTIAL_H
#define SOTTO_TURN_CREDENTIAL_H

#include "libshared/key.h"

enum { TURN_USER_MOST = 64, TURN_PASSWORD_TEXT = 28 };

struct turn_credential {
	char user[TURN_USER_MOST + 1], password[TURN_PASSWORD_TEXT + 1];
};

/* name is 16 bytes that say nothing. */
void turn_credential_make(struct turn_credential *out, const struct key *key, uint64_t expiry_s,
		const uint8_t name[static 16]);

#endif
