/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The database: one libpq connection in pipeline mode, never blocking, and group commit
 * (docs/design.md 2.9). Calls that arrive while a batch is being committed go out together as the
 * next one. A call is answered only after its batch's commit is known. Sources: PostgreSQL
 * manual 34.5 (pipeline mode).
 */
#ifndef SOTTO_DB_H
#define SOTTO_DB_H

#include "libshared/histogram.h"
#include "libshared/params.h"
#include "libshared/scope.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct db;
struct result; /* the rows of one committed call */
struct journal;

struct call {
	/* Filled by the caller; statement is one of those given to db_new. */
	const char *statement; /* "deposit($1, $2, $3, $4)" */
	struct params params;
	/*
	 * Called once, never from inside db_submit. rc 0: committed, result has its rows until done
	 * returns. E_DB: not done or unknown whether done; repeat.
	 */
	void (*done)(struct call *call, int rc, const struct result *result);

	/* db's own. */
	struct call *next;
	unsigned tries;
};

struct db_options {
	const char *conninfo;
	const char *const *statements; /* calls that may be submitted; borrowed for db's life */
	size_t n_statements;
	unsigned batch_calls; /* most calls of a batch: 128; 1 turns group commit off (bench) */
	size_t batch_bytes;   /* 4 MiB */
	unsigned queue_calls; /* most calls waiting, those under way included */
};

struct db_counters {
	uint64_t calls, batches, failures, retries, reconnects;
	struct histogram batch_calls, queued; /* calls in a batch; not done when it was sent */
};

/* Starts connecting at once, with back-off, for ever. */
int db_new(struct db **out, sd_event *event, const struct journal *journal,
		const struct db_options *options) MUST_CHECK;
void db_free(struct db *db); /* calls that are not done get E_DB */
DEFINE_CLEANUP(struct db *, db_free)

/* Borrows call until done. E_DB when not connected, E_BUSY when the queue is full; done is not
 * called then. */
int db_submit(struct db *db, struct call *call) MUST_CHECK;

bool db_is_up(const struct db *db);

/*
 * For watchdog and health: true when a SELECT 1 sent through the same pipeline came back within
 * max_age_us, or (away_is_fine) when the connection is known to be closed and is being
 * re-established.
 */
bool db_is_alive(struct db *db, uint64_t max_age_us, bool away_is_fine);

/* Calls accepted and not done. */
unsigned db_queued(const struct db *db);

/* No calls queued or under way. */
bool db_is_idle(const struct db *db);

/* The caller may clear the histograms, and nothing else. */
struct db_counters *db_counters(struct db *db);

/* Rows and columns count from 0. A wrong column, NULL or other width is a bug of ours: asserted. */
unsigned result_rows(const struct result *result);
bool result_is_null(const struct result *result, unsigned row, unsigned column);
int32_t result_i32(const struct result *result, unsigned row, unsigned column);
int64_t result_i64(const struct result *result, unsigned row, unsigned column);
const uint8_t *result_bytes(
		const struct result *result, unsigned row, unsigned column, size_t *out_len);

#endif
