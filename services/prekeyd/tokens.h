/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/tokens: a batch of anonymous tokens for an invite, for work, or out of an allowance. */
#ifndef SOTTO_PREKEYD_TOKENS_H
#define SOTTO_PREKEYD_TOKENS_H

#include "libshared/route.h"

int tokens_ask(struct request *rq, struct params *p);
int tokens_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
