/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* blobd keeps sealed blobs for people who are offline. What it answers stands in routes.c. */
#include "services/blobd/blobd.h"

int main(int argc, char **argv)
{
	const struct daemon_shape shape = {
		.name = "blobd",
		.routes = blobd_routes,
		.n_routes = blobd_n_routes,
		.count_blobs = "blobs_held()",
		.publishes = true,
	};
	struct blobd blobd = { 0 };

	return engine_main(&shape, &blobd, argc, argv);
}
