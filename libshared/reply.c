/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Replies of fixed sizes. Trusts nobody's text: what goes out was made by us. */
#include "libshared/route.h"

#include "libshared/error.h"

#include <string.h>

int reply_json(struct reply *rp, unsigned status, size_t size, json_t *json)
{
	size_t len = 0;
	uint8_t *body = json ? malloc(size) : NULL;

	if (body) {
		len = json_dumpb(json, (char *)body, size, JSON_COMPACT);
		if (len && len <= size)
			memset(body + len, ' ', size - len);
	}
	json_decref(json);
	if (!body || !len || len > size) {
		free(body);
		return E_NOMEM;
	}
	*rp = (struct reply){
		.status = status, .content_type = "application/json", .body = body, .len = size
	};
	return 0;
}

int reply_empty(struct reply *rp, unsigned status)
{
	uint8_t *body = malloc(JSON_BYTES);

	if (!body)
		return E_NOMEM;
	memset(body, ' ', JSON_BYTES);
	body[0] = '{';
	body[1] = '}';
	*rp = (struct reply){ .status = status,
		.content_type = "application/json",
		.body = body,
		.len = JSON_BYTES };
	return 0;
}

int reply_bytes(struct reply *rp, unsigned status, size_t len)
{
	uint8_t *body = calloc(1, len);

	if (!body)
		return E_NOMEM;
	*rp = (struct reply){ .status = status,
		.content_type = "application/octet-stream",
		.body = body,
		.len = len };
	return 0;
}

int reply_problem(struct reply *rp, int problem)
{
	const struct problem_text *p = problem_text(problem);
	int rc = reply_json(rp, p->status, JSON_BYTES,
			json_pack("{s:s, s:s, s:i}", "type", p->urn, "title", p->title, "status",
					(int)p->status));

	if (rc == 0)
		rp->content_type = "application/problem+json";
	return rc;
}

void reply_clear(struct reply *rp)
{
	free(rp->body);
	*rp = (struct reply){ 0 };
}
