/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ending a mailbox: the same answer whether there was one or not. */
#include "services/blobd/mailbox_end.h"

int mailbox_end_ask(struct request *rq, struct params *p)
{
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	return 0;
}

int mailbox_end_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	(void)rs;
	return reply_empty(rp, 200);
}
