/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Batches over one connection in pipeline mode: one is under way or none, and its callers are
 * answered when its commit is known. Which calls make a batch, and what happens to failed ones, is
 * batch.c; getting a connection is dial.c.
 */
#include "libshared/db.h"

#include "libshared/db_private.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* SQLSTATEs, PostgreSQL manual appendix A. */
static const char DEADLOCK[] = "40P01", LOCK_TIMEOUT[] = "55P03";
static const char CACHED_PLAN_STALE[] = "0A000", STATEMENT_UNKNOWN[] = "26000";

uint64_t db_now_us(const struct db *db)
{
	uint64_t now = 0;

	sd_event_now(db->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* --- ending calls ------------------------------------------------------- */

static void finish(struct db *db, struct call *call, int rc, const struct result *result)
{
	db->n_under_way--;
	call->done(call, rc, result);
}

static void finish_list(struct db *db, struct call *list)
{
	while (list) {
		struct call *call = list;

		list = call->next;
		finish(db, call, E_DB, NULL);
	}
}

static void results_clear(struct batch *batch)
{
	for (unsigned i = 0; i < batch->n; i++) {
		PQclear((PGresult *)batch->results[i]);
		batch->results[i] = NULL;
	}
}

/* What was under way may or may not have happened; everybody is told to repeat. */
static void lose_calls(struct db *db)
{
	struct batch *batch = STEAL(db->current);
	struct call *waiting = batches_drain(&db->batches);

	if (batch) {
		results_clear(batch);
		for (unsigned i = 0; i < batch->n; i++)
			finish(db, batch->calls[i], E_DB, NULL);
		batch_free(batch);
	}
	finish_list(db, waiting);
}

void db_lose(struct db *db)
{
	dial_again(db);
	lose_calls(db);
}

/* --- sending ------------------------------------------------------------ */

int db_flush(struct db *db)
{
	int rc = PQflush(db->conn);

	if (rc < 0)
		return E_DB;
	sd_event_source_set_io_events(db->io, EPOLLIN | (rc ? EPOLLOUT : 0u));
	return 0;
}

static int send_call(struct db *db, const struct call *call)
{
	static const int binary[PARAMS_MOST] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	_Static_assert(PARAMS_MOST == 9, "each of them has a 1 above");
	const struct params *p = &call->params;

	return PQsendQueryPrepared(
			       db->conn, call->statement, p->n, p->values, p->lengths, binary, 1)
			? 0
			: E_DB;
}

static int send_batch(struct db *db)
{
	struct batch *batch = db->current;

	db->n_results = 0;
	db->verdict = BATCH_COMMITTED;
	db->sqlstate[0] = '\0';
	if (batch->n > 1 || batch->calls[0] != &db->probe) {
		histogram_add(&db->counters.batch_calls, batch->n);
		histogram_add(&db->counters.queued, db->n_under_way);
	}
	for (unsigned i = 0; i < batch->n; i++)
		if (send_call(db, batch->calls[i]))
			return E_DB;
	return PQpipelineSync(db->conn) ? db_flush(db) : E_DB;
}

static void send_next(struct db *db)
{
	if (db->state != DB_UP || db->current)
		return;
	db->current = batches_next(&db->batches);
	if (db->current && send_batch(db))
		db_lose(db);
}

static int on_pump(sd_event_source *source, void *userdata)
{
	(void)source;
	send_next(userdata);
	return 0;
}

/* --- receiving ---------------------------------------------------------- */

static void take_result(struct db *db, PGresult *r)
{
	unsigned i = db->n_results++;
	const char *sqlstate;

	if (PQresultStatus(r) == PGRES_TUPLES_OK && i < db->current->n) {
		db->current->results[i] = (struct result *)r;
		return;
	}
	if (PQresultStatus(r) != PGRES_PIPELINE_ABORTED && db->verdict == BATCH_COMMITTED) {
		sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);
		snprintf(db->sqlstate, sizeof db->sqlstate, "%s", sqlstate ? sqlstate : "?");
		db->failed = i;
		if (i >= db->current->n)
			db->verdict = BATCH_SYNC_FAILED;
		else if (strcmp(db->sqlstate, DEADLOCK) == 0 ||
				strcmp(db->sqlstate, LOCK_TIMEOUT) == 0)
			db->verdict = BATCH_CALL_CONFLICT;
		else
			db->verdict = BATCH_CALL_FAILED;
	}
	PQclear(r);
}

static void tell_failed(struct db *db)
{
	db->counters.failures++;
	if (db->told_failed_us && db->alive_us - db->told_failed_us < SECOND_US)
		return;
	db->told_failed_us = db->alive_us;
	journal_say(db->journal, EVENT_BATCH_FAILED, "SQLSTATE %s, %llu failures so far",
			db->sqlstate, (unsigned long long)db->counters.failures);
}

/* Nothing of the batch was kept. */
static void batch_back(struct db *db, struct batch *batch)
{
	struct call *failed = NULL;

	results_clear(batch);
	if (db->verdict == BATCH_CALL_CONFLICT)
		db->counters.retries++;
	else
		tell_failed(db);
	batches_failed(&db->batches, batch, db->verdict, db->failed, &failed);
	/* The functions were replaced under us: prepare them anew. */
	if (strcmp(db->sqlstate, CACHED_PLAN_STALE) == 0 ||
			strcmp(db->sqlstate, STATEMENT_UNKNOWN) == 0)
		db_lose(db);
	send_next(db);
	finish_list(db, failed);
}

/* The next batch goes out before this one's callers are told, so that the server works while they
 * do. */
static void take_sync(struct db *db)
{
	struct batch *batch = STEAL(db->current);

	db->alive_us = db_now_us(db);
	db->counters.batches++;
	if (db->verdict != BATCH_COMMITTED) {
		batch_back(db, batch);
		return;
	}
	send_next(db);
	for (unsigned i = 0; i < batch->n; i++)
		finish(db, batch->calls[i], 0, batch->results[i]);
	results_clear(batch);
	batch_free(batch);
}

static void take(struct db *db, PGresult *r)
{
	if (db->state == DB_PREPARING) {
		if (dial_take(db, r))
			db_lose(db);
	} else if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
		PQclear(r);
		take_sync(db);
	} else {
		take_result(db, r);
	}
}

/* A NULL stands between two results; more of them mean that libpq and we disagree about what is to
 * come. */
static void on_results(struct db *db)
{
	unsigned n_nulls = 0;

	while (db->conn && (db->current || db->state == DB_PREPARING) && !PQisBusy(db->conn)) {
		PGresult *r = PQgetResult(db->conn);

		n_nulls = r ? 0 : n_nulls + 1;
		if (r)
			take(db, r);
		else if (n_nulls > 2 || PQstatus(db->conn) == CONNECTION_BAD)
			db_lose(db);
	}
}

int db_on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct db *db = userdata;

	(void)source;
	(void)fd;
	if (((revents & ~(uint32_t)EPOLLOUT) && !PQconsumeInput(db->conn)) || db_flush(db))
		db_lose(db);
	else
		on_results(db);
	return 0;
}

/* --- the probe ---------------------------------------------------------- */

static void probe_done(struct call *call, int rc, const struct result *result)
{
	struct db *db = (struct db *)((char *)call - offsetof(struct db, probe));

	(void)rc;
	(void)result;
	db->probing = false;
}

static int on_probe(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct db *db = userdata;

	(void)usec;
	if (db->state == DB_UP && !db->probing && db_now_us(db) - db->alive_us > SECOND_US / 2)
		db->probing = db_submit(db, &db->probe) == 0;
	sd_event_source_set_time(source, db_now_us(db) + SECOND_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- the interface ------------------------------------------------------ */

int db_new(struct db **out, sd_event *event, const struct journal *journal,
		const struct db_options *options)
{
	CLEANUP(db_free) struct db *db = calloc(1, sizeof *db);

	if (!db)
		return E_NOMEM;
	db->event = sd_event_ref(event);
	db->journal = journal;
	db->options = *options;
	db->probe = (struct call){ .statement = "probe", .done = probe_done };
	batches_init(&db->batches, options->batch_calls, options->batch_bytes);
	if (sd_event_add_defer(event, &db->pump, on_pump, db) < 0 ||
			sd_event_source_set_enabled(db->pump, SD_EVENT_OFF) < 0 ||
			sd_event_add_time(event, &db->probe_timer, CLOCK_MONOTONIC, 0, 1, on_probe,
					db) < 0 ||
			dial_start(db))
		return E_NOMEM;
	*out = STEAL(db);
	return 0;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	db->state = DB_AWAY; /* who is told now may not submit again */
	lose_calls(db);
	sd_event_source_disable_unref(db->io);
	sd_event_source_disable_unref(db->pump);
	sd_event_source_disable_unref(db->timer);
	sd_event_source_disable_unref(db->probe_timer);
	PQfinish(db->conn);
	sd_event_unref(db->event);
	free(db);
}

int db_submit(struct db *db, struct call *call)
{
	if (db->state != DB_UP)
		return E_DB;
	if (db->n_under_way >= db->options.queue_calls)
		return E_BUSY;
	db->n_under_way++;
	db->counters.calls += call != &db->probe;
	batches_add(&db->batches, call);
	if (!db->current)
		sd_event_source_set_enabled(db->pump, SD_EVENT_ONESHOT);
	return 0;
}

bool db_is_up(const struct db *db)
{
	return db->state == DB_UP;
}

bool db_is_alive(struct db *db, uint64_t max_age_us, bool away_is_fine)
{
	if (db->state != DB_UP)
		return away_is_fine;
	return db_now_us(db) - db->alive_us <= max_age_us;
}

unsigned db_queued(const struct db *db)
{
	return db->n_under_way;
}

bool db_is_idle(const struct db *db)
{
	return db->n_under_way == 0;
}

struct db_counters *db_counters(struct db *db)
{
	return &db->counters;
}
