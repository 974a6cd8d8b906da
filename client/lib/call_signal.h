/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What two clients say to each other about a call (docs/protocol.md "Calls"), as the body of a
 * message of type CONTENT_CALL. No I/O.
 */
#ifndef SOTTO_CALL_SIGNAL_H
#define SOTTO_CALL_SIGNAL_H

#include "client/lib/content.h"
#include "client/lib/sdp.h"

enum call_kind {
	CALL_OFFER = 1,
	CALL_ANSWER = 2,
	CALL_HANG_UP = 3,
	CALL_AGAIN = 4,	 /* the way is lost, make another offer */
	CALL_MISSED = 5, /* the only one that is kept for who is offline */
};

enum call_reason { /* why somebody hangs up */
	CALL_ENDED = 0,
	CALL_DECLINED = 1,
	CALL_BUSY = 2,
	CALL_UNABLE = 3,   /* no media there, or none in common */
	CALL_FORGED = 4,   /* the certificate is not the one that was named */
	CALL_GIVEN_UP = 5, /* before it was answered */
	CALL_LOST = 6,	   /* no way is found again */
	CALL_REASONS = 7,
};

enum { CALL_ID_BYTES = 16, CALL_CREDENTIAL_MOST = 64, CALL_SIGNAL_BAD = 1 };

struct call_relay { /* where both ends meet, and one end's way in */
	uint8_t onion[ONION_KEY_BYTES];
	uint16_t port;
	char user[CALL_CREDENTIAL_MOST + 1], password[CALL_CREDENTIAL_MOST + 1];
};

struct call_signal {
	enum call_kind kind;
	uint8_t call[CALL_ID_BYTES];
	uint8_t attempt;	    /* of finding a way, from 1 */
	enum call_reason reason;    /* of a hang-up */
	bool video;		    /* of an offer, or what was missed */
	struct call_relay relay;    /* of an offer: for who answers */
	char sdp[SDP_WRITTEN_MOST]; /* of an offer or answer */
};

/* The length. Every signal fits. */
size_t call_signal_write(uint8_t out[static CONTENT_TEXT_MOST], const struct call_signal *signal);
/* CALL_SIGNAL_BAD: not well-formed, or a description that no call can have. */
int call_signal_read(struct call_signal *out, const void *bytes, size_t len) MUST_CHECK;

#endif
