/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The fixed catalogue of error replies (RFC 9457). A problem never says anything about a user, and
 * those that a stranger must not tell apart are the same row. docs/openapi.yaml lists them; a test
 * compares.
 */
#ifndef SOTTO_PROBLEM_H
#define SOTTO_PROBLEM_H

enum problem {
	PROBLEM_NONE = 0,
	PROBLEM_BAD_REQUEST,  /* 400 bad-request: a header or body breaks the rules */
	PROBLEM_UNAUTHORIZED, /* 401 unauthorized: signature absent, wrong or with a stale nonce */
	PROBLEM_TOKEN_REQUIRED,	 /* 401 token-required: none, forged, expired and spent alike */
	PROBLEM_NOT_PAID,	 /* 402 not-paid: whatever was wrong with the payment for tokens */
	PROBLEM_NOT_FOUND,	 /* 404 not-found: unknown, forbidden and expired alike */
	PROBLEM_METHOD,		 /* 405 method-not-allowed */
	PROBLEM_CONFLICT,	 /* 409 conflict: taken by another */
	PROBLEM_LENGTH_REQUIRED, /* 411 length-required: no chunked bodies */
	PROBLEM_BODY_SIZE,	 /* 413 body-size: not the one size this route takes */
	PROBLEM_TOO_MANY,	 /* 429 too-many-requests */
	PROBLEM_UNAVAILABLE,	 /* 503 unavailable: try again, Retry-After */
	PROBLEM_OVERLOADED,	 /* 503 overloaded: not taken at present; nothing was done */
	PROBLEM_MAILBOX_FULL,	 /* 507 mailbox-full */
	PROBLEM_CHUNKS_FULL,	 /* 507 chunks-full: all chunks together */
	PROBLEMS,		 /* how many */
};

struct problem_text {
	unsigned status;
	const char *urn; /* "urn:sotto:problem:mailbox-full" */
	const char *title;
};

/* Never NULL; an unknown number is PROBLEM_UNAVAILABLE. */
const struct problem_text *problem_text(int problem);

#endif
