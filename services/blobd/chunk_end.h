/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* DELETE /v1/chunks/{chunk}: end it, for its delete secret. */
#ifndef SOTTO_BLOBD_CHUNK_END_H
#define SOTTO_BLOBD_CHUNK_END_H

#include "libshared/route.h"

int chunk_end_ask(struct request *rq, struct params *p);
int chunk_end_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
