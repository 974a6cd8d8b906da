/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/blobs: keep one blob for whoever owns the mailbox with this deposit secret. */
#ifndef SOTTO_BLOBD_DEPOSIT_H
#define SOTTO_BLOBD_DEPOSIT_H

#include "libshared/route.h"

int deposit_ask(struct request *rq, struct params *p);
int deposit_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
