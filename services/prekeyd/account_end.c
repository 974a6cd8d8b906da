/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Ending an account: the same answer whether there was one or not. */
#include "services/prekeyd/account_end.h"

#include "services/prekeyd/prekeyd.h"

int account_end_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->uuid);
	params_bytes(p, rq->owner.b, sizeof rq->owner.b);
	return 0;
}

int account_end_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	if (result_i32(rs, 0, 0) == 0)
		prekeyd_tell(rq->app, rq->uuid, ACCOUNT_ENDED);
	return reply_empty(rp, 200);
}
