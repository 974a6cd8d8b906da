/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A signal. Trusts nobody: the secret's hash finds the mailbox, the bytes are opaque. The answer is
 * always the same, so nobody learns from it whether the secret is good or its owner is there.
 */
#include "services/bridged/signals.h"

#include "services/bridged/push.h"

int signals_ask(struct request *rq, struct params *p)
{
	params_bytes(p, rq->deposit_hash, sizeof rq->deposit_hash);
	return 0;
}

int signals_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct bridged *bridged = rq->app;
	size_t len;

	if (!link_is_up(bridged->engine->link))
		return PROBLEM_UNAVAILABLE;
	if (result_i32(rs, 0, 0) == 0)
		push_signal(bridged, result_bytes(rs, 0, 1, &len), rq->body);
	return reply_empty(rp, 202);
}
