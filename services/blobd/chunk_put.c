/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A piece of a file: hashes of its two secrets, days, ciphertext. Trusts nobody; what the piece is,
 * and whose, is not known here.
 */
#include "services/blobd/chunk_put.h"

#include "libshared/error.h"
#include "services/blobd/blobd.h"

enum { READ_AT = 0, DELETE_AT = HASH_BYTES, DAYS_AT = 2 * HASH_BYTES, DAYS_MOST = 21 };
enum {
	CHUNK_STORED = 0,
	CHUNK_AGAIN = 1,
	CHUNK_FULL = 2,
	CHUNK_TAKEN = 3,
	CHUNK_UNPAID = 4
}; /* chunk_put.sql */

static size_t piece_bytes(const struct request *rq)
{
	return rq->body_len - CHUNK_HEAD_BYTES;
}

int chunk_put_ask(struct request *rq, struct params *p)
{
	const struct blobd *blobd = rq->app;
	const uint64_t most = (uint64_t)blobd->engine->settings.chunk_mb << 20;
	const uint8_t days = rq->body[DAYS_AT];

	if (days < 1 || days > DAYS_MOST)
		return PROBLEM_BAD_REQUEST;
	params_uuid(p, rq->key);
	params_bytes(p, rq->body + READ_AT, HASH_BYTES);
	params_bytes(p, rq->body + DELETE_AT, HASH_BYTES);
	params_i16(p, days);
	params_bytes(p, rq->body + CHUNK_HEAD_BYTES, piece_bytes(rq));
	params_bool(p, blobd->chunks.bytes + piece_bytes(rq) > most);
	request_payment(rq, p);
	return 0;
}

int chunk_put_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct blobd *blobd = rq->app;

	switch (result_i32(rs, 0, 0)) {
	case CHUNK_STORED:
		blobd->chunks.bytes += piece_bytes(rq);
		return reply_empty(rp, 201);
	case CHUNK_AGAIN:
		return reply_empty(rp, 201);
	case CHUNK_FULL:
		return PROBLEM_CHUNKS_FULL;
	case CHUNK_TAKEN:
		return PROBLEM_CONFLICT;
	case CHUNK_UNPAID:
		return PROBLEM_TOKEN_REQUIRED;
	}
	return E_BUG;
}
