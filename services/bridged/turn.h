/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/turn: credentials for one side of one call at the relay (coturn). */
#ifndef SOTTO_BRIDGED_TURN_H
#define SOTTO_BRIDGED_TURN_H

#include "libshared/route.h"

enum { TURN_USER_MOST = 64, TURN_PASSWORD_TEXT = 28 };

/*
 * The REST convention of coturn: user = "<expiry, Unix seconds>:<name>", password = base64 of
 * HMAC-SHA-1 of it under the base64url text of key. name is 16 bytes.
 */
struct turn_credential {
	char user[TURN_USER_MOST + 1], password[TURN_PASSWORD_TEXT + 1];
};
void turn_credential_make(struct turn_credential *out, const struct key *key, uint64_t expiry_s,
		const uint8_t name[static 16]);

int turn_ask(struct request *rq, struct params *p);
int turn_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
