/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the server grants for a mailbox: a session with the broker. */
#ifndef SOTTO_LIVE_REQUEST_H
#define SOTTO_LIVE_REQUEST_H

#include "client/lib/contacts.h"
#include "client/lib/net.h"

struct live_grant {
	char host[ONION_TEXT + 1]; /* where the broker is */
	int port;
	char id[SESSION_TEXT + 1], password[64], down[64], up[64];
};

/* The same request (boxes[0].request, and the same boxes) renews. All are of one group. E_NET,
 * E_PROTO. */
int live_request(struct live_grant *out, struct net *net, const struct own_mailbox *boxes,
		size_t n) MUST_CHECK;

#endif
