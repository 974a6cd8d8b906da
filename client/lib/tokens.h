/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Paying with anonymous tokens: a stock for each server and operation, in the profile. A token is
 * bound to one request before it is shown, so that a repeat is paid with the same one and costs
 * nothing; what was shown once is used for nothing else, since two requests with one token are from
 * one person.
 */
#ifndef SOTTO_TOKENS_H
#define SOTTO_TOKENS_H

#include "client/lib/net.h"
#include "client/lib/profile.h"

enum {			       /* apart from SYNC_*, which are answers of the same functions */
	TOKENS_UNPAID = 20,    /* the server wants a payment that we do not have (any more today) */
	TOKENS_NO_INVITE = 21, /* it registers invited people only */
	TOKENS_BAD_INVITE = 22, /* unknown, used up or expired */
	TOKENS_CLOSED = 23,	/* it registers nobody */
	TOKENS_TWO_FACED = 24,	/* it shows different keys to different circuits, or used another */
	TOKENS_TOO_HARD = 25,	/* it wants more work than net->work_bits_most */
};

struct payment {
	enum token_operation operation;
	const void *what; /* names the request: the same again is the same request */
	size_t len;
	bool if_asked; /* only when the server says so: a deposit need not be to an inbox */
};

/*
 * As net_ask, paid. A status of 401 that is about the token never comes back: another is taken,
 * and when none can be had the result is one of the above, or E_NET.
 */
int tokens_ask(struct net *net, struct profile *profile, const struct ask *ask,
		const struct payment *payment, struct answer *out) MUST_CHECK;

/* One is in stock at that server, or bound to that request, or is bought now: an answer as above
 * when it cannot be. */
int tokens_have(struct net *net, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES],
		const struct payment *payment) MUST_CHECK;

/* What was paid for is done and stored. */
int tokens_spent(struct profile *profile, const struct ask *ask,
		const struct payment *payment) MUST_CHECK;

/* Stocks at a home's server that are low are filled from the account's allowance, each at a random
 * time of its own. Call it now and then; a server that does not answer is no failure. */
int tokens_refill(struct net *net, struct profile *profile, const struct home *home) MUST_CHECK;

/* The invite that buys the account; forgotten when it has. No other server is shown its code. */
int tokens_keep_invite(struct profile *profile, const struct invite *invite) MUST_CHECK;
int tokens_forget_invite(struct profile *profile) MUST_CHECK;

#endif
