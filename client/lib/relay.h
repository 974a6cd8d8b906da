/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Credentials for the relay of our own server, each bought with a token. */
#ifndef SOTTO_RELAY_H
#define SOTTO_RELAY_H

#include "client/lib/call_signal.h"
#include "client/lib/tokens.h"

/* name: 16 bytes; the same again gets the same credential. SYNC_REFUSED, TOKENS_*. */
int relay_credential(struct call_relay *out, struct net *net, struct profile *profile,
		const uint8_t name[static 16]) MUST_CHECK;

#endif
