/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Having a batch of tokens made (docs/protocol.md "POST /v1/tokens"): on a circuit of its own,
 * under a key that two circuits were shown, paid with an invite, work, or the account's allowance.
 * The request is stored before it is sent, so a lost answer costs nothing: it is sent again.
 */
#ifndef SOTTO_ISSUE_H
#define SOTTO_ISSUE_H

#include "client/lib/tokens.h"

enum { ISSUE_FREE = 1 /* the server lists no key: the operation costs nothing there */ };
enum issue_from { ISSUE_FROM_ANY, ISSUE_FROM_ALLOWANCE };

struct issue {
	const uint8_t *onion;
	enum token_operation operation;
	enum issue_from from;
};

/* 0: a batch is in the stock. ISSUE_FREE, or a TOKENS_ answer. */
int issue_batch(struct net *net, struct profile *profile, const struct issue *issue) MUST_CHECK;

/* Asks the server's keys anew and throws away what no listed key made. */
int issue_check_stock(struct net *net, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;

#endif
