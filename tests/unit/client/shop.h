/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A server that sells tokens and takes them, in this process: it stands where libcurl stands (struct
 * net's carry), so that it can lie and lose what no honest server would.
 */
#ifndef SOTTO_TEST_SHOP_H
#define SOTTO_TEST_SHOP_H

#include "client/lib/issue.h"
#include "client/lib/sync.h"
#include "libshared/work.h"
#include "tests/unit/client/people.h"

#include <jansson.h>

enum { SHOP_MOST = 64, SHOP_BITS = 6 };

struct shop_visit {
	char path[96];
	char circuit[33]; /* as SOCKS user name */
	bool is_signed, has_token;
	uint8_t token[TOKEN_BYTES], body_hash[HASH_BYTES];
};

struct shop {
	struct voprf_key keys[TOKEN_OPERATIONS + 1];
	uint32_t epoch;
	const char *registration;
	uint8_t invite[INVITE_CODE_BYTES];
	unsigned bits;
	int invites_left, allowance_left; /* batches */
	bool two_faced, other_key, takes_nothing;
	const char *lose; /* the answer to this path is lost, once */
	int refuse_with;  /* of what is paid for, once */
	uint8_t issued[SHOP_MOST][HASH_BYTES];
	int n_issued;
	struct shop_visit visits[SHOP_MOST];
	int n;
	uint8_t server_key[KEY_BYTES]; /* of all daemons */
	struct key nonce_key;
};

static inline void shop_open(struct shop *s)
{
	memset(s, 0, sizeof *s);
	for (int i = 1; i <= TOKEN_OPERATIONS; i++)
		voprf_key_random(&s->keys[i]);
	s->epoch = 700;
	s->bits = SHOP_BITS;
	s->registration = "invite";
	s->invites_left = s->allowance_left = 1;
	randombytes_buf(s->invite, sizeof s->invite);
	key_random(&s->nonce_key);
	{
		CLEANUP(key_pair_wipe) struct key_pair pair;

		key_pair_random(&pair);
		memcpy(s->server_key, pair.pub.b, KEY_BYTES);
	}
}

static inline void shop_renew_keys(struct shop *s)
{
	for (int i = 1; i <= TOKEN_OPERATIONS; i++)
		voprf_key_random(&s->keys[i]);
	s->epoch++;
}

static inline int shop_say(struct answer *out, long status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	ck_assert_ptr_nonnull(text);
	out->status = status;
	out->body = (uint8_t *)text;
	out->len = strlen(text);
	memset(out->nonce, 'A', NONCE_TEXT);
	return 0;
}

static inline int shop_problem(struct answer *out, long status, const char *type)
{
	return shop_say(out, status, json_pack("{s:s}", "type", type));
}

static inline json_t *shop_b64(const void *bytes, size_t len)
{
	char text[512];

	base64url_write(text, bytes, len);
	return json_string(text);
}

static inline void shop_bytes(void *out, size_t len, const json_t *json)
{
	const char *text = json_string_value(json);

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(base64url_read(out, len, text, strlen(text)), 0);
}

static inline int shop_describe(struct shop *s, const struct ask *ask, struct answer *out)
{
	char onion[ONION_TEXT + 1];
	json_t *keys = json_array();

	onion_write(onion, ask->onion);
	for (int i = 1; i <= TOKEN_OPERATIONS; i++) {
		struct voprf_key key = s->keys[i];

		if (s->two_faced && strcmp(ask->circuit.purpose, "server again") == 0)
			voprf_key_random(&key);
		json_array_append_new(keys,
				json_pack("{s:s, s:i, s:o}", "operation",
						token_operation_name((enum token_operation)i),
						"epoch", (int)s->epoch, "key",
						shop_b64(key.pub, sizeof key.pub)));
	}
	return shop_say(out, 200,
			json_pack("{s:s, s:{s:s}, s:{s:i, s:i}, s:{s:o, s:o, s:o}, s:o}",
					"registration", s->registration, "onions", "live", onion,
					"ports", "turn", 3478, "mqtt", 1883, "keys", "prekeyd",
					shop_b64(s->server_key, 32), "blobd",
					shop_b64(s->server_key, 32), "bridged",
					shop_b64(s->server_key, 32), "tokens", keys));
}

/* --- selling ---------------------------------------------------------------------------------- */

static inline int shop_challenge(struct shop *s, const struct ask *ask, struct answer *out)
{
	json_t *json = json_loadb(ask->body, ask->body_len, 0, NULL);
	uint8_t challenge[WORK_CHALLENGE_BYTES];
	enum token_operation operation;

	ck_assert_int_eq(token_operation_read(&operation,
					 json_string_value(json_object_get(json, "operation"))),
			0);
	json_decref(json);
	work_challenge(challenge, &s->nonce_key, 0, operation, s->bits);
	return shop_say(out, 200,
			json_pack("{s:o}", "challenge", shop_b64(challenge, sizeof challenge)));
}

static inline bool shop_is_paid(struct shop *s, const json_t *pay, enum token_operation operation)
{
	const char *kind = json_string_value(json_object_get(pay, "kind"));
	uint8_t challenge[WORK_CHALLENGE_BYTES], solution[WORK_SOLUTION_BYTES];
	const struct work_proof proof = { challenge, solution };
	uint8_t code[INVITE_CODE_BYTES];

	if (strcmp(kind, "account") == 0)
		return operation != TOKEN_ACCOUNT && s->allowance_left-- > 0;
	if (strcmp(kind, "invite") == 0) {
		shop_bytes(code, sizeof code, json_object_get(pay, "code"));
		return operation == TOKEN_ACCOUNT && memcmp(code, s->invite, sizeof code) == 0 &&
				s->invites_left-- > 0;
	}
	shop_bytes(challenge, sizeof challenge, json_object_get(pay, "challenge"));
	shop_bytes(solution, sizeof solution, json_object_get(pay, "solution"));
	return work_verify(&proof, &s->nonce_key, 0, operation) == 0;
}

static inline bool shop_sold_before(struct shop *s, const uint8_t hash[static HASH_BYTES])
{
	for (int i = 0; i < s->n_issued; i++)
		if (memcmp(s->issued[i], hash, HASH_BYTES) == 0)
			return true;
	ck_assert_int_lt(s->n_issued, SHOP_MOST);
	memcpy(s->issued[s->n_issued++], hash, HASH_BYTES);
	return false;
}

static inline int shop_evaluate(struct shop *s, const json_t *json, enum token_operation operation,
		struct answer *out)
{
	const json_t *blinded = json_object_get(json, "blinded");
	const size_t n = json_array_size(blinded);
	uint8_t elements[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES];
	uint8_t evaluated[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES], proof[VOPRF_PROOF_BYTES];
	struct voprf_key key = s->keys[operation];
	json_t *list = json_array();

	ck_assert_uint_eq(n, token_batch_size(operation));
	for (size_t i = 0; i < n; i++)
		shop_bytes(elements[i], sizeof elements[i], json_array_get(blinded, i));
	if (s->other_key)
		voprf_key_random(&key);
	ck_assert_int_eq(voprf_evaluate(evaluated[0], proof, &key, elements[0], n), 0);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, shop_b64(evaluated[i], sizeof evaluated[i]));
	return shop_say(out, 200,
			json_pack("{s:o, s:o}", "evaluated", list, "proof",
					shop_b64(proof, sizeof proof)));
}

static inline int shop_sell(struct shop *s, const struct ask *ask, struct answer *out)
{
	CLEANUP(scope_free) char *text = strndup(ask->body, ask->body_len);
	json_t *json = json_loads(text, 0, NULL);
	const json_t *pay = json_object_get(json, "pay");
	enum token_operation operation;
	uint8_t hash[HASH_BYTES];
	int rc;

	ck_assert_uint_eq(ask->body_len, JSON_LARGE_BYTES);
	ck_assert_int_eq(strcmp(json_string_value(json_object_get(pay, "kind")), "account") == 0,
			ask->owner != NULL);
	ck_assert_int_eq(token_operation_read(&operation,
					 json_string_value(json_object_get(json, "operation"))),
			0);
	hash256(hash, ask->body, ask->body_len);
	if (json_integer_value(json_object_get(json, "epoch")) != s->epoch) {
		rc = shop_problem(out, 404, "urn:sotto:problem:not-found");
	} else if (shop_sold_before(s, hash) || shop_is_paid(s, pay, operation)) {
		rc = shop_evaluate(s, json, operation, out);
	} else {
		s->n_issued--;
		rc = shop_problem(out, 402, "urn:sotto:problem:not-paid");
	}
	json_decref(json);
	return rc;
}

/* --- taking ----------------------------------------------------------------------------------- */

static inline enum token_operation shop_price(const struct ask *ask)
{
	if (strncmp(ask->path, "/v1/mailboxes/", 14) == 0)
		return TOKEN_MAILBOX;
	if (strcmp(ask->path, "/v1/blobs") == 0)
		return TOKEN_INBOX;
	if (strcmp(ask->path, "/v1/chunks") == 0)
		return TOKEN_CHUNK;
	return strstr(ask->path, "/bundle") ? TOKEN_PREKEY : TOKEN_ACCOUNT;
}

static inline bool shop_was_shown(const struct shop *s, const struct shop_visit *now)
{
	for (const struct shop_visit *v = s->visits; v < s->visits + s->n; v++)
		if (v != now && v->has_token && memcmp(v->token, now->token, TOKEN_BYTES) == 0 &&
				(strcmp(v->path, now->path) != 0 ||
						memcmp(v->body_hash, now->body_hash, HASH_BYTES)))
			return true;
	return false;
}

static inline int shop_take(struct shop *s, const struct ask *ask, const struct shop_visit *visit,
		struct answer *out)
{
	const struct voprf_key *key = &s->keys[shop_price(ask)];
	uint8_t digest[HASH_BYTES];
	char onion[ONION_TEXT + 1];

	onion_write(onion, ask->onion);
	token_challenge_digest(digest, onion);
	if (visit->has_token) /* one token, two requests: one person */
		ck_assert(!shop_was_shown(s, visit));
	if (!visit->has_token || s->takes_nothing || token_redeem(visit->token, key, digest))
		return shop_problem(out, 401, "urn:sotto:problem:token-required");
	if (s->refuse_with) {
		long status = s->refuse_with;

		s->refuse_with = 0;
		return shop_problem(out, status, "urn:sotto:problem:whatever");
	}
	return shop_say(out, 201, json_object());
}

static inline int shop_serve(struct net *net, const struct ask *ask, struct answer *out)
{
	struct shop *s = net->carrier;
	struct shop_visit *visit = &s->visits[s->n];
	int rc;

	ck_assert_int_lt(s->n++, SHOP_MOST);
	answer_clear(out);
	snprintf(visit->path, sizeof visit->path, "%s", ask->path);
	net_circuit_name(visit->circuit, net, &ask->circuit);
	visit->is_signed = ask->owner != NULL;
	visit->has_token = ask->token != NULL;
	if (ask->token)
		memcpy(visit->token, ask->token, TOKEN_BYTES);
	hash256(visit->body_hash, ask->body, ask->body_len);
	if (strcmp(ask->path, "/v1/server") == 0)
		rc = shop_describe(s, ask, out);
	else if (strcmp(ask->path, "/v1/challenges") == 0)
		rc = shop_challenge(s, ask, out);
	else if (strcmp(ask->path, "/v1/tokens") == 0)
		rc = shop_sell(s, ask, out);
	else
		rc = shop_take(s, ask, visit, out);
	if (s->lose && strcmp(ask->path, s->lose) == 0) {
		s->lose = NULL;
		answer_clear(out);
		return E_NET;
	}
	return rc;
}

static inline int64_t shop_no_time(void)
{
	return 0;
}

/* There is no way to anybody else. */
static inline void shop_connect(struct net *net, struct shop *s)
{
	*net = (struct net){
		.carry = shop_serve, .carrier = s, .fast = true, .up_s = shop_no_time
	};
	key_random(&net->secret);
}

static inline int shop_count(const struct shop *s, const char *path)
{
	int n = 0;

	for (int i = 0; i < s->n; i++)
		n += strcmp(s->visits[i].path, path) == 0;
	return n;
}

#endif
