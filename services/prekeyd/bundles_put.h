/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* PUT /v1/accounts/{uuid}/bundles: refill or renew the one-time bundles. */
#ifndef SOTTO_PREKEYD_BUNDLES_PUT_H
#define SOTTO_PREKEYD_BUNDLES_PUT_H

#include "libshared/route.h"

int bundles_put_ask(struct request *rq, struct params *p);
int bundles_put_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
