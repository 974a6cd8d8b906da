/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* PUT /v1/mailboxes/{mailbox}: make a mailbox. */
#ifndef SOTTO_BLOBD_MAILBOX_PUT_H
#define SOTTO_BLOBD_MAILBOX_PUT_H

#include "libshared/route.h"

int mailbox_put_ask(struct request *rq, struct params *p);
int mailbox_put_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
