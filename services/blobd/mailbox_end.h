/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* DELETE /v1/mailboxes/{mailbox}: end it with all its blobs. */
#ifndef SOTTO_BLOBD_MAILBOX_END_H
#define SOTTO_BLOBD_MAILBOX_END_H

#include "libshared/route.h"

int mailbox_end_ask(struct request *rq, struct params *p);
int mailbox_end_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
