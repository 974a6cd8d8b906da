/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Making a mailbox. Its id is the hash of the owner key that signed, which the engine has checked.
 */
#include "services/blobd/mailbox_put.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "services/blobd/blobd.h"

#include <string.h>

enum { KEEP_DAYS_MOST = 21 };
enum {
	MAILBOX_MADE = 0,
	MAILBOX_AGAIN = 1,
	MAILBOX_TAKEN = 2,
	MAILBOX_UNPAID = 4
}; /* mailbox_put.sql */

static int read_body(struct request *rq, json_int_t *out_days, int *out_inbox)
{
	json_t *json = NULL;
	const char *deposit;
	size_t len;
	int rc = request_json(rq, &json);

	if (rc)
		return rc;
	if (json_unpack(json, "{s:s%, s:I, s:b !}", "deposit", &deposit, &len, "keep_days",
			    out_days, "inbox", out_inbox) < 0 ||
			*out_days < 1 || *out_days > KEEP_DAYS_MOST ||
			base64url_read(rq->deposit_hash, HASH_BYTES, deposit, len))
		rc = PROBLEM_BAD_REQUEST;
	json_decref(json);
	return rc;
}

int mailbox_put_ask(struct request *rq, struct params *p)
{
	json_int_t days = 0;
	int inbox = 0, rc = read_body(rq, &days, &inbox);

	if (rc)
		return rc;
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	params_bytes(p, rq->deposit_hash, sizeof rq->deposit_hash);
	params_i16(p, (int16_t)days);
	params_bool(p, inbox);
	request_payment(rq, p);
	return 0;
}

int mailbox_put_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct blobd *blobd = rq->app;

	switch (result_i32(rs, 0, 0)) {
	case MAILBOX_MADE:
		engine_count(blobd->engine, METRIC_MAILBOXES_MADE);
		return reply_empty(rp, 201);
	case MAILBOX_AGAIN:
		return reply_empty(rp, 201);
	case MAILBOX_TAKEN:
		return PROBLEM_CONFLICT;
	case MAILBOX_UNPAID:
		return PROBLEM_TOKEN_REQUIRED;
	}
	return E_BUG;
}
