/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* prekeyd keeps anonymous accounts and their sealed prekey bundles. What it answers stands in
 * routes.c. */
#include "libshared/encode.h"
#include "services/prekeyd/prekeyd.h"

#include <stdio.h>

void prekeyd_tell(const struct prekeyd *prekeyd, const uint8_t uuid[static 16], uint8_t kind)
{
	char name[UUID_TEXT + 1], topic[80];

	uuid_write(name, uuid);
	snprintf(topic, sizeof topic, "sotto/v1/event/account/%s", name);
	link_event(prekeyd->engine->link, topic, &kind, sizeof kind);
}

int main(int argc, char **argv)
{
	const struct daemon_shape shape = {
		.name = "prekeyd",
		.routes = prekeyd_routes,
		.n_routes = prekeyd_n_routes,
		.publishes = true,
	};
	struct prekeyd prekeyd = { 0 };

	return engine_main(&shape, &prekeyd, argc, argv);
}
