/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What buys a batch of tokens: an invite, work, or the account's daily allowance. */
#ifndef SOTTO_PAY_H
#define SOTTO_PAY_H

#include "client/lib/issue.h"

#include <jansson.h>

enum pay { PAY_NOTHING, PAY_INVITE, PAY_WORK, PAY_ALLOWANCE };

/* The cheapest way after the one that was refused. TOKENS_*: there is none (any more). */
struct pay_choice {
	const struct issue *issue;
	enum registration registration;
	enum pay refused;
};
int pay_choose(enum pay *out, struct profile *profile, const struct pay_choice *choice) MUST_CHECK;

struct payer {
	enum pay pay;
	enum token_operation operation;
	const struct ask *via; /* has the circuit on which work is asked for, and the onion */
};
/* The member "pay" of the request, which the caller owns. Work is done here. */
int pay_make(json_t **out, struct net *net, struct profile *profile,
		const struct payer *payer) MUST_CHECK;

#endif
