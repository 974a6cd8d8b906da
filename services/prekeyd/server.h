/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/server: what a client must know to use this server. */
#ifndef SOTTO_PREKEYD_SERVER_H
#define SOTTO_PREKEYD_SERVER_H

#include "libshared/route.h"

int server_answer(struct request *rq, const struct result *rs, struct reply *rp);

#endif
