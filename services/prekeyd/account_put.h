/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* PUT /v1/accounts/{uuid}: register, with the last-resort bundle. */
#ifndef SOTTO_PREKEYD_ACCOUNT_PUT_H
#define SOTTO_PREKEYD_ACCOUNT_PUT_H

#include "libshared/route.h"

int account_put_ask(struct request *rq, struct params *p);
int account_put_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
