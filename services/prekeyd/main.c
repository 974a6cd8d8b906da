/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* prekeyd keeps anonymous accounts and their sealed prekey bundles. What it answers stands in
 * routes.c. */
#include "services/prekeyd/prekeyd.h"

int main(int argc, char **argv)
{
	const struct daemon_shape shape = {
		.name = "prekeyd",
		.routes = prekeyd_routes,
		.n_routes = prekeyd_n_routes,
		.count_blobs = "blobs_known()",
		.publishes = true,
	};
	struct prekeyd prekeyd = { 0 };

	return engine_main(&shape, &prekeyd, argc, argv);
}
