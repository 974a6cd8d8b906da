/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/challenges: something to work on. */
#ifndef SOTTO_PREKEYD_CHALLENGES_H
#define SOTTO_PREKEYD_CHALLENGES_H

#include "libshared/route.h"

int challenges_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
