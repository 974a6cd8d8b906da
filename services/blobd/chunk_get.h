/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/chunks/{chunk}: the piece, for its read secret. */
#ifndef SOTTO_BLOBD_CHUNK_GET_H
#define SOTTO_BLOBD_CHUNK_GET_H

#include "libshared/route.h"

int chunk_get_ask(struct request *rq, struct params *p);
int chunk_get_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
