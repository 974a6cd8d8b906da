/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/signals: bytes for whoever is live on a mailbox now; for calls. Never stored. */
#ifndef SOTTO_BRIDGED_SIGNALS_H
#define SOTTO_BRIDGED_SIGNALS_H

#include "libshared/route.h"

int signals_ask(struct request *rq, struct params *p);
int signals_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
