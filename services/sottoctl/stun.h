/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * As much of a TURN client as it takes to see a relay work (RFC 8489, RFC 8656), over one stream.
 * Each request returns 0, the error code that the relay answers (401, 403, ...), or E_NET, E_PROTO.
 */
#ifndef SOTTO_SOTTOCTL_STUN_H
#define SOTTO_SOTTOCTL_STUN_H

#include "libshared/scope.h"
#include "libshared/turn_credential.h"

#include <stdbool.h>

enum { STUN_TEXT_MOST = 128 };

struct stun { /* one side of a call; start with fd and who, the rest zero */
	int fd;
	const struct turn_credential *who;
	size_t nonce_len, realm_len; /* as the relay said; 0: not yet */
	uint8_t nonce[STUN_TEXT_MOST], realm[STUN_TEXT_MOST];
};

struct stun_address { /* IPv4 */
	uint32_t host;
	uint16_t port;
};

/* A relayed address of our own, for UDP. */
int stun_allocate(struct stun *s, struct stun_address *out) MUST_CHECK;

/* What comes from that host is passed on to us, and it may be sent to. */
int stun_permit(struct stun *s, const struct stun_address *peer) MUST_CHECK;

/* Sends; nobody says whether it arrived. */
int stun_send(struct stun *s, const struct stun_address *peer, const void *bytes,
		size_t len) MUST_CHECK;

/* Waits for the next packet that was relayed to us; *out_same: it is this one. */
int stun_hear(struct stun *s, const void *bytes, size_t len, bool *out_same) MUST_CHECK;

#endif
