/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The catalogue of error replies. */
#include "libshared/problem.h"

#define URN "urn:sotto:problem:"

static const struct problem_text texts[PROBLEMS] = {
	[PROBLEM_BAD_REQUEST] = { 400, URN "bad-request",
			"The request breaks the rules of this interface" },
	[PROBLEM_UNAUTHORIZED] = { 401, URN "unauthorized",
			"The signature is absent, wrong or stale" },
	[PROBLEM_TOKEN_REQUIRED] = { 401, URN "token-required", "This costs a token" },
	[PROBLEM_NOT_PAID] = { 402, URN "not-paid", "That does not pay for tokens" },
	[PROBLEM_NOT_FOUND] = { 404, URN "not-found", "There is nothing here for you" },
	[PROBLEM_METHOD] = { 405, URN "method-not-allowed", "This path takes other methods" },
	[PROBLEM_CONFLICT] = { 409, URN "conflict", "That belongs to another owner" },
	[PROBLEM_LENGTH_REQUIRED] = { 411, URN "length-required",
			"Bodies have a Content-Length here" },
	[PROBLEM_BODY_SIZE] = { 413, URN "body-size",
			"The body does not have the one size of this request" },
	[PROBLEM_TOO_MANY] = { 429, URN "too-many-requests", "Too much at once" },
	[PROBLEM_UNAVAILABLE] = { 503, URN "unavailable", "Try again with the same bytes" },
	[PROBLEM_OVERLOADED] = { 503, URN "overloaded",
			"The server takes no more of that at present" },
	[PROBLEM_MAILBOX_FULL] = { 507, URN "mailbox-full", "The mailbox is full" },
	[PROBLEM_CHUNKS_FULL] = { 507, URN "chunks-full", "There is no room for pieces of files" },
};

const struct problem_text *problem_text(int problem)
{
	if (problem <= PROBLEM_NONE || problem >= PROBLEMS)
		problem = PROBLEM_UNAVAILABLE;
	return &texts[problem];
}
