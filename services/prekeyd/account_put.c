/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Registering. A repeat by the same owner leaves the first bundle; a uuid of another owner is a
 * conflict. */
#include "services/prekeyd/account_put.h"

#include "libshared/error.h"
#include "services/prekeyd/numbers.h"
#include "services/prekeyd/prekeyd.h"

enum {
	ACCOUNT_MADE = 0,
	ACCOUNT_AGAIN = 1,
	ACCOUNT_TAKEN = 2,
	ACCOUNT_UNPAID = 4
}; /* account_put.sql */

int account_put_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->uuid);
	params_bytes(p, rq->owner.b, sizeof rq->owner.b);
	params_bytes(p, rq->body, rq->body_len);
	request_payment(rq, p);
	return 0;
}

int account_put_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct prekeyd *prekeyd = rq->app;

	switch (result_i32(rs, 0, 0)) {
	case ACCOUNT_MADE:
		engine_count(prekeyd->engine, METRIC_ACCOUNTS_MADE);
		return numbers_reply(rp, 201, rs);
	case ACCOUNT_AGAIN:
		return numbers_reply(rp, 201, rs);
	case ACCOUNT_TAKEN:
		return PROBLEM_CONFLICT;
	case ACCOUNT_UNPAID:
		return PROBLEM_TOKEN_REQUIRED;
	}
	return E_BUG;
}
