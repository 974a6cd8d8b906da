/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A route is a row: what may be asked, who may ask, what it costs, how large its body is, and the
 * one SQL function it calls between two short functions of ours. The table is the security policy
 * of a daemon.
 *
 *   ask    sees the whole, already authenticated request and fills the function's parameters.
 *   answer sees the committed result (NULL when the row has no function) and fills the reply.
 *
 * They return 0, a PROBLEM_* that becomes the reply, or a negative failure that becomes 503.
 * Neither blocks.
 */
#ifndef SOTTO_ROUTE_H
#define SOTTO_ROUTE_H

#include "libshared/db.h"
#include "libshared/key.h"
#include "libshared/problem.h"
#include "libshared/sizes.h"
#include "libshared/token_keys.h"

#include <jansson.h>

enum auth {
	AUTH_NONE,
	AUTH_OWNER, /* RFC 9421 HMAC by the owner key; {mailbox} in the path must be that key's hash
		     */
	AUTH_IF_SIGNED, /* the same if there is a Signature-Input; is_signed says so */
	AUTH_DEPOSIT,	/* Sotto-Deposit header: 32 bytes, base64url; only its hash is kept */
	AUTH_CHUNK,	/* Sotto-Chunk header: the same */
};

enum pay { /* which anonymous token buys it, docs/protocol.md; the others are for nothing */
	PAY_NOTHING = TOKEN_NONE,
	PAY_ACCOUNT = TOKEN_ACCOUNT,
	PAY_PREKEY = TOKEN_PREKEY, /* refused without one, before ask */
	PAY_MAILBOX = TOKEN_MAILBOX,
	PAY_INBOX = TOKEN_INBOX,
	PAY_CHUNK = TOKEN_CHUNK, /* the same */
	PAY_TURN = TOKEN_TURN,	 /* the same */
};

enum key_rule {	  /* the Idempotency-Key header: 16 bytes, base64url, not all zero */
	KEY_NONE, /* ignored */
	KEY_NEEDED,
};

struct reply;
struct request {
	const struct route *route;
	void *app;			   /* the daemon's own state */
	uint8_t mailbox[MAILBOX_ID_BYTES]; /* {mailbox} of the path */
	uint8_t uuid[16];		   /* {uuid} of the path */
	struct key owner;		   /* AUTH_OWNER: the owner's public key */
	bool is_signed;			   /* AUTH_IF_SIGNED: owner is there */
	uint8_t deposit_hash[HASH_BYTES];  /* AUTH_DEPOSIT */
	uint8_t chunk_hash[HASH_BYTES];	   /* AUTH_CHUNK */
	uint8_t chunk[CHUNK_ID_BYTES];	   /* {chunk} of the path */
	uint8_t key[BLOB_ID_BYTES];	   /* KEY_NEEDED */
	uint8_t hash[HASH_BYTES];	   /* is_paid, AUTH_IF_SIGNED: protocol.md "Repeats" */
	bool is_paid; /* a good token came along; spent is for the function to say */
	struct token_paid token;
	uint8_t *body; /* route->body_bytes of them, when ask sees it */
	size_t body_len;

	/* What ask leaves for answer; freed with the request. */
	void *kept;
	void (*kept_free)(void *kept);
	/* Set by ask for a large reply: what the result and it will hold. 503 if there is no room. */
	size_t holds;
	/* Set by ask for a reply that takes milliseconds to compute. answer only judges the result
	 * then; finish is called afterwards, for one request in each turn of the loop. */
	int (*finish)(struct request *rq, struct reply *rp);

	struct call call;
};

struct reply {
	unsigned status;
	const char *content_type; /* a literal */
	uint8_t *body;		  /* owned, malloc */
	size_t len;
};

struct route {
	const char *method;
	const char *path; /* "/v1/chunks/{chunk}"; at most one of {mailbox} {uuid} {chunk} */
	enum auth auth;
	enum pay pay;
	enum key_rule key;
	size_t body_bytes;    /* exactly; 0: none; the same path may have rows of several sizes */
	const char *function; /* "deposit($1, $2, $3, $4)", or NULL */
	int (*ask)(struct request *rq, struct params *p);
	int (*answer)(struct request *rq, const struct result *rs, struct reply *rp);
};

/* What spend.sql wants: token hash, request hash, epoch; NULL, NULL, 0 for a request without a good
 * token. Three parameters. */
void request_payment(const struct request *rq, struct params *p);

/* The body as one JSON object padded with spaces: duplicates, depth and non-objects refused.
 * PROBLEM_BAD_REQUEST. */
int request_json(const struct request *rq, json_t **out) MUST_CHECK;

/* Takes json (may be NULL after a failed allocation), pads with spaces to size bytes. */
int reply_json(struct reply *rp, unsigned status, size_t size, json_t *json) MUST_CHECK;

/* {} padded to JSON_BYTES. */
int reply_empty(struct reply *rp, unsigned status) MUST_CHECK;

/* A zeroed body of exactly len bytes for the caller to fill; application/octet-stream. */
int reply_bytes(struct reply *rp, unsigned status, size_t len) MUST_CHECK;

/* {"type": urn, "title": .., "status": ..} padded to JSON_BYTES; application/problem+json. */
int reply_problem(struct reply *rp, int problem) MUST_CHECK;
void reply_clear(struct reply *rp);

#endif
