/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* blobd keeps sealed blobs for people who are offline. What it answers stands in routes.c. */
#include "services/blobd/blobd.h"

static const char *const statements[] = { CHUNK_USE };

static int start(struct engine *engine, void *app)
{
	struct blobd *blobd = app;

	return chunk_use_start(&blobd->chunks, engine);
}

static void stop(void *app)
{
	struct blobd *blobd = app;

	chunk_use_stop(&blobd->chunks);
}

int main(int argc, char **argv)
{
	const struct daemon_shape shape = {
		.name = "blobd",
		.routes = blobd_routes,
		.n_routes = blobd_n_routes,
		.count_blobs = "blobs_held()",
		.statements = statements,
		.n_statements = ARRAY_LEN(statements),
		.publishes = true,
		.start = start,
		.stop = stop,
	};
	struct blobd blobd = { 0 };

	return engine_main(&shape, &blobd, argc, argv);
}
