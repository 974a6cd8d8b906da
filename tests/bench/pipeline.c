/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The same deposits without HTTP: one libpq connection, the function that blobd calls, N calls and
 * one sync at a time, the next batch after the last one's commit. What blobd could do at most if
 * HTTP cost nothing. A failed call ends it.
 *
 *   pipeline CONNINFO CALLS WARM_S SECONDS
 */
#include "libshared/key.h"
#include "tests/bench/deposits.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <string.h>

enum { PARAMS = 7, MAILBOX_LIMIT = 1000 };

static PGconn *dial(const char *conninfo)
{
	PGconn *conn = PQconnectdb(conninfo);
	PGresult *r;

	if (PQstatus(conn) != CONNECTION_OK)
		bench_fail(PQerrorMessage(conn));
	r = PQprepare(conn, "deposit", "SELECT * FROM sotto.deposit($1, $2, $3, $4, $5, $6, $7)", 0,
			NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK || !PQenterPipelineMode(conn))
		bench_fail(PQerrorMessage(conn));
	PQclear(r);
	return conn;
}

static void call(PGconn *conn, const struct deposit *d, uint8_t hashes[][HASH_BYTES])
{
	uint32_t limit = htonl(MAILBOX_LIMIT), epoch = 0;
	const char *values[PARAMS] = { (const char *)hashes[d->mailbox], (const char *)d->key,
		(const char *)d->body, (const char *)&limit, NULL, NULL, (const char *)&epoch };
	const int lengths[PARAMS] = { HASH_BYTES, BLOB_ID_BYTES, BLOB_BYTES, sizeof limit, 0, 0,
		sizeof epoch };
	const int binary[PARAMS] = { 1, 1, 1, 1, 1, 1, 1 };

	if (!PQsendQueryPrepared(conn, "deposit", PARAMS, values, lengths, binary, 1))
		bench_fail(PQerrorMessage(conn));
}

/* Until the sync came back, which is after the commit. */
static void take_all(PGconn *conn, unsigned n_calls)
{
	unsigned n_stored = 0;
	bool synced = false;

	while (!synced) {
		PGresult *r = PQgetResult(conn);
		ExecStatusType status = r ? PQresultStatus(r) : PGRES_TUPLES_OK;
		uint32_t code;

		if (status == PGRES_PIPELINE_SYNC) {
			synced = true;
		} else if (status != PGRES_TUPLES_OK) {
			bench_fail(PQresultErrorMessage(r));
		} else if (r) {
			memcpy(&code, PQgetvalue(r, 0, 0), sizeof code);
			n_stored += code == 0;
		} else if (PQstatus(conn) != CONNECTION_OK) {
			bench_fail("connection lost");
		}
		PQclear(r);
	}
	if (n_stored != n_calls)
		bench_fail("a deposit was refused");
}

int main(int argc, char **argv)
{
	static struct deposits deposits;
	static uint8_t hashes[BENCH_MAILBOXES][HASH_BYTES];
	uint8_t secret[DEPOSIT_SECRET_BYTES];
	uint32_t *waits_us = malloc(BENCH_KEYS * sizeof *waits_us);
	size_t n_waits = 0;
	PGconn *conn;
	int n;

	if (argc != 5 || (n = atoi(argv[2])) < 1 || !waits_us)
		bench_fail("usage: pipeline CONNINFO CALLS WARM_S SECONDS");
	deposits_prepare(&deposits);
	for (uint32_t i = 0; i < BENCH_MAILBOXES; i++) {
		deposits_secret(secret, i);
		hash256(hashes[i], secret, sizeof secret);
	}
	conn = dial(argv[1]);
	deposits_begin(&deposits, argv[3], argv[4]);
	while (bench_now_us() < deposits.end_us) {
		uint64_t sent = bench_now_us(), now;

		for (int i = 0; i < n; i++) {
			struct deposit d = deposits_next(&deposits);

			call(conn, &d, hashes);
		}
		if (!PQpipelineSync(conn))
			bench_fail(PQerrorMessage(conn));
		take_all(conn, (unsigned)n);
		now = bench_now_us();
		for (int i = 0; i < n && now >= deposits.warm_us; i++)
			waits_us[n_waits++] = (uint32_t)(now - sent);
	}
	bench_report(&deposits, waits_us, n_waits);
	PQfinish(conn);
	free(waits_us);
	free(deposits.keys);
	free(deposits.pool);
	return 0;
}
