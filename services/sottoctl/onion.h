/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The server as people reach it: through Tor, by its own onion name. */
#ifndef SOTTO_SOTTOCTL_ONION_H
#define SOTTO_SOTTOCTL_ONION_H

#include "libshared/scope.h"

/* SOCKS5 of Debian's tor@sotto.service. */
#define ONION_SOCKS "/run/tor-instances/sotto/socks"
/* Its control port, and the password for that: 32 bytes. */
#define ONION_CONTROL "/run/tor-instances/sotto/control"
#define ONION_COOKIE "/run/tor-instances/sotto/control.authcookie"

struct onion_target {
	const char *socks, *onion, *path;
	unsigned port;
};

/* A connection to onion:port; path is not used. */
int onion_connect(const struct onion_target *target, int *out_fd, unsigned *out_socks) MUST_CHECK;

/*
 * GET path at onion:port through the SOCKS socket; *out_status is the HTTP status. Gives up
 * after 60 s without a byte. E_NET: nobody is reached, silently: whoever asks tries again or
 * has words of their own. *out_socks is then what Tor answered (RFC 1928 section 6; 0 when not
 * even Tor did).
 */
int onion_get(const struct onion_target *target, int *out_status, unsigned *out_socks) MUST_CHECK;

/*
 * Our Tor forgets what it has learnt of onions (NEWNYM of control-spec 3.7): where they are,
 * and which directories it has asked, which it would else not ask again for a quarter of an
 * hour. E_NET.
 */
int onion_forget(const char *control, const char *cookie) MUST_CHECK;

#endif
