/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A deposit. Trusts nobody: the secret's hash finds the mailbox, the blob is opaque. After the
 * commit the blob goes out as an event too, so that a live session sees it at once; if that is
 * lost, the mailbox still has it.
 */
#include "services/blobd/deposit.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "services/blobd/blobd.h"

#include <stdio.h>
#include <string.h>

enum {
	DEPOSIT_STORED = 0,
	DEPOSIT_AGAIN = 1,
	DEPOSIT_FULL = 2,
	DEPOSIT_UNKNOWN = 3,
	DEPOSIT_UNPAID = 4,
}; /* deposit.sql */

int deposit_ask(struct request *rq, struct params *p)
{
	const struct blobd *blobd = rq->app;

	params_bytes(p, rq->deposit_hash, sizeof rq->deposit_hash);
	params_uuid(p, rq->key);
	params_bytes(p, rq->body, rq->body_len);
	params_i32(p, (int32_t)overload_now(blobd->engine->overload)->mailbox_blobs);
	request_payment(rq, p);
	return 0;
}

static void push(const struct request *rq, const uint8_t *mailbox, size_t len)
{
	const struct blobd *blobd = rq->app;
	uint8_t event[BLOB_ID_BYTES + BLOB_BYTES];
	char name[BASE64URL_ROOM(MAILBOX_ID_BYTES)], topic[80];

	if (len != MAILBOX_ID_BYTES)
		return;
	base64url_write(name, mailbox, len);
	snprintf(topic, sizeof topic, "sotto/v1/event/blob/%s", name);
	memcpy(event, rq->key, BLOB_ID_BYTES);
	memcpy(event + BLOB_ID_BYTES, rq->body, BLOB_BYTES);
	link_event(blobd->engine->link, topic, event, sizeof event);
}

int deposit_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct blobd *blobd = rq->app;
	const uint8_t *mailbox;
	size_t len;

	switch (result_i32(rs, 0, 0)) {
	case DEPOSIT_STORED:
		engine_count(blobd->engine, METRIC_BLOBS_STORED);
		mailbox = result_bytes(rs, 0, 1, &len);
		push(rq, mailbox, len);
		return reply_empty(rp, 201);
	case DEPOSIT_AGAIN:
		return reply_empty(rp, 201);
	case DEPOSIT_FULL:
		return PROBLEM_MAILBOX_FULL;
	case DEPOSIT_UNKNOWN:
		return PROBLEM_NOT_FOUND;
	case DEPOSIT_UNPAID:
		return PROBLEM_TOKEN_REQUIRED;
	}
	return E_BUG;
}
