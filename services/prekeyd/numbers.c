/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* {"generation": g, "next": n}: all an owner needs to know where it stands. */
#include "services/prekeyd/numbers.h"

int numbers_reply(struct reply *rp, unsigned status, const struct result *rs)
{
	return reply_json(rp, status, JSON_BYTES,
			json_pack("{s:I, s:I}", "generation", (json_int_t)result_i64(rs, 0, 1),
					"next", (json_int_t)result_i64(rs, 0, 2)));
}
