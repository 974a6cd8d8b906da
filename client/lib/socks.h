/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A byte stream through Tor's SOCKS port (RFC 1928, 1929), on a circuit of its purpose; Tor
 * resolves the name.
 */
#ifndef SOTTO_SOCKS_H
#define SOTTO_SOCKS_H

#include "client/lib/net.h"

struct socks_to {
	char circuit[33];	   /* net_circuit_name */
	char host[ONION_TEXT + 1]; /* an onion name */
	int port;
};

/* A socket that is connected to Tor; wait_s: for each step of Tor's. E_NET. */
int socks_dial(int *out_fd, const struct net *net, int wait_s) MUST_CHECK;
enum {
	SOCKS_SHUT = 1,	  /* the onion is there, and nobody listens behind that port */
	SOCKS_FAILED = 2, /* something failed: mostly, behind that port is no socket any more */
	SOCKS_NO_WAY = 3, /* Tor does not get to the onion */
};
/* Leads it on. Waits. E_NET: Tor said nothing of the kind. */
int socks_ask(int fd, const struct socks_to *to) MUST_CHECK;

#endif
