/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ending a piece of a file: the same answer whether there was one or not. */
#include "services/blobd/chunk_end.h"

int chunk_end_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->chunk);
	params_bytes(p, rq->chunk_hash, sizeof rq->chunk_hash);
	return 0;
}

int chunk_end_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	(void)rs;
	return reply_empty(rp, 200);
}
