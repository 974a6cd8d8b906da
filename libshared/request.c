/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one way to read a JSON body. Jansson's parser sees a stranger's text only after its outer
 * form and its depth were found harmless.
 */
#include "libshared/route.h"

#include <string.h>

enum { JSON_DEPTH = 4 };

/* Before the parser recurses. */
static bool too_deep(const uint8_t *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > JSON_DEPTH)
				return true;
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return false;
}

void request_payment(const struct request *rq, struct params *p)
{
	params_bytes(p, rq->is_paid ? rq->token.hash : NULL, rq->is_paid ? HASH_BYTES : 0);
	params_bytes(p, rq->is_paid ? rq->hash : NULL, rq->is_paid ? HASH_BYTES : 0);
	params_i32(p, rq->is_paid ? (int32_t)rq->token.epoch : 0);
}

int request_json(const struct request *rq, json_t **out)
{
	size_t len = rq->body_len;
	json_error_t error;
	json_t *json;

	while (len && rq->body[len - 1] == ' ')
		len--;
	/* One spelling of the padding: jansson would skip tabs and newlines too. */
	if (!len || rq->body[0] != '{' || rq->body[len - 1] != '}' || too_deep(rq->body, len))
		return PROBLEM_BAD_REQUEST;
	json = json_loadb((const char *)rq->body, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(json)) {
		json_decref(json);
		return PROBLEM_BAD_REQUEST;
	}
	*out = json;
	return 0;
}
