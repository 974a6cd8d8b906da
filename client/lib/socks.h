/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A byte stream through Tor's SOCKS port (RFC 1928, 1929), on a circuit of its purpose; Tor
 * resolves the name.
 */
#ifndef SOTTO_SOCKS_H
#define SOTTO_SOCKS_H

#include "client/lib/net.h"

struct socks_to {
	const struct circuit *circuit;
	const char *host; /* an onion name */
	int port;
	int wait_s; /* for each step of Tor's; a signal ends it too */
};

/* A connected socket. E_NET. */
int socks_connect(int *out_fd, const struct net *net, const struct socks_to *to) MUST_CHECK;

#endif
