/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The same deposits without HTTP: one libpq connection, the function that blobd calls, N calls and
 * one sync at a time, the next batch after the last one's commit. What blobd could do at most if
 * HTTP cost nothing. A failed call ends it.
 *
 *   pipeline CONNINFO CALLS WARM_S SECONDS [paid]
 *
 * paid: the mailboxes are inboxes, and each call redeems a token in memory and spends it.
 */
#include "libshared/token.h"
#include "libshared/writer.h"
#include "tests/bench/deposits.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <string.h>

enum { PARAMS = 7, MAILBOX_LIMIT = 1000, TOKENS = 1 << 16, DAY_S = 86400 };

struct purse {
	struct voprf_key key;
	uint8_t digest[HASH_BYTES];
	uint8_t (*tokens)[TOKEN_BYTES]; /* NULL: nothing is paid */
	size_t n_spent;
};

/* Made with the key itself, which is quicker than issuing. */
static void purse_fill(struct purse *purse)
{
	uint8_t key_id[HASH_BYTES];

	voprf_key_random(&purse->key);
	token_key_id(key_id, purse->key.pub);
	purse->tokens = malloc(TOKENS * sizeof *purse->tokens);
	if (!purse->tokens)
		bench_fail("no memory");
	for (size_t i = 0; i < TOKENS; i++) {
		struct writer w = writer_over(purse->tokens[i], TOKEN_BYTES);

		writer_u16(&w, TOKEN_TYPE);
		randombytes_buf(writer_take(&w, TOKEN_NONCE_BYTES), TOKEN_NONCE_BYTES);
		writer_copy(&w, purse->digest, HASH_BYTES);
		writer_copy(&w, key_id, HASH_BYTES);
		if (voprf_redeem(writer_take(&w, VOPRF_OUTPUT_BYTES), &purse->key, purse->tokens[i],
				    TOKEN_INPUT_BYTES))
			bench_fail("no tokens");
	}
}

static void purse_take(struct purse *purse, uint8_t out_hash[static HASH_BYTES])
{
	const uint8_t *token = purse->tokens[purse->n_spent++];

	if (purse->n_spent == TOKENS || token_redeem(token, &purse->key, purse->digest))
		bench_fail("a token was refused, or all are spent");
	token_hash(out_hash, token);
}

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

static void call(PGconn *conn, const struct deposit *d,
		const uint8_t deposit_hash[static HASH_BYTES], struct purse *purse)
{
	const uint32_t limit = htonl(MAILBOX_LIMIT);
	const uint32_t epoch = htonl(token_epoch((uint64_t)time(NULL) / DAY_S));
	uint8_t token[HASH_BYTES], request[HASH_BYTES];
	const bool paid = purse->tokens != NULL;
	const char *values[PARAMS] = { (const char *)deposit_hash, (const char *)d->key,
		(const char *)d->body, (const char *)&limit, paid ? (const char *)token : NULL,
		paid ? (const char *)request : NULL, (const char *)&epoch };
	const int lengths[PARAMS] = { HASH_BYTES, BLOB_ID_BYTES, BLOB_BYTES, sizeof limit,
		sizeof token, sizeof request, sizeof epoch };
	const int binary[PARAMS] = { 1, 1, 1, 1, 1, 1, 1 };

	if (paid) {
		purse_take(purse, token);
		hash256(request, d->key, BLOB_ID_BYTES);
	}
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
	static struct purse purse;
	static uint8_t hashes[BENCH_MAILBOXES][HASH_BYTES];
	uint8_t secret[DEPOSIT_SECRET_BYTES];
	uint32_t *waits_us = malloc(BENCH_KEYS * sizeof *waits_us);
	size_t n_waits = 0;
	PGconn *conn;
	int n;

	if (argc < 5 || (n = atoi(argv[2])) < 1 || !waits_us)
		bench_fail("usage: pipeline CONNINFO CALLS WARM_S SECONDS [paid]");
	deposits_prepare(&deposits);
	if (argc > 5)
		purse_fill(&purse);
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

			call(conn, &d, hashes[d.mailbox], &purse);
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
	free(purse.tokens);
	free(deposits.keys);
	free(deposits.pool);
	return 0;
}
