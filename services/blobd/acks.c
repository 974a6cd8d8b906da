/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Acknowledgements. Unused slots are zeros, an id no blob can have (an all-zero Idempotency-Key is
 * refused). */
#include "services/blobd/acks.h"

int acks_ask(struct request *rq, struct params *p)
{
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	params_uuids(p, rq->body, ACK_IDS);
	return 0;
}

int acks_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	(void)rs;
	return reply_empty(rp, 200);
}
