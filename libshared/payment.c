/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a request pays with. A token is redeemed here, in memory; the function that it pays for
 * spends it. Whether there is none, or a malformed, forged or expired one, looks the same from here
 * on.
 */
#include "libshared/http_private.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

static uint64_t today(void)
{
	return (uint64_t)time(NULL) / DAY_S;
}

static void hash_part(crypto_generichash_state *state, const void *bytes, size_t len)
{
	uint8_t prefix[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
		(uint8_t)len };

	crypto_generichash_update(state, prefix, sizeof prefix);
	if (len)
		crypto_generichash_update(state, bytes, len);
}

static void hash_request(struct exchange *ex)
{
	crypto_generichash_state state;
	const char *key = headers_get(ex, "Idempotency-Key");

	crypto_generichash_init(&state, NULL, 0, sizeof ex->rq.hash);
	hash_part(&state, ex->method, strlen(ex->method));
	hash_part(&state, ex->path, strlen(ex->path));
	hash_part(&state, "?", 1);
	hash_part(&state, ex->rq.body, ex->rq.body_len);
	hash_part(&state, key, strlen(key));
	crypto_generichash_final(&state, ex->rq.hash, sizeof ex->rq.hash);
}

/* The others' functions know cases that need no token: a renewal, a mailbox that is no inbox. */
static bool always_pays(enum pay pay)
{
	return pay == PAY_PREKEY || pay == PAY_CHUNK || pay == PAY_TURN;
}

static bool redeem(struct exchange *ex)
{
	const struct http *http = ex->http;
	const struct token_rule rule = { (enum token_operation)ex->rq.route->pay, today(),
		http->token_digest };
	uint8_t token[TOKEN_BYTES];

	return token_header_read(token, headers_get(ex, "Authorization")) == 0 &&
			token_keys_redeem(&ex->rq.token, http->options.token_keys, token, &rule) ==
			0;
}

int payment_take(struct exchange *ex)
{
	const struct route *route = ex->rq.route;

	if (route->pay != PAY_NOTHING)
		ex->rq.is_paid = redeem(ex);
	/* Only those whose repeats are known by it pay for the hash. */
	if (ex->rq.is_paid || route->auth == AUTH_IF_SIGNED)
		hash_request(ex);
	return always_pays(route->pay) && !ex->rq.is_paid ? PROBLEM_TOKEN_REQUIRED : 0;
}

void payment_ask_for(const struct exchange *ex, struct MHD_Response *response)
{
	const struct http_options *options = &ex->http->options;
	const struct token_key *key = token_keys_newest(
			options->token_keys, (enum token_operation)ex->rq.route->pay, today());
	char text[TOKEN_CHALLENGE_ROOM];

	if (!key)
		return;
	token_challenge_header_write(text, options->onion_name, key->voprf.pub);
	MHD_add_response_header(response, "WWW-Authenticate", text);
}
