/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What db.c (batches over a connection that is there) and dial.c (getting one) share. For nobody
 * else. */
#ifndef SOTTO_DB_PRIVATE_H
#define SOTTO_DB_PRIVATE_H

#include "libshared/batch.h"
#include "libshared/journal.h"

#include <libpq-fe.h>

enum { SECOND_US = 1000000 };

enum db_state {
	DB_AWAY,       /* no connection; the timer will dial */
	DB_CONNECTING, /* PQconnectPoll goes on; the timer will give up */
	DB_PREPARING,  /* in pipeline mode, statements under way; the timer will give up */
	DB_UP,	       /* one batch under way, or none; no timer: silence is not an end */
};

struct db {
	sd_event *event;
	const struct journal *journal;
	struct db_options options;
	struct db_counters counters;
	enum db_state state;
	PGconn *conn;
	sd_event_source *io;

	/* dial.c */
	sd_event_source *timer;
	uint64_t backoff_us;
	bool told_lost;

	/* db.c */
	sd_event_source *pump, *probe_timer;
	struct batches batches;
	struct batch *current;
	unsigned n_under_way; /* calls accepted and not done */
	unsigned n_results;   /* of the current batch */
	enum batch_verdict verdict;
	unsigned failed;
	char sqlstate[6];
	uint64_t alive_us;	 /* when the last SYNC came */
	uint64_t told_failed_us; /* when a failure was last told: a full disk fails every call */
	struct call probe;
	bool probing;
};

uint64_t db_now_us(const struct db *db);

/* The connection is of no use any more: ends it and all calls, dials again later. */
void db_lose(struct db *db);

/* Sends what libpq holds, and watches for writing while some is left. */
int db_flush(struct db *db) MUST_CHECK;

int db_on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* Dials at the next loop turn. */
int dial_start(struct db *db) MUST_CHECK;

/* Ends the connection and dials after a wait that grows. */
void dial_again(struct db *db);

/* Takes one result of the preparing; with the SYNC the state is DB_UP. */
int dial_take(struct db *db, PGresult *r) MUST_CHECK;

#endif
