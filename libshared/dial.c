/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Getting a connection to PostgreSQL and getting it again: libpq's non-blocking dialling, our own
 * deadline (libpq's connect_timeout is not for it), waits that double with jitter, then pipeline
 * mode and all statements prepared.
 */
#include "libshared/db_private.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	WAIT_LEAST_US = 50000,
	WAIT_MOST_US = 2 * SECOND_US,
	CONNECT_US = 5 * SECOND_US,
};

/*
 * Told once until the connection is back. libpq's text is safe before anybody's data was sent
 * ("authentication failed"), and only then.
 */
static void tell_lost(struct db *db)
{
	const char *text = db->state == DB_UP || !db->conn ? "" : PQerrorMessage(db->conn);

	if (!db->told_lost)
		journal_say(db->journal, EVENT_DATABASE_LOST, "no connection, dialling again%s%.*s",
				*text ? ": " : "", (int)strcspn(text, "\n"), text);
	db->told_lost = true;
}

void dial_again(struct db *db)
{
	uint64_t wait = db->backoff_us / 2 + randombytes_uniform((uint32_t)db->backoff_us / 2 + 1);

	tell_lost(db);
	db->io = sd_event_source_disable_unref(db->io);
	PQfinish(db->conn);
	db->conn = NULL;
	db->state = DB_AWAY;
	db->backoff_us = db->backoff_us * 2 < WAIT_MOST_US ? db->backoff_us * 2 : WAIT_MOST_US;
	sd_event_source_set_time(db->timer, db_now_us(db) + wait);
	sd_event_source_set_enabled(db->timer, SD_EVENT_ONESHOT);
}

/* --- preparing ---------------------------------------------------------- */

/* libpq would print them. */
static void ignore_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static int prepare(struct db *db)
{
	char sql[256];

	PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
	if (PQsetnonblocking(db->conn, 1) || !PQenterPipelineMode(db->conn) ||
			!PQsendPrepare(db->conn, db->probe.statement, "SELECT 1", 0, NULL))
		return E_DB;
	for (size_t i = 0; i < db->options.n_statements; i++) {
		const char *statement = db->options.statements[i];

		snprintf(sql, sizeof sql, "SELECT * FROM sotto.%s", statement);
		if (!PQsendPrepare(db->conn, statement, sql, 0, NULL))
			return E_DB;
	}
	db->state = DB_PREPARING;
	return PQpipelineSync(db->conn) ? db_flush(db) : E_DB;
}

int dial_take(struct db *db, PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	PQclear(r);
	if (status == PGRES_COMMAND_OK)
		return 0;
	if (status != PGRES_PIPELINE_SYNC)
		return E_DB;
	db->state = DB_UP;
	db->backoff_us = WAIT_LEAST_US;
	db->alive_us = db_now_us(db);
	sd_event_source_set_enabled(db->timer, SD_EVENT_OFF);
	if (db->told_lost)
		journal_say(db->journal, EVENT_DATABASE_BACK, "connected");
	db->counters.reconnects += db->told_lost;
	db->told_lost = false;
	return 0;
}

/* --- connecting --------------------------------------------------------- */

static int on_connecting(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* libpq may have opened another socket under the same number: a new source after every poll. */
static int watch(struct db *db, uint32_t events, sd_event_io_handler_t handler)
{
	db->io = sd_event_source_disable_unref(db->io);
	return sd_event_add_io(db->event, &db->io, PQsocket(db->conn), events, handler, db) < 0
			? E_DB
			: 0;
}

static int on_connecting(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct db *db = userdata;
	int rc = E_DB;

	(void)source;
	(void)fd;
	(void)revents;
	db->io = sd_event_source_disable_unref(db->io);
	switch (PQconnectPoll(db->conn)) {
	case PGRES_POLLING_READING:
		rc = watch(db, EPOLLIN, on_connecting);
		break;
	case PGRES_POLLING_WRITING:
		rc = watch(db, EPOLLOUT, on_connecting);
		break;
	case PGRES_POLLING_OK:
		rc = watch(db, EPOLLIN, db_on_io);
		rc = rc ? rc : prepare(db);
		break;
	case PGRES_POLLING_ACTIVE:
	case PGRES_POLLING_FAILED:
		break;
	}
	if (rc)
		db_lose(db);
	return 0;
}

static void dial(struct db *db)
{
	db->conn = PQconnectStart(db->options.conninfo);
	db->state = DB_CONNECTING;
	/* An absent socket fails at once and leaves nothing to watch. */
	if (!db->conn || PQstatus(db->conn) == CONNECTION_BAD ||
			watch(db, EPOLLOUT, on_connecting)) {
		db_lose(db);
		return;
	}
	sd_event_source_set_time(db->timer, db_now_us(db) + CONNECT_US);
	sd_event_source_set_enabled(db->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct db *db = userdata;

	(void)source;
	(void)usec;
	if (db->state == DB_AWAY)
		dial(db);
	else if (db->state != DB_UP)
		db_lose(db);
	return 0;
}

int dial_start(struct db *db)
{
	db->backoff_us = WAIT_LEAST_US;
	return sd_event_add_time(db->event, &db->timer, CLOCK_MONOTONIC, 0, 1, on_timer, db) < 0
			? E_NOMEM
			: 0;
}
