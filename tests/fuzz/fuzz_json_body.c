/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A JSON body from a stranger: what is taken is an object without twins that survives being written
 * and read again. */
#include "libshared/route.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct request rq = { .body_len = len };
	json_t *json = NULL, *again;
	char *text;

	rq.body = malloc(len ? len : 1); /* exactly len, for the sanitiser */
	if (!rq.body)
		return 0;
	for (size_t i = 0; i < len; i++)
		rq.body[i] = bytes[i];
	if (request_json(&rq, &json) == 0) {
		text = json_dumps(json, JSON_COMPACT);
		again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(json) || !json_equal(json, again))
			__builtin_trap();
		json_decref(again);
		free(text);
	}
	json_decref(json);
	free(rq.body);
	return 0;
}
