/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading a piece of a file. A wrong secret, an unknown id and a piece that is over look alike. */
#include "services/blobd/chunk_get.h"

#include "libshared/error.h"

#include <string.h>

int chunk_get_ask(struct request *rq, struct params *p)
{
	rq->holds = 2 * CHUNK_LARGE_BYTES; /* the result until the commit, and the reply */
	params_uuid(p, rq->chunk);
	params_bytes(p, rq->chunk_hash, sizeof rq->chunk_hash);
	return 0;
}

int chunk_get_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	const uint8_t *body;
	size_t len;
	int rc;

	(void)rq;
	if (result_rows(rs) == 0)
		return PROBLEM_NOT_FOUND;
	body = result_bytes(rs, 0, 0, &len);
	rc = reply_bytes(rp, 200, len);
	if (rc == 0)
		memcpy(rp->body, body, len);
	return rc;
}
