/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* DELETE /v1/accounts/{uuid}: account and bundles are gone. */
#ifndef SOTTO_PREKEYD_ACCOUNT_END_H
#define SOTTO_PREKEYD_ACCOUNT_END_H

#include "libshared/route.h"

int account_end_ask(struct request *rq, struct params *p);
int account_end_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
