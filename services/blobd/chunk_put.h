/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/chunks: keep one piece of a file for whoever holds its secrets. */
#ifndef SOTTO_BLOBD_CHUNK_PUT_H
#define SOTTO_BLOBD_CHUNK_PUT_H

#include "libshared/route.h"

int chunk_put_ask(struct request *rq, struct params *p);
int chunk_put_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
