/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/mailboxes/{mailbox}/blobs: the oldest 8 in order of arrival. */
#ifndef SOTTO_BLOBD_FETCH_H
#define SOTTO_BLOBD_FETCH_H

#include "libshared/route.h"

int fetch_ask(struct request *rq, struct params *p);
int fetch_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
