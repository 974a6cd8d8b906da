/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A request for tokens from a stranger. The input's lines are put into the places of a well-formed
 * body, so that what comes behind the JSON is reached too; what is taken must be evaluated.
 */
#include "libshared/writer.h"
#include "services/prekeyd/prekeyd.h"
#include "services/prekeyd/tokens.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const uint32_t epochs[] = { 0, 1 }; /* counted from today's */

static struct engine *engine_with_keys(void)
{
	static struct engine engine;
	struct token_keys *keys = &engine.token_keys;

	if (keys->n)
		return &engine;
	if (sodium_init() < 0)
		__builtin_trap();
	for (unsigned op = 1; op <= TOKEN_OPERATIONS; op++)
		for (size_t i = 0; i < ARRAY_LEN(epochs); i++) {
			struct token_key *key = &keys->keys[keys->n++];

			key->operation = (enum token_operation)op;
			key->epoch = token_epoch(engine_day()) + epochs[i];
			voprf_key_random(&key->voprf);
		}
	return &engine;
}

/* The next line, or what is left. */
static const char *next(char **at)
{
	char *line = strsep(at, "\n");

	return line ? line : "";
}

static const char *element(void)
{
	static char text[BASE64URL_ROOM(VOPRF_ELEMENT_BYTES)];
	uint8_t point[VOPRF_ELEMENT_BYTES];

	crypto_core_ristretto255_random(point);
	base64url_write(text, point, sizeof point);
	return text;
}

static size_t write_body(char *out, size_t room, char *lines)
{
	const char *operation = next(&lines), *first = next(&lines), *pay = next(&lines);
	size_t n = (size_t)snprintf(out, room, "{\"operation\":%s,\"epoch\":%u,\"blinded\":[%s",
			*operation ? operation : "\"account\"", token_epoch(engine_day()),
			*first ? first : "");

	for (int i = *first ? 1 : 0;
			i < (strstr(operation, "account") || !*operation ? 1 : 32) && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, "%s\"%s\"", i ? "," : "", element());
	if (n < room)
		n += (size_t)snprintf(out + n, room - n, "],\"pay\":%s%s}",
				*pay ? pay
				     : "{\"kind\":\"invite\",\"code\":\"AAECAwQFBgcICQoLDA0ODw\"}",
				next(&lines));
	return n < room ? n : room;
}

static void ask(struct prekeyd *prekeyd, uint8_t *body, size_t len, bool is_signed)
{
	struct request rq = {
		.app = prekeyd, .is_signed = is_signed, .body = body, .body_len = len
	};
	struct reply rp = { 0 };

	if (tokens_ask(&rq, &rq.call.params) == 0) {
		if (rq.call.params.n != 8 || !rq.finish || rq.finish(&rq, &rp) ||
				rp.status != 200 || rp.len != JSON_LARGE_BYTES)
			__builtin_trap();
		reply_clear(&rp);
	}
	if (rq.kept_free)
		rq.kept_free(rq.kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct prekeyd prekeyd = { .engine = engine_with_keys() };
	char *lines = calloc(1, len + 1), *body = calloc(1, JSON_LARGE_BYTES);
	bool is_signed = len && bytes[0] & 1;
	size_t n;

	if (lines && body) {
		if (len)
			memcpy(lines, bytes + 1, len - 1);
		n = write_body(body, JSON_LARGE_BYTES, lines);
		ask(&prekeyd, (uint8_t *)body, n, is_signed);
	}
	free(lines);
	free(body);
	return 0;
}
