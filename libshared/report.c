/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Gathers numbers from the parts of a daemon. Only counts leave it. */
#include "libshared/report.h"

#include "libshared/engine.h"
#include "libshared/memory.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum { SECOND_US = 1000000 };

static void gather_http(struct metrics *m, const struct http_counters *h)
{
	m->value[METRIC_REQUESTS] = h->requests;
	m->value[METRIC_SERVED] = h->served;
	m->value[METRIC_REFUSED] = h->refused;
	m->value[METRIC_FAILED] = h->failed;
	m->value[METRIC_LATENCY_P50_US] = histogram_percentile(&h->latency_us, 50);
	m->value[METRIC_LATENCY_P95_US] = histogram_percentile(&h->latency_us, 95);
	m->value[METRIC_LATENCY_P99_US] = histogram_percentile(&h->latency_us, 99);
	m->value[METRIC_LATENCY_MOST_US] = h->latency_us.most;
	m->value[METRIC_CONNECTIONS] = h->connections;
	m->value[METRIC_PARKED] = h->parked;
	m->value[METRIC_DEADLINES] = h->deadlines;
	m->value[METRIC_LINES_REFUSED] = h->refused_lines;
	m->value[METRIC_OVER_REQUESTS] = h->over_requests;
	m->value[METRIC_OVER_CONNECTIONS] = h->over_connections;
	m->value[METRIC_OVER_CIRCUITS] = h->over_circuits;
	m->value[METRIC_YIELDED] = h->yielded;
	memcpy(m->problems, h->problems, sizeof m->problems);
}

static void gather_db(struct metrics *m, const struct db_counters *d)
{
	m->value[METRIC_CALLS] = d->calls;
	m->value[METRIC_BATCHES] += d->batch_calls.n; /* cleared with each record */
	m->value[METRIC_BATCH_P50] = histogram_percentile(&d->batch_calls, 50);
	m->value[METRIC_BATCH_MOST] = d->batch_calls.most;
	m->value[METRIC_QUEUE_P99] = histogram_percentile(&d->queued, 99);
	m->value[METRIC_QUEUE_MOST] = d->queued.most;
	m->value[METRIC_CALLS_FAILED] = d->failures;
	m->value[METRIC_CALLS_RETRIED] = d->retries;
}

static void gather_overload(struct metrics *m, const struct overload *o)
{
	m->value[METRIC_PRESSURE] = overload_now(o)->level;
	m->value[METRIC_MAILBOX_LIMIT] = (uint64_t)overload_now(o)->mailbox_blobs;
	m->value[METRIC_DISK_FREE_MB] = overload_measured(o)->disk_free >> 20;
	m->value[METRIC_BLOBS_MB] = overload_measured(o)->blobs >> 20;
}

static void gather(struct engine *engine, uint64_t now_us)
{
	struct metrics *m = &engine->report.sum;
	struct http_counters *h = http_counters(engine->http);
	struct db_counters *d = db_counters(engine->db);

	m->value[METRIC_PERIOD_MS] = (now_us - engine->report.since_us) / 1000;
	gather_http(m, h);
	gather_db(m, d);
	m->value[METRIC_DATABASE_UP] = db_is_up(engine->db);
	m->value[METRIC_BROKER_UP] = link_is_up(engine->link);
	m->value[METRIC_EVENTS_DROPPED] = link_dropped(engine->link);
	m->value[METRIC_EVENTS_PENDING] = link_pending(engine->link);
	m->value[METRIC_MEMORY_KB] = memory_resident() / 1024;
	if (engine->overload)
		gather_overload(m, engine->overload);
	if (engine->shape->gather)
		engine->shape->gather(engine->app, m);
	memset(&h->latency_us, 0, sizeof h->latency_us);
	memset(&d->batch_calls, 0, sizeof d->batch_calls);
	memset(&d->queued, 0, sizeof d->queued);
}

static void tell_record(struct engine *engine, uint64_t now_us)
{
	struct journal_counts counts;
	struct metrics since;
	const uint64_t *v = since.value;

	gather(engine, now_us);
	metrics_since(&since, &engine->report.sum, &engine->report.told);
	metrics_list(&counts, &since);
	journal_record(&engine->journal, EVENT_METRICS, &counts,
			"%.0f s: %lu requests, %lu served, %lu refused, %lu failed; p50 %.1f ms, "
			"p99 %.1f ms; database %s, broker %s",
			(double)v[METRIC_PERIOD_MS] / 1000, (unsigned long)v[METRIC_REQUESTS],
			(unsigned long)v[METRIC_SERVED], (unsigned long)v[METRIC_REFUSED],
			(unsigned long)v[METRIC_FAILED], (double)v[METRIC_LATENCY_P50_US] / 1000,
			(double)v[METRIC_LATENCY_P99_US] / 1000,
			v[METRIC_DATABASE_UP] ? "up" : "down", v[METRIC_BROKER_UP] ? "up" : "down");
	engine->report.told = engine->report.sum;
	engine->report.since_us = now_us;
}

static void tell_status(struct engine *engine)
{
	const struct http_counters *h = http_counters(engine->http);
	struct report *r = &engine->report;
	struct metrics m = { .value = { 0 } };
	char sessions[48] = "";

	if (engine->shape->gather)
		engine->shape->gather(engine->app, &m);
	if (m.value[METRIC_SESSIONS])
		snprintf(sessions, sizeof sessions, "%lu live sessions, ",
				(unsigned long)m.value[METRIC_SESSIONS]);
	sd_notifyf(0,
			"STATUS=%lu requests/s, %u connections, %u waiting, %s%lu served, %lu "
			"refused, %lu failed; database %s, broker %s",
			(unsigned long)(h->requests - r->requests), h->connections, h->parked,
			sessions, (unsigned long)h->served, (unsigned long)h->refused,
			(unsigned long)h->failed, db_is_up(engine->db) ? "up" : "down",
			link_is_up(engine->link) ? "up" : "down");
	r->requests = h->requests;
}

void report_start(struct engine *engine)
{
	engine->report.since_us = engine_now_us(engine);
}

void report_tick(struct engine *engine)
{
	struct report *r = &engine->report;
	uint64_t now_us = engine_now_us(engine);

	r->sum.value[METRIC_DATABASE_DOWN_S] += !db_is_up(engine->db);
	r->sum.value[METRIC_BROKER_DOWN_S] += !link_is_up(engine->link);
	tell_status(engine);
	if (now_us - r->since_us >= (uint64_t)engine->settings.metrics_s * SECOND_US)
		tell_record(engine, now_us);
}

void report_end(struct engine *engine)
{
	tell_record(engine, engine_now_us(engine));
}
