/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Issuing. The elements are blinded: what comes of them is never seen here, so nothing that is kept
 * of this request leads to a token. The payment is committed first, under the request's hash, and
 * the evaluation, which is the same each time, follows; so a lost reply costs nothing.
 */
#include "services/prekeyd/tokens.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/work.h"
#include "services/prekeyd/prekeyd.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum { HOURS_A_DAY = 24 };
enum { PAY_BY_INVITE = 1, PAY_BY_WORK = 2, PAY_BY_ALLOWANCE = 3 };     /* tokens.sql */
enum { TOKENS_PAID = 0, TOKENS_PAID_BEFORE = 1, TOKENS_NOT_PAID = 3 }; /* tokens.sql */

/* One request, read and checked; ask leaves it for answer and finish. */
struct buying {
	enum token_operation operation;
	const struct token_key *key;
	size_t n;
	uint8_t blinded[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES];
	/* the payment */
	int16_t kind;
	bool open_only; /* pays only where everybody may register */
	int32_t limit, day;
	uint8_t payment[HASH_BYTES];
	uint8_t account[UUID_BYTES];
};

static int read_bytes(void *out, size_t len, const json_t *text)
{
	if (!json_is_string(text))
		return PROBLEM_BAD_REQUEST;
	return base64url_read(out, len, json_string_value(text), json_string_length(text))
			? PROBLEM_BAD_REQUEST
			: 0;
}

static int read_blinded(struct buying *b, const json_t *elements)
{
	b->n = token_batch_size(b->operation);
	if (json_array_size(elements) != b->n)
		return PROBLEM_BAD_REQUEST;
	for (size_t i = 0; i < b->n; i++)
		if (read_bytes(b->blinded[i], VOPRF_ELEMENT_BYTES, json_array_get(elements, i)) ||
				voprf_element_check(b->blinded[i]))
			return PROBLEM_BAD_REQUEST;
	return 0;
}

/* --- what pays ---------------------------------------------------------- */

static int read_invite(struct buying *b, const json_t *pay)
{
	uint8_t code[INVITE_CODE_BYTES];
	int rc = read_bytes(code, sizeof code, json_object_get(pay, "code"));

	if (rc)
		return rc;
	hash256(b->payment, code, sizeof code);
	sodium_memzero(code, sizeof code);
	b->kind = PAY_BY_INVITE; /* its row has limit and day */
	return b->operation == TOKEN_ACCOUNT ? 0 : PROBLEM_NOT_PAID;
}

/* What is refused, for being too old perhaps, goes on with a limit of 0: it may be a repeat. */
static int read_work(struct buying *b, const json_t *pay, const struct key *nonce_key)
{
	uint8_t challenge[WORK_CHALLENGE_BYTES], solution[WORK_SOLUTION_BYTES];
	const struct work_proof proof = { challenge, solution };
	int rc = read_bytes(challenge, sizeof challenge, json_object_get(pay, "challenge"));

	rc = rc ? rc : read_bytes(solution, sizeof solution, json_object_get(pay, "solution"));
	if (rc)
		return rc;
	b->kind = PAY_BY_WORK;
	b->open_only = b->operation != TOKEN_PREKEY && b->operation != TOKEN_INBOX;
	work_hash(b->payment, challenge);
	if (work_verify(&proof, nonce_key, (uint64_t)time(NULL), b->operation) == 0) {
		b->limit = 1;
		b->day = (int32_t)(work_last_hour(challenge) / HOURS_A_DAY);
	}
	return 0;
}

static int read_allowance(struct buying *b, const json_t *pay, const struct engine *engine)
{
	const json_t *uuid = json_object_get(pay, "uuid");
	uint8_t what[UUID_BYTES + 1];

	if (!json_is_string(uuid) ||
			uuid_read(b->account, json_string_value(uuid), json_string_length(uuid)))
		return PROBLEM_BAD_REQUEST;
	memcpy(what, b->account, UUID_BYTES);
	what[UUID_BYTES] = (uint8_t)b->operation;
	hash256(b->payment, what, sizeof what);
	b->kind = PAY_BY_ALLOWANCE;
	b->limit = (int32_t)engine->settings.allowance[b->operation]; /* of accounts: 0 */
	b->day = (int32_t)engine_day();
	return 0;
}

static int read_pay(struct buying *b, const json_t *pay, const struct request *rq)
{
	const struct prekeyd *prekeyd = rq->app;
	const char *kind = json_string_value(json_object_get(pay, "kind"));

	if (!kind)
		return PROBLEM_BAD_REQUEST;
	if (strcmp(kind, "invite") == 0)
		return read_invite(b, pay);
	if (strcmp(kind, "work") == 0)
		return read_work(b, pay, &prekeyd->engine->nonce_key);
	if (strcmp(kind, "account") != 0)
		return PROBLEM_BAD_REQUEST;
	return rq->is_signed ? read_allowance(b, pay, prekeyd->engine) : PROBLEM_UNAUTHORIZED;
}

/* --- the request -------------------------------------------------------- */

static int read_buying(struct buying *b, const json_t *json, const struct request *rq)
{
	const struct prekeyd *prekeyd = rq->app;
	const char *name = json_string_value(json_object_get(json, "operation"));
	const json_t *epoch = json_object_get(json, "epoch");
	int rc;

	if (!name || token_operation_read(&b->operation, name) || !json_is_integer(epoch) ||
			json_integer_value(epoch) < 0 || json_integer_value(epoch) > UINT32_MAX)
		return PROBLEM_BAD_REQUEST;
	rc = read_blinded(b, json_object_get(json, "blinded"));
	if (rc)
		return rc;
	b->key = token_keys_find(&prekeyd->engine->token_keys, b->operation,
			(uint32_t)json_integer_value(epoch), engine_day());
	if (!b->key)
		return PROBLEM_NOT_FOUND;
	return read_pay(b, json_object_get(json, "pay"), rq);
}

static int finish(struct request *rq, struct reply *rp)
{
	const struct buying *b = rq->kept;
	uint8_t evaluated[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES], proof[VOPRF_PROOF_BYTES];
	char text[BASE64URL_ROOM(VOPRF_PROOF_BYTES)];
	json_t *elements;

	if (voprf_evaluate(evaluated[0], proof, &b->key->voprf, b->blinded[0], b->n))
		return E_CRYPTO;
	elements = json_array();
	for (size_t i = 0; i < b->n; i++) {
		base64url_write(text, evaluated[i], VOPRF_ELEMENT_BYTES);
		json_array_append_new(elements, json_string(text));
	}
	base64url_write(text, proof, sizeof proof);
	return reply_json(rp, 200, JSON_LARGE_BYTES,
			json_pack("{s:s, s:I, s:o, s:s}", "operation",
					token_operation_name(b->operation), "epoch",
					(json_int_t)b->key->epoch, "evaluated", elements, "proof",
					text));
}

int tokens_ask(struct request *rq, struct params *p)
{
	struct buying *b = calloc(1, sizeof *b);
	json_t *json = NULL;
	int rc;

	rq->kept = b;
	rq->kept_free = free;
	rq->finish = finish;
	if (!b)
		return E_NOMEM;
	rc = request_json(rq, &json);
	rc = rc ? rc : read_buying(b, json, rq);
	json_decref(json);
	if (rc)
		return rc;
	params_bytes(p, b->payment, sizeof b->payment);
	params_bytes(p, rq->hash, sizeof rq->hash);
	params_i16(p, b->kind);
	params_bool(p, b->open_only);
	params_i32(p, b->limit);
	params_i32(p, b->day);
	params_uuid(p, b->account);
	params_bytes(p, rq->owner.b, sizeof rq->owner.b);
	return 0;
}

int tokens_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct prekeyd *prekeyd = rq->app;
	const struct buying *b = rq->kept;

	(void)rp;
	switch (result_i32(rs, 0, 0)) {
	case TOKENS_PAID:
		if (b->kind == PAY_BY_WORK)
			load_count(&prekeyd->load, engine_now_us(prekeyd->engine));
		return 0;
	case TOKENS_PAID_BEFORE:
		return 0;
	case TOKENS_NOT_PAID:
		return PROBLEM_NOT_PAID;
	}
	return E_BUG;
}
