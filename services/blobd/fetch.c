/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A fetch. The reply has one size, whatever waits: 8 slots, unused ones zero. */
#include "services/blobd/fetch.h"

#include "libshared/error.h"
#include "services/blobd/blobd.h"

#include <string.h>

int fetch_ask(struct request *rq, struct params *p)
{
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	return 0;
}

int fetch_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	unsigned n = result_rows(rs);
	struct blobd *blobd = rq->app;
	uint8_t *slot;
	int rc;

	if (n == 0)
		return PROBLEM_NOT_FOUND;
	if (n > FETCH_SLOTS)
		return E_BUG;
	rc = reply_bytes(rp, 200, FETCH_BYTES);
	if (rc)
		return rc;
	slot = rp->body;
	for (unsigned i = 0; i < n && !result_is_null(rs, i, 0); i++) {
		size_t id_len, len;
		const uint8_t *id = result_bytes(rs, i, 0, &id_len),
			      *body = result_bytes(rs, i, 1, &len);

		if (id_len != BLOB_ID_BYTES || len != BLOB_BYTES)
			return E_BUG;
		memcpy(slot, id, BLOB_ID_BYTES);
		memcpy(slot + BLOB_ID_BYTES, body, BLOB_BYTES);
		slot += BLOB_ID_BYTES + BLOB_BYTES;
		engine_count(blobd->engine, METRIC_BLOBS_FETCHED);
	}
	return 0;
}
