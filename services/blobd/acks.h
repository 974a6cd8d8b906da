/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/mailboxes/{mailbox}/acks: forget these blobs. */
#ifndef SOTTO_BLOBD_ACKS_H
#define SOTTO_BLOBD_ACKS_H

#include "libshared/route.h"

int acks_ask(struct request *rq, struct params *p);
int acks_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
