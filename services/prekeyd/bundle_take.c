/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Handing a bundle to a stranger: each one-time bundle to exactly one request, then the last
 * resort. The same token and request get the same bundle again.
 */
#include "services/prekeyd/bundle_take.h"

#include "libshared/error.h"
#include "services/prekeyd/prekeyd.h"

#include <string.h>

enum { BUNDLE_HANDED_OUT = 0, BUNDLE_NO_ACCOUNT = 3, BUNDLE_UNPAID = 4 }; /* bundle_take.sql */

int bundle_take_ask(struct request *rq, struct params *p)
{
	params_uuid(p, rq->uuid);
	request_payment(rq, p);
	return 0;
}

int bundle_take_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct prekeyd *prekeyd = rq->app;
	const uint8_t *bundle;
	size_t len;
	int rc;

	switch (result_i32(rs, 0, 0)) {
	case BUNDLE_HANDED_OUT:
		break;
	case BUNDLE_NO_ACCOUNT:
		return PROBLEM_NOT_FOUND;
	case BUNDLE_UNPAID:
		return PROBLEM_TOKEN_REQUIRED;
	default:
		return E_BUG;
	}
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
