/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The relay of a server of ours, and credentials for it, each bought with a token. */
#ifndef SOTTO_RELAY_H
#define SOTTO_RELAY_H

#include "client/lib/call_signal.h"
#include "client/lib/tokens.h"

/* Where it is; user and password are left as they are. */
int relay_find(struct call_relay *out, struct net *net,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;

/* For the two ends of a call, over that one "turn" circuit: the relay sees anyway that they belong
 * together. SYNC_REFUSED, TOKENS_*. */
int relay_buy(struct call_relay out[static 2], struct net *net, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES],
		const uint8_t circuit[static CALL_ID_BYTES]) MUST_CHECK;

#endif
