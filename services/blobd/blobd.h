/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* blobd's state: nothing that the database does not hold. */
#ifndef SOTTO_BLOBD_H
#define SOTTO_BLOBD_H

#include "services/blobd/chunk_use.h"

struct blobd {
	struct engine *engine; /* first: engine_main fills it */
	struct chunk_use chunks;
};

extern const struct route blobd_routes[];
extern const size_t blobd_n_routes;

#endif
