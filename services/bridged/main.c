/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bridged carries what is new to who is live. What it answers over HTTP stands in routes.c, over
 * MQTT in push.c and acks.c.
 */
#include "services/bridged/acks.h"
#include "services/bridged/bridged.h"
#include "services/bridged/push.h"

#include <sodium.h>

static int start(struct engine *engine, void *app)
{
	struct bridged *bridged = app;
	int rc = engine_credential(engine, "session.key", &bridged->session_key);

	rc = rc ? rc : engine_credential(engine, "turn.key", &bridged->turn_key);
	if (rc == 0)
		rc = registry_new(&bridged->registry, (unsigned)engine->settings.sessions);
	return rc ? rc : push_start(bridged);
}

static void gather(void *app, struct metrics *metrics)
{
	const struct bridged *bridged = app;

	metrics->value[METRIC_SESSIONS] = registry_count(bridged->registry);
}

static void stop(void *app)
{
	struct bridged *bridged = app;

	sd_event_source_disable_unref(bridged->tick);
	registry_free(bridged->registry);
	bridged->registry = NULL;
	key_wipe(&bridged->session_key);
	key_wipe(&bridged->turn_key);
}

int main(int argc, char **argv)
{
	const struct daemon_shape shape = {
		.name = "bridged",
		.routes = bridged_routes,
		.n_routes = bridged_n_routes,
		.statements = acks_statements,
		.n_statements = 1,
		.start = start,
		.stop = stop,
		.on_up = push_on_up,
		.on_message = push_on_message,
		.on_unheard = push_on_unheard,
		.gather = gather,
	};
	struct bridged bridged = { 0 };

	return engine_main(&shape, &bridged, argc, argv);
}
