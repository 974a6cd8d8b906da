/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The line that Tor puts before a connection when HiddenServiceExportCircuitID is haproxy:
 *   "PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n", at most 59 bytes, alone or glued to the
 * request. Sources: tor's export_hs_client_circuit_id(), the PROXY protocol 1 text.
 */
#ifndef SOTTO_CIRCUIT_H
#define SOTTO_CIRCUIT_H

#include "libshared/scope.h"

#include <netinet/in.h>

enum { CIRCUIT_LINE_MOST = 59 };
enum { CIRCUIT_MORE = 1, CIRCUIT_BAD = 2 };

/*
 * 0: a whole, well-formed line stands at the start of bytes; *out_len counts its CRLF too.
 * CIRCUIT_MORE: what is there may become one. CIRCUIT_BAD: it cannot. Nothing but Tor's own form is
 * taken.
 */
int circuit_parse(struct in6_addr *out, size_t *out_len, const char *bytes, size_t len) MUST_CHECK;

/* Peeks at a connected socket and consumes exactly the line: 0, CIRCUIT_MORE, CIRCUIT_BAD (also:
 * closed), E_IO. */
int circuit_take(struct in6_addr *out, int fd) MUST_CHECK;

/* The circuit's number in that address. Begins again when tor starts again. */
uint32_t circuit_number(const struct in6_addr *address);

#endif
