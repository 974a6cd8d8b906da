/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Session descriptions of calls (RFC 8866, RFC 8829), reduced to what a call may have: one Opus and
 * at most one VP8 stream, bundled, one DTLS fingerprint, and one candidate, a relay on the relay's
 * own address. Everything else in the text is dropped or refuses it, so the text of a peer never
 * reaches the WebRTC library: it gets what sdp_write makes of the reading. The same is done to what
 * the library wants to send. No I/O.
 */
#ifndef SOTTO_CLIENT_SDP_H
#define SOTTO_CLIENT_SDP_H

#include "libshared/scope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SDP_RELAY_ADDRESS "127.0.0.2" /* where coturn relays, docs/protocol.md */

enum { SDP_BAD = 1, SDP_TEXT_MOST = 16384, SDP_WRITTEN_MOST = 1000, SDP_WORD_MOST = 64 };
enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum { SDP_AUDIO = 0, SDP_VIDEO = 1, SDP_STREAMS = 2 };

struct sdp_stream {
	char mid[SDP_WORD_MOST + 1];
	uint8_t payload_type;
	bool refused; /* port 0, and not because it is bundled */
	enum sdp_direction direction;
};

struct sdp {
	char ufrag[SDP_WORD_MOST + 1], password[SDP_WORD_MOST + 1];
	uint8_t fingerprint[32]; /* SHA-256 of the DTLS certificate */
	enum sdp_setup setup;
	uint16_t relay_port; /* of the one candidate; 0: none yet */
	unsigned n_streams;  /* audio, then video if there is one */
	struct sdp_stream streams[SDP_STREAMS];
};

/* SDP_BAD: not well-formed, or not a call as above. A text without a candidate is read. */
int sdp_read(struct sdp *out, const char *text, size_t len) MUST_CHECK;

/* A candidate as libraries tell it, "candidate:...": kept if it is the first relay on the relay's
 * address. SDP_BAD: it is none. */
int sdp_candidate(struct sdp *sdp, const char *text) MUST_CHECK;

/* The description as it goes to the peer, and to the WebRTC library. Its length. */
size_t sdp_write(char out[static SDP_WRITTEN_MOST], const struct sdp *sdp);

#endif
