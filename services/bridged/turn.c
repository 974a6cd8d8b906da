/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The credential follows from the token and the hour that the request names, so a repeat gets the
 * same one and nothing is kept. The hour is named by its nonce: a token cannot be shown again for a
 * later credential. coturn learns neither token nor anything else of the caller.
 */
#include "services/bridged/turn.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/turn_credential.h"
#include "services/bridged/bridged.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#define NAME_PURPOSE "sotto turn v1"

enum { HOUR_S = 3600, TURN_PAID = 0, TURN_UNPAID = 4 }; /* turn_pay.sql */

/* Good until the end of the hour after the nonce's. PROBLEM_BAD_REQUEST: the nonce is stale. */
static int read_expiry(
		uint64_t *out, const struct engine *engine, const uint8_t nonce[static NONCE_BYTES])
{
	uint64_t now = (uint64_t)time(NULL);

	for (uint64_t age = 0; age < 2; age++) {
		uint64_t then = now - age * HOUR_S;
		uint8_t good[NONCE_BYTES];

		nonce_at(good, &engine->nonce_key, then);
		if (sodium_memcmp(good, nonce, sizeof good) == 0) {
			*out = (then / HOUR_S + 2) * HOUR_S;
			return 0;
		}
	}
	return PROBLEM_BAD_REQUEST;
}

int turn_ask(struct request *rq, struct params *p)
{
	const struct bridged *bridged = rq->app;
	uint64_t *expiry = malloc(sizeof *expiry);
	uint8_t nonce[NONCE_BYTES];
	const char *text;
	json_t *json = NULL;
	int rc;

	rq->kept = expiry;
	rq->kept_free = free;
	if (!expiry)
		return E_NOMEM;
	rc = request_json(rq, &json);
	if (rc)
		return rc;
	text = json_string_value(json_object_get(json, "nonce"));
	if (!text || base64url_read(nonce, sizeof nonce, text, strlen(text)))
		rc = PROBLEM_BAD_REQUEST;
	json_decref(json);
	rc = rc ? rc : read_expiry(expiry, bridged->engine, nonce);
	if (rc == 0)
		request_payment(rq, p);
	return rc;
}

int turn_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	const struct bridged *bridged = rq->app;
	const uint64_t *expiry = rq->kept;
	struct turn_credential credential = { .user = "" };
	crypto_generichash_state state;
	uint8_t name[16];
	int rc = result_i32(rs, 0, 0);

	if (rc != TURN_PAID)
		return rc == TURN_UNPAID ? PROBLEM_TOKEN_REQUIRED : E_BUG;
	crypto_generichash_init(&state, bridged->turn_key.b, KEY_BYTES, sizeof name);
	crypto_generichash_update(&state, (const uint8_t *)NAME_PURPOSE, sizeof NAME_PURPOSE - 1);
	crypto_generichash_update(&state, rq->token.hash, sizeof rq->token.hash);
	crypto_generichash_final(&state, name, sizeof name);
	turn_credential_make(&credential, &bridged->turn_key, *expiry, name);
	rc = reply_json(rp, 201, JSON_BYTES,
			json_pack("{s:s, s:s}", "user", credential.user, "password",
					credential.password));
	sodium_memzero(&credential, sizeof credential);
	return rc;
}
