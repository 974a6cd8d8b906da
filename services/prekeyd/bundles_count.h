/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/accounts/{uuid}/bundles: how many remain. */
#ifndef SOTTO_PREKEYD_BUNDLES_COUNT_H
#define SOTTO_PREKEYD_BUNDLES_COUNT_H

#include "libshared/route.h"

int bundles_count_ask(struct request *rq, struct params *p);
int bundles_count_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
