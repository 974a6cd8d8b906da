/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A challenge for proof of work. Nothing is remembered of it: its MAC tells that it is ours. How
 * hard it is follows from how many were solved in the last minute.
 */
#include "services/prekeyd/challenges.h"

#include "libshared/encode.h"
#include "libshared/work.h"
#include "services/prekeyd/prekeyd.h"

#include <time.h>

static int read_operation(enum token_operation *out, const struct request *rq)
{
	json_t *json = NULL;
	const char *name;
	int rc = request_json(rq, &json);

	if (rc)
		return rc;
	if (json_unpack(json, "{s:s !}", "operation", &name) < 0 || token_operation_read(out, name))
		rc = PROBLEM_BAD_REQUEST;
	json_decref(json);
	return rc;
}

int challenges_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	const struct prekeyd *prekeyd = rq->app;
	const struct engine *engine = prekeyd->engine;
	uint8_t challenge[WORK_CHALLENGE_BYTES];
	char text[BASE64URL_ROOM(WORK_CHALLENGE_BYTES)];
	enum token_operation operation;
	unsigned bits = (unsigned)engine->settings.work_bits +
			load_bits(&prekeyd->load, engine_now_us(engine),
					(uint64_t)engine->settings.work_rate);
	int rc = read_operation(&operation, rq);

	(void)rs;
	if (rc)
		return rc;
	work_challenge(challenge, &engine->nonce_key, (uint64_t)time(NULL), operation, bits);
	base64url_write(text, challenge, sizeof challenge);
	return reply_json(rp, 200, JSON_BYTES, json_pack("{s:s}", "challenge", text));
}
