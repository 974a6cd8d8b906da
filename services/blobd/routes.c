/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * START HERE: all that blobd answers. The table is the security policy; each row's two functions
 * stand in the file of their name, with the SQL function they call beside it.
 */
#include "services/blobd/acks.h"
#include "services/blobd/blobd.h"
#include "services/blobd/chunk_end.h"
#include "services/blobd/chunk_get.h"
#include "services/blobd/chunk_put.h"
#include "services/blobd/deposit.h"
#include "services/blobd/fetch.h"
#include "services/blobd/mailbox_end.h"
#include "services/blobd/mailbox_put.h"

/* clang-format off */
const struct route blobd_routes[] = {
	/* method    path                            who           pays         key         body
	   function                                  ask           answer */
	{ "GET",    "/v1/health",                    AUTH_NONE,    PAY_NOTHING, KEY_NONE,   0,
	  NULL,                                      NULL,         health_answer },
	{ "PUT",    "/v1/mailboxes/{mailbox}",       AUTH_OWNER,   PAY_MAILBOX, KEY_NONE,   JSON_BYTES,
	  "mailbox_put($1, $2, $3, $4, $5, $6, $7)", mailbox_put_ask, mailbox_put_answer },
	{ "DELETE", "/v1/mailboxes/{mailbox}",       AUTH_OWNER,   PAY_NOTHING, KEY_NONE,   0,
	  "mailbox_end($1)",                         mailbox_end_ask, mailbox_end_answer },
	{ "POST",   "/v1/blobs",                     AUTH_DEPOSIT, PAY_INBOX,   KEY_NEEDED, BLOB_BYTES,
	  "deposit($1, $2, $3, $4, $5, $6, $7)",     deposit_ask,  deposit_answer },
	{ "GET",    "/v1/mailboxes/{mailbox}/blobs", AUTH_OWNER,   PAY_NOTHING, KEY_NONE,   0,
	  "fetch($1)",                               fetch_ask,    fetch_answer },
	{ "POST",   "/v1/mailboxes/{mailbox}/acks",  AUTH_OWNER,   PAY_NOTHING, KEY_NONE,   ACKS_BYTES,
	  "ack($1, $2)",                             acks_ask,     acks_answer },
	{ "POST",   "/v1/chunks",                    AUTH_NONE,    PAY_CHUNK,   KEY_NEEDED, CHUNK_PUT_64K,
	  "chunk_put($1, $2, $3, $4, $5, $6, $7, $8, $9)", chunk_put_ask, chunk_put_answer },
	{ "POST",   "/v1/chunks",                    AUTH_NONE,    PAY_CHUNK,   KEY_NEEDED, CHUNK_PUT_1M,
	  "chunk_put($1, $2, $3, $4, $5, $6, $7, $8, $9)", chunk_put_ask, chunk_put_answer },
	{ "GET",    "/v1/chunks/{chunk}",            AUTH_CHUNK,   PAY_NOTHING, KEY_NONE,   0,
	  "chunk_get($1, $2)",                       chunk_get_ask, chunk_get_answer },
	{ "DELETE", "/v1/chunks/{chunk}",            AUTH_CHUNK,   PAY_NOTHING, KEY_NONE,   0,
	  "chunk_end($1, $2)",                       chunk_end_ask, chunk_end_answer },
};
/* clang-format on */
const size_t blobd_n_routes = ARRAY_LEN(blobd_routes);
