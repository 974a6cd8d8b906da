/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A connection through Tor that a thread makes while other things are done: a circuit takes its
 * time. */
#ifndef SOTTO_DIAL_H
#define SOTTO_DIAL_H

#include "client/lib/socks.h"

enum { DIAL_WAITS = 1 };

struct dial;

/* wait_s: for each step of Tor's. */
int dial_begin(struct dial **out, const struct net *net, const struct socks_to *to,
		int wait_s) MUST_CHECK;
/* The connected socket, the caller's, once. E_NET, DIAL_WAITS. */
int dial_take(struct dial *dial, int *out_fd) MUST_CHECK;
void dial_end(struct dial *dial); /* wherever it is */

#endif
