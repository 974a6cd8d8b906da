/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Start, turn and stop of a daemon. Trusts systemd for the socket, the credentials and the notify
 * socket; asks nothing of the network. Order of starting: settings, keys, database, broker, HTTP;
 * stopping is the reverse.
 */
#include "libshared/engine.h"

#include "libshared/error.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum {
	SECOND_US = 1000000,
	DAY_S = 86400,
	DRAIN_US = 4 * SECOND_US,     /* with what is left to do, stopping takes less than 5 s */
	PEERS_US = 2 * SECOND_US,     /* start: how long database and broker are waited for */
	PROBE_AGE_US = 5 * SECOND_US, /* health: how old the last answer of the database may be */
	QUEUE_CALLS = 4096,
	YIELD_MS = 3000, /* any request but the largest is there by then, over an ordinary circuit */
	PENDING_EVENTS = 1024,
	BATCH_BYTES = 4 << 20,
};

/* --- settings and credentials ------------------------------------------- */

static int load_settings(struct engine *engine, const char *path)
{
	unsigned line = 0;
	int rc = settings_load(path, &engine->settings, &line);

	if (rc)
		journal_say(&engine->journal, EVENT_CONFIG, "%s: line %u: %s", path, line,
				error_text(rc));
	return rc;
}

int engine_credential(const struct engine *engine, const char *name, struct key *out)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	int rc;

	if (!dir || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		rc = E_CONFIG;
	else
		rc = key_load(out, path);
	if (rc)
		journal_say(&engine->journal, EVENT_CONFIG, "credential %s: %s", name,
				error_text(rc));
	return rc;
}

static const struct key *announced_key(const struct engine *engine)
{
	const struct engine_settings *s = &engine->settings;

	if (strcmp(engine->shape->name, "prekeyd") == 0)
		return &s->prekeyd_key;
	return strcmp(engine->shape->name, "blobd") == 0 ? &s->blobd_key : &s->bridged_key;
}

static int token_keys_of(struct engine *engine, const char *dir)
{
	char path[512];
	int rc;

	snprintf(path, sizeof path, "%s/token-keys", dir);
	rc = token_keys_load(&engine->token_keys, path);
	if (rc)
		journal_say(&engine->journal, EVENT_CONFIG, "credential token-keys: %s",
				error_text(rc));
	return rc;
}

static int keys_load(struct engine *engine)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	int rc = engine_credential(engine, "server.key", &secret);

	if (rc == 0)
		rc = key_pair_from_secret(&engine->server_keys[0], &secret);
	if (rc == 0)
		rc = engine_credential(engine, "nonce.key", &engine->nonce_key);
	if (rc)
		return rc;
	engine->n_server_keys = 1;
	if (!key_equal(&engine->server_keys[0].pub, announced_key(engine))) {
		journal_say(&engine->journal, EVENT_CONFIG,
				"server.key is not the key that %s_key announces",
				engine->shape->name);
		return E_CONFIG;
	}
	rc = token_keys_of(engine, dir);
	if (rc)
		return rc;
	snprintf(path, sizeof path, "%s/server.old.key", dir);
	if (access(path, R_OK) == 0) { /* the overlap after a change */
		rc = engine_credential(engine, "server.old.key", &secret);
		if (rc == 0)
			rc = key_pair_from_secret(
					&engine->server_keys[engine->n_server_keys++], &secret);
	}
	return rc;
}

/* --- parts -------------------------------------------------------------- */

/* Rows of one path that take bodies of several sizes call the same. */
static bool is_prepared(const char *const *statements, const char *function)
{
	while (*statements && strcmp(*statements, function) != 0)
		statements++;
	return *statements != NULL;
}

static int open_database(struct engine *engine)
{
	const struct daemon_shape *shape = engine->shape;
	const char **statements = calloc(
			shape->n_routes + shape->n_statements + 2, sizeof *statements);
	struct db_options options = {
		.conninfo = engine->settings.database,
		.statements = statements,
		.batch_calls = (unsigned)engine->settings.batch_calls,
		.batch_bytes = BATCH_BYTES,
		.queue_calls = QUEUE_CALLS,
	};

	if (!statements)
		return E_NOMEM;
	for (size_t i = 0; i < shape->n_routes; i++)
		if (shape->routes[i].function &&
				!is_prepared(statements, shape->routes[i].function))
			statements[options.n_statements++] = shape->routes[i].function;
	for (size_t i = 0; i < shape->n_statements; i++)
		statements[options.n_statements++] = shape->statements[i];
	if (shape->count_blobs)
		statements[options.n_statements++] = shape->count_blobs;
	engine->statements = statements;
	return db_new(&engine->db, engine->event, &engine->journal, &options);
}

static int open_overload(struct engine *engine)
{
	const struct overload_options options = {
		.settings = &engine->settings,
		.db = engine->db,
		.count_blobs = engine->shape->count_blobs,
		.queue_calls = QUEUE_CALLS,
	};

	if (!options.count_blobs)
		return 0;
	return overload_new(&engine->overload, engine->event, &engine->journal, &options);
}

static int open_link(struct engine *engine)
{
	const struct daemon_shape *shape = engine->shape;
	CLEANUP(key_wipe) struct key password = { { 0 } };
	struct link_options options = {
		.path = engine->settings.broker,
		.role = shape->name,
		.instance = engine->instance,
		.password = &password,
		.max_pending = PENDING_EVENTS,
		.beats = shape->publishes,
		.app = engine->app,
		.on_up = shape->on_up,
		.on_message = shape->on_message,
		.on_unheard = shape->on_unheard,
	};
	int rc = engine_credential(engine, "broker.key", &password);

	return rc ? rc : link_new(&engine->link, engine->event, &engine->journal, &options);
}

static int open_http(struct engine *engine)
{
	const struct engine_settings *s = &engine->settings;
	struct http_options options = {
		.listen_fd = SD_LISTEN_FDS_START,
		.circuit_line = s->circuit_line ? CIRCUIT_REQUIRED : CIRCUIT_OFF,
		.routes = engine->shape->routes,
		.n_routes = engine->shape->n_routes,
		.app = engine->app,
		.db = engine->db,
		.overload = engine->overload,
		.server_keys = engine->server_keys,
		.n_server_keys = engine->n_server_keys,
		.nonce_key = &engine->nonce_key,
		.onion_name = s->onion_api,
		.token_keys = &engine->token_keys,
		.max_connections = (unsigned)s->connections,
		.yield_ms = YIELD_MS,
		.deadline_ms = (unsigned)s->deadline_ms,
		.circuit_connections = (unsigned)s->circuit_connections,
		.circuit_requests = (unsigned)s->circuit_requests,
		.circuit_burst = (unsigned)s->circuit_burst,
	};

	if (sd_listen_fds(0) != 1 ||
			sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
		journal_say(&engine->journal, EVENT_CONFIG,
				"one listening socket must be inherited");
		return E_CONFIG;
	}
	if (onion_read(options.onion, s->onion_api, strlen(s->onion_api))) {
		journal_say(&engine->journal, EVENT_CONFIG, "onion_api is no version 3 onion name");
		return E_CONFIG;
	}
	return http_new(&engine->http, engine->event, &engine->journal, &options);
}

/* --- the loop ----------------------------------------------------------- */

/* Only a loop that turns and a database that answers, or is being dialled again, feed the watchdog.
 */
static void feed_watchdog(struct engine *engine)
{
	if (engine->watchdog_us && db_is_alive(engine->db, engine->watchdog_us / 2, true))
		sd_notify(0, "WATCHDOG=1");
}

static void end_when_drained(struct engine *engine, uint64_t now_us)
{
	if (engine->stopping && (http_is_idle(engine->http) || now_us > engine->drain_until_us))
		sd_event_exit(engine->event, 0);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;

	(void)usec;
	feed_watchdog(engine);
	report_tick(engine);
	end_when_drained(engine, engine_now_us(engine));
	sd_event_source_set_time(source,
			engine_now_us(engine) + (engine->stopping ? SECOND_US / 50 : SECOND_US));
	return sd_event_source_set_enabled(source, SD_EVENT_ON);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct engine *engine = userdata;

	(void)source;
	(void)si;
	if (engine->stopping)
		return sd_event_exit(engine->event, 0);
	engine->stopping = true;
	engine->drain_until_us = engine_now_us(engine) + DRAIN_US;
	journal_say(&engine->journal, EVENT_STOPPING, "draining");
	sd_notify(0, "STOPPING=1");
	http_drain(engine->http);
	return sd_event_source_set_time(engine->tick, 0);
}

void engine_count(struct engine *engine, enum metric metric)
{
	engine->report.sum.value[metric]++;
}

uint64_t engine_now_us(const struct engine *engine)
{
	uint64_t now = 0;

	sd_event_now(engine->event, CLOCK_MONOTONIC, &now);
	return now;
}

uint64_t engine_day(void)
{
	return (uint64_t)time(NULL) / DAY_S;
}

static int watch_signals(struct engine *engine)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
			sd_event_add_signal(engine->event, &engine->term, SIGTERM, on_signal,
					engine) < 0 ||
			sd_event_add_signal(engine->event, &engine->intr, SIGINT, on_signal,
					engine) < 0 ||
			sd_event_add_time(engine->event, &engine->tick, CLOCK_MONOTONIC, 0, 0,
					on_tick, engine) < 0)
		return E_IO;
	return 0;
}

/*
 * Who connects while we start waits at the socket: better than a 503 that a moment later would
 * not have been one. After that moment we serve as well as we can.
 */
static int wait_for_peers(struct engine *engine)
{
	uint64_t began, now;
	int rc = sd_event_now(engine->event, CLOCK_MONOTONIC, &began);

	for (now = began; rc >= 0 && now - began < PEERS_US; now = engine_now_us(engine)) {
		if (db_is_up(engine->db) && link_is_up(engine->link))
			return 0;
		rc = sd_event_run(engine->event, PEERS_US / 20);
	}
	return rc < 0 ? E_IO : 0;
}

static int start(struct engine *engine, const char *config)
{
	int rc;

	if (sodium_init() < 0 || sd_event_default(&engine->event) < 0)
		return E_CRYPTO;
	rc = load_settings(engine, config);
	if (rc == 0)
		rc = keys_load(engine);
	if (rc == 0)
		rc = open_database(engine);
	if (rc == 0)
		rc = open_overload(engine);
	if (rc == 0)
		rc = open_link(engine);
	if (rc == 0 && engine->shape->start)
		rc = engine->shape->start(engine, engine->app);
	if (rc == 0)
		rc = wait_for_peers(engine);
	if (rc == 0)
		rc = open_http(engine);
	return rc ? rc : watch_signals(engine);
}

static void stop(struct engine *engine)
{
	http_free(engine->http);
	if (engine->shape->stop)
		engine->shape->stop(engine->app);
	link_free(engine->link);
	db_free(engine->db);
	overload_free(engine->overload);
	free(engine->statements);
	sd_event_source_unref(engine->tick);
	sd_event_source_unref(engine->term);
	sd_event_source_unref(engine->intr);
	sd_event_unref(engine->event);
	sodium_memzero(engine->server_keys, sizeof engine->server_keys);
	key_wipe(&engine->nonce_key);
	token_keys_wipe(&engine->token_keys);
}

static int usage(const char *name)
{
	fprintf(stderr, "usage: %s [-c FILE] [-i INSTANCE]\n", name);
	return 2;
}

int engine_main(const struct daemon_shape *shape, void *app, int argc, char **argv)
{
	struct engine engine = { .shape = shape, .app = app, .instance = "1" };
	const char *config = "/etc/sotto/sotto.conf";
	int option, rc;

	while ((option = getopt(argc, argv, "c:i:")) != -1) {
		if (option == 'c')
			config = optarg;
		else if (option == 'i')
			engine.instance = *optarg ? optarg : "1"; /* a unit that is no template */
		else
			return usage(shape->name);
	}
	if (optind != argc)
		return usage(shape->name);
	engine.journal = journal_open(shape->name, engine.instance);
	*(struct engine **)app = &engine;
	rc = start(&engine, config);
	if (rc == 0) {
		sd_watchdog_enabled(0, &engine.watchdog_us);
		journal_say(&engine.journal, EVENT_STARTED, "ready");
		sd_notify(0, "READY=1");
		report_start(&engine);
		rc = sd_event_loop(engine.event);
		report_end(&engine);
	} else {
		journal_say(&engine.journal, EVENT_FAILED, "cannot start: %s", error_text(rc));
	}
	stop(&engine);
	return rc == 0 ? 0 : 1;
}

/* --- GET /v1/health ----------------------------------------------------- */

int health_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct engine *engine = *(struct engine **)rq->app;
	bool database = db_is_alive(engine->db, PROBE_AGE_US, false),
	     broker = link_is_up(engine->link);
	const struct problem_text *p = problem_text(PROBLEM_UNAVAILABLE);
	int rc;

	(void)rs;
	if (database && broker)
		return reply_json(rp, 200, JSON_BYTES,
				json_pack("{s:s, s:s}", "database", "up", "broker", "up"));
	rc = reply_json(rp, p->status, JSON_BYTES,
			json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", p->urn, "title", p->title,
					"status", (int)p->status, "database",
					database ? "up" : "down", "broker",
					broker ? "up" : "down"));
	rp->content_type = "application/problem+json";
	return rc;
}
