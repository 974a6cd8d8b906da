/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Handing a bundle to a stranger: each one-time bundle to exactly one request, then the last
 * resort. The request hash stands where the token's will, so a repeat gets the same bundle.
 */
#include "services/prekeyd/bundle_take.h"

#include "libshared/error.h"
#include "services/prekeyd/prekeyd.h"

#include <string.h>

int bundle_take_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->uuid);
	params_bytes(p, rq->hash, sizeof rq->hash);
	return 0;
}

int bundle_take_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct prekeyd *prekeyd = rq->app;
	const uint8_t *bundle;
	size_t len;
	int rc;

	if (result_i32(rs, 0, 0) != 0)
		return PROBLEM_NOT_FOUND;
	bundle = result_bytes(rs, 0, 1, &len);
	if (len != BUNDLE_BYTES)
		return E_BUG;
	rc = reply_bytes(rp, 200, BUNDLE_BYTES);
	if (rc)
		return rc;
	memcpy(rp->body, bundle, BUNDLE_BYTES);
	engine_count(prekeyd->engine, METRIC_BUNDLES_TAKEN);
	if (result_i32(rs, 0, 2) < FEW_BUNDLES)
		prekeyd_tell(prekeyd, rq->uuid, ACCOUNT_FEW_BUNDLES);
	return 0;
}
