/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Tokens in requests: what a route makes of a good one, and that nobody learns why one is bad. */
#include "tests/unit/http_bed.h"

#include <time.h>

static struct bed bed;
static struct answer a;

static int tell(struct request *rq, const struct result *rs, struct reply *rp)
{
	static const uint8_t zero[HASH_BYTES];

	(void)rs;
	return reply_json(rp, 200, JSON_BYTES,
			json_pack("{s:b, s:i, s:b}", "paid", rq->is_paid, "epoch",
					(int)rq->token.epoch, "hashed",
					memcmp(rq->hash, zero, sizeof zero) != 0));
}

static const struct route routes[] = {
	{ "POST", "/v1/prekey", AUTH_NONE, PAY_PREKEY, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/chunk", AUTH_NONE, PAY_CHUNK, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/turn", AUTH_NONE, PAY_TURN, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/inbox", AUTH_NONE, PAY_INBOX, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/account", AUTH_NONE, PAY_ACCOUNT, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/mailbox", AUTH_NONE, PAY_MAILBOX, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/owner", AUTH_OWNER, PAY_PREKEY, KEY_NONE, 0, NULL, NULL, tell },
	{ "POST", "/v1/nothing", AUTH_NONE, PAY_NOTHING, KEY_NONE, 0, NULL, NULL, tell },
};

/* Of each operation a key of this epoch, of one that is long over, and of the next. */
static void open_shop(void)
{
	const uint32_t now = token_epoch((uint64_t)time(NULL) / 86400);
	struct token_keys *keys = &bed.token_keys;

	bed_init(&bed);
	for (unsigned op = 1; op <= TOKEN_OPERATIONS; op++) {
		const uint32_t epochs[] = { 1, now, now + 1 };

		for (unsigned i = 0; i < ARRAY_LEN(epochs); i++) {
			struct token_key *key = &keys->keys[keys->n++];

			key->operation = (enum token_operation)op;
			key->epoch = epochs[i];
			voprf_key_random(&key->voprf);
		}
	}
	bed.options.routes = routes;
	bed.options.n_routes = ARRAY_LEN(routes);
	bed_open(&bed);
}

enum age { OVER, NOW, NEXT };

static const struct voprf_key *key_of(enum token_operation operation, enum age age)
{
	return &bed.token_keys.keys[(operation - 1) * 3 + age].voprf;
}

static void mint(uint8_t out[static TOKEN_BYTES], const struct voprf_key *key, const char *onion)
{
	struct token_request request;
	struct token_answer answer = { 0 };
	uint8_t tokens[1][TOKEN_BYTES], digest[HASH_BYTES];

	token_challenge_digest(digest, onion);
	ck_assert_int_eq(token_request_make(&request, 1, key->pub, digest), 0);
	ck_assert_int_eq(voprf_evaluate(answer.evaluated[0], answer.proof, key, request.blinded[0],
					 1),
			0);
	ck_assert_int_eq(token_request_finish(tokens, &request, &answer), 0);
	memcpy(out, tokens[0], TOKEN_BYTES);
}

static const struct answer *post(const char *path, const char *authorization)
{
	char text[1024];

	snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n" HOST "Content-Length: 0\r\n%s%s%s\r\n",
			path, authorization ? "Authorization: " : "",
			authorization ? authorization : "", authorization ? "\r\n" : "");
	a = *bed_ask(&bed, text);
	return &a;
}

static const struct answer *pay(const char *path, const uint8_t token[static TOKEN_BYTES])
{
	char header[TOKEN_HEADER_ROOM];

	token_header_write(header, token);
	return post(path, header);
}

static bool says(const struct answer *answer, const char *what)
{
	return strstr(answer->body, what) != NULL;
}

START_TEST(a_good_token_is_told_to_the_route)
{
	static const char *const paths[] = { "/v1/account", "/v1/prekey", "/v1/mailbox",
		"/v1/inbox", "/v1/chunk", "/v1/turn" };
	uint8_t token[TOKEN_BYTES];

	open_shop();
	for (unsigned op = 1; op <= TOKEN_OPERATIONS; op++) {
		mint(token, key_of((enum token_operation)op, NOW), BED_ONION);
		for (unsigned i = 0; i < ARRAY_LEN(paths); i++) {
			bool fits = i == op - 1, always = strstr("prekeychunkturn", paths[i] + 4);

			pay(paths[i], token);
			check_status(&a, fits || !always ? 200 : 401);
			ck_assert(a.status == 401 ||
					says(&a, fits ? "\"paid\":true" : "\"paid\":false"));
			ck_assert(a.status == 401 ||
					says(&a, fits ? "\"hashed\":true" : "\"hashed\":false"));
		}
	}
	pay("/v1/nothing", token);
	ck_assert(says(&a, "\"paid\":false"));
	bed_close(&bed);
}
END_TEST

START_TEST(whatever_is_wrong_with_a_token_the_answer_is_the_same)
{
	static const char *const malformed[] = { "", "Basic eDp5", "PrivateToken",
		"PrivateToken token=", "PrivateToken token=\"\"", "PrivateToken token=\"AAUA\"",
		"PrivateToken key=\"AAUA\"" };
	static struct answer first;
	uint8_t token[TOKEN_BYTES];

	open_shop();
	post("/v1/prekey", NULL);
	check_status(&a, 401);
	ck_assert(says(&a, "urn:sotto:problem:token-required"));
	first = a;
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		post("/v1/prekey", malformed[i]);
		ck_assert_uint_eq(a.len, first.len);
		ck_assert_mem_eq(a.bytes, first.bytes, first.len);
	}
	for (unsigned i = 0; i < 6; i++) {
		struct voprf_key stranger;

		voprf_key_random(&stranger);
		if (i == 0)
			mint(token, key_of(TOKEN_PREKEY, OVER), BED_ONION);
		else if (i == 1)
			mint(token, key_of(TOKEN_PREKEY, NEXT), BED_ONION);
		else if (i == 2)
			mint(token, key_of(TOKEN_INBOX, NOW), BED_ONION);
		else if (i == 3)
			mint(token, &stranger, BED_ONION);
		else
			mint(token, key_of(TOKEN_PREKEY, NOW), i == 4 ? "b" BED_ONION : BED_ONION);
		if (i == 5)
			token[TOKEN_BYTES - 1] ^= 1;
		pay("/v1/prekey", token);
		ck_assert_uint_eq(a.len, first.len);
		ck_assert_mem_eq(a.bytes, first.bytes, first.len);
	}
	bed_close(&bed);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	char header[TOKEN_CHALLENGE_ROOM];

	open_shop();
	token_challenge_header_write(header, BED_ONION, key_of(TOKEN_CHUNK, NOW)->pub);
	post("/v1/chunk", NULL);
	ck_assert_ptr_nonnull(strstr(a.head, header));
	ck_assert_ptr_nonnull(strstr(a.head, "WWW-Authenticate: PrivateToken challenge=\""));
	bed_close(&bed);
}
END_TEST

START_TEST(the_owner_is_judged_first)
{
	uint8_t token[TOKEN_BYTES];

	open_shop();
	mint(token, key_of(TOKEN_PREKEY, NOW), BED_ONION);
	pay("/v1/owner", token);
	check_status(&a, 401);
	ck_assert(says(&a, "urn:sotto:problem:unauthorized"));
	ck_assert_ptr_null(strstr(a.head, "WWW-Authenticate"));
	post("/v1/owner", NULL);
	ck_assert(says(&a, "urn:sotto:problem:unauthorized"));
	bed_close(&bed);
}
END_TEST

/* bridged without keys for an operation, say: refused, without saying what would help. */
START_TEST(without_a_key_nothing_is_taken)
{
	bed_init(&bed);
	bed.options.routes = routes;
	bed.options.n_routes = ARRAY_LEN(routes);
	bed_open(&bed);
	post("/v1/turn", NULL);
	check_status(&a, 401);
	ck_assert_ptr_null(strstr(a.head, "WWW-Authenticate"));
	bed_close(&bed);
}
END_TEST

UNIT("payment", a_good_token_is_told_to_the_route,
		whatever_is_wrong_with_a_token_the_answer_is_the_same, what_is_missing_is_named,
		the_owner_is_judged_first, without_a_key_nothing_is_taken)
