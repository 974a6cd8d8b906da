/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Our account at a home's server: registered once, then looked after about once a day, which also
 * keeps it alive. Bundles are a generation, named by its signed prekey's id, and renewed every
 * week; their secrets die quiet after the server has confirmed a later one.
 */
#ifndef SOTTO_ACCOUNT_H
#define SOTTO_ACCOUNT_H

#include "client/lib/net.h"
#include "client/lib/profile.h"

enum { ACCOUNT_WEEK_S = 7 * 86400, ACCOUNT_REFILL_BELOW = 20 };

struct account { /* as the server tells */
	uint32_t generation;
	uint64_t next; /* number of the next bundle to be put */
	int left;      /* one-time bundles not handed out */
};

/* Makes the inbox as well. Answers are those of sync.h and tokens.h. */
int account_register(struct net *net, struct profile *profile, const struct home *home) MUST_CHECK;
int account_ask(struct account *out, struct net *net, const struct home *home) MUST_CHECK;

/* The account and its bundles are gone; also when there was none. */
int account_end(struct net *net, const struct home *home) MUST_CHECK;

/* Now: registers anew where the server knows nothing of us, refills below 20 left, renews what is a
 * week old. */
int account_look_after(
		struct net *net, struct profile *profile, const struct home *home) MUST_CHECK;
/* The same, when it is due. */
int account_keep(struct net *net, struct profile *profile, const struct home *home) MUST_CHECK;

#endif
