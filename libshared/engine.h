/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the three daemons have in common: one process, one thread, one loop. engine_main reads
 * settings and credentials, opens database, broker and HTTP, says READY, feeds the watchdog while
 * it really serves, and on SIGTERM drains. A daemon is a constant struct and a state of its own.
 */
#ifndef SOTTO_ENGINE_H
#define SOTTO_ENGINE_H

#include "libshared/http.h"
#include "libshared/journal.h"
#include "libshared/link.h"
#include "libshared/overload.h"
#include "libshared/report.h"
#include "libshared/settings.h"
#include "libshared/token_keys.h"

struct engine {
	sd_event *event;
	struct journal journal;
	struct engine_settings settings;
	struct key_pair server_keys[2]; /* the second: the old one during an overlap */
	size_t n_server_keys;
	struct key nonce_key;
	struct token_keys token_keys; /* which of them count is asked at each use */
	struct db *db;
	struct link *link;
	struct overload *overload; /* NULL: this daemon takes nothing to keep */
	struct http *http;
	struct report report;
	const struct daemon_shape *shape;
	const char *instance;
	void *app;
	bool stopping;
	/* engine's own */
	sd_event_source *tick, *term, *intr;
	uint64_t drain_until_us;
	uint64_t watchdog_us;
	const char **statements;
};

struct daemon_shape {
	const char *name;
	const struct route *routes;
	size_t n_routes;
	const char *const *statements; /* besides those of the routes */
	size_t n_statements;
	const char *count_blobs; /* the function for overload.h; NULL: it takes nothing to keep */
	bool publishes;		 /* events for the other daemons, and so a beat */
	/* Before HTTP opens: engine->db and ->link are there. */
	int (*start)(struct engine *engine, void *app);
	void (*stop)(void *app);
	/* From the link, with app; any may be NULL. */
	void (*on_up)(void *app);
	void (*on_message)(void *app, const char *topic, const uint8_t *payload, size_t len);
	void (*on_unheard)(void *app, const uint8_t session[SESSION_BYTES]);
	void (*gather)(void *app, struct metrics *metrics); /* states of its own; NULL: none */
};

/* "name [-c FILE] [-i INSTANCE]"; the exit status. app is zeroed memory of the daemon's own struct.
 */
int engine_main(const struct daemon_shape *shape, void *app, int argc, char **argv);

/* One more of what the metrics record counts. */
void engine_count(struct engine *engine, enum metric metric);

uint64_t engine_now_us(const struct engine *engine); /* CLOCK_MONOTONIC of this loop turn */
uint64_t engine_day(void);			     /* unix day, by which epochs count */

/* The row every daemon's table begins with: GET /v1/health. app's first member is struct engine *.
 */
int health_answer(struct request *rq, const struct result *rs, struct reply *rp);

/* A 32-byte credential from $CREDENTIALS_DIRECTORY. E_CONFIG, told once in the journal. */
int engine_credential(const struct engine *engine, const char *name, struct key *out) MUST_CHECK;

#endif
