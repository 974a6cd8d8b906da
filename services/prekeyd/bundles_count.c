/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Where an account stands: its generation, the next number, how many one-time bundles are left. */
#include "services/prekeyd/bundles_count.h"

#include "libshared/error.h"

int bundles_count_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->uuid);
	params_bytes(p, rq->owner.b, sizeof rq->owner.b);
	return 0;
}

int bundles_count_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	if (result_i32(rs, 0, 0) != 0)
		return PROBLEM_NOT_FOUND;
	return reply_json(rp, 200, JSON_BYTES,
			json_pack("{s:I, s:I, s:i}", "generation", (json_int_t)result_i64(rs, 0, 1),
					"next", (json_int_t)result_i64(rs, 0, 2), "left",
					(int)result_i32(rs, 0, 3)));
}
