/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/accounts/{uuid}/bundle: one sealed bundle for a stranger. */
#ifndef SOTTO_PREKEYD_BUNDLE_TAKE_H
#define SOTTO_PREKEYD_BUNDLE_TAKE_H

#include "libshared/route.h"

int bundle_take_ask(struct request *rq, struct params *p);
int bundle_take_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
