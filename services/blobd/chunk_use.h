/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How much the pieces of files hold in all: asked of the database once a minute, and what is stored
 * meanwhile is added. So a limit is exact for one instance; each further one can be over it by what
 * it stores in a minute.
 */
#ifndef SOTTO_BLOBD_CHUNK_USE_H
#define SOTTO_BLOBD_CHUNK_USE_H

#include "libshared/engine.h"

#define CHUNK_USE "chunk_use()"

struct chunk_use {
	struct engine *engine;
	sd_event_source *timer;
	struct call call;
	bool asking;
	uint64_t bytes;
};

int chunk_use_start(struct chunk_use *use, struct engine *engine) MUST_CHECK;
void chunk_use_stop(struct chunk_use *use);

#endif
