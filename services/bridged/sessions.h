/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/sessions: open or renew a live session for up to 32 mailboxes, or one account. */
#ifndef SOTTO_BRIDGED_SESSIONS_H
#define SOTTO_BRIDGED_SESSIONS_H

#include "libshared/route.h"

int sessions_ask(struct request *rq, struct params *p);
int sessions_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
