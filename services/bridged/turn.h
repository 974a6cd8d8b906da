/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/turn: credentials for one side of one call at the relay (coturn). */
#ifndef SOTTO_BRIDGED_TURN_H
#define SOTTO_BRIDGED_TURN_H

#include "libshared/route.h"

int turn_ask(struct request *rq, struct params *p);
int turn_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
