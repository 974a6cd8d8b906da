/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Refill or renewal: generation 8 || from 8 || last resort 2048 || 50 one-time bundles. Opaque,
 * only counted. */
#include "services/prekeyd/bundles_put.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "services/prekeyd/numbers.h"

#include <inttypes.h>

enum { BUNDLES_DONE = 0, BUNDLES_AGAIN = 1, BUNDLES_NO_ACCOUNT = 3 }; /* bundles_put.sql */

int bundles_put_ask(struct request *rq, struct params *p)
{
	struct reader rd = reader_over(rq->body, rq->body_len);
	uint64_t generation = reader_u64(&rd), from = reader_u64(&rd);
	const uint8_t *last_resort = reader_take(&rd, BUNDLE_BYTES);
	const uint8_t *bundles = reader_take(&rd, (size_t)BUNDLES_PER_PUT * BUNDLE_BYTES);

	/* Half the range, so that no sum in the function overflows. */
	if (!reader_is_done(&rd) || generation > INT64_MAX / 2 || from > INT64_MAX / 2)
		return PROBLEM_BAD_REQUEST;
	params_uuid(p, rq->uuid);
	params_bytes(p, rq->owner.b, sizeof rq->owner.b);
	params_i64(p, (int64_t)generation);
	params_i64(p, (int64_t)from);
	params_bytes(p, last_resort, BUNDLE_BYTES);
	params_bytes(p, bundles, (size_t)BUNDLES_PER_PUT * BUNDLE_BYTES);
	return 0;
}

int bundles_put_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	switch (result_i32(rs, 0, 0)) {
	case BUNDLES_DONE:
	case BUNDLES_AGAIN:
		return numbers_reply(rp, 200, rs);
	case BUNDLES_NO_ACCOUNT:
		return PROBLEM_NOT_FOUND;
	}
	return E_BUG;
}
