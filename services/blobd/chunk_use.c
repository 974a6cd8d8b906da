/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Counting needs no lock that way: a row that all deposits update would be one. */
#include "services/blobd/chunk_use.h"

#include "libshared/error.h"

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US };

static void counted(struct call *call, int rc, const struct result *result)
{
	struct chunk_use *use = (struct chunk_use *)((char *)call -
			offsetof(struct chunk_use, call));

	use->asking = false;
	if (rc == 0)
		use->bytes = (uint64_t)result_i64(result, 0, 0);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct chunk_use *use = userdata;
	int rc = 0;

	(void)usec;
	if (!use->asking) {
		use->call = (struct call){ .statement = CHUNK_USE, .done = counted };
		rc = db_submit(use->engine->db, &use->call);
		use->asking = rc == 0;
	}
	sd_event_source_set_time(source, engine_now_us(use->engine) + (rc ? SECOND_US : MINUTE_US));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int chunk_use_start(struct chunk_use *use, struct engine *engine)
{
	use->engine = engine;
	return sd_event_add_time(engine->event, &use->timer, CLOCK_MONOTONIC, 0, 0, on_timer, use) <
					0
			? E_NOMEM
			: 0;
}

void chunk_use_stop(struct chunk_use *use)
{
	use->timer = sd_event_source_disable_unref(use->timer);
}
