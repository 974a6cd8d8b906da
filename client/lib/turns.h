/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sealing keys by turns (docs/protocol.md "Turns"): each side numbers its turns within a session,
 * that is one set-up's base key; a turn ends when a packet sealed to its key was opened, and the
 * next packet written begins the next. A sealing secret dies quiet after a packet was opened under
 * a later turn.
 */
#ifndef SOTTO_TURNS_H
#define SOTTO_TURNS_H

#include "client/lib/packet.h"
#include "client/lib/profile.h"

enum { BASE_BYTES = 33, TURNS_NONE = 1, QUIET_S = 2 * 86400, RETENTION_S = 21 * 86400 };

/* Our key to name in the next packet of this session, made when the last turn has ended. */
int turns_own(struct profile *profile, int64_t contact, const uint8_t base[static BASE_BYTES],
		struct inside *out) MUST_CHECK;

/* The key to seal to in this session, and its turn; 0: no answer came yet. TURNS_NONE: none known.
 */
int turns_peer(uint32_t *out_turn, uint8_t out[static HPKE_PUBLIC_BYTES], struct profile *profile,
		const uint8_t base[static BASE_BYTES]) MUST_CHECK;

struct peer_turn {
	int64_t contact;
	const uint8_t *base;
	uint32_t turn;
	const uint8_t *public_key;
};
/* The peer named a key; kept when its turn is the highest of that session. */
int turns_learn(struct profile *profile, const struct peer_turn *turn) MUST_CHECK;

/* A set-up came under our key `sealing`: a one-time bundle's key becomes turn 0 of the session it
 * started. */
int turns_started(struct profile *profile, int64_t sealing, int64_t contact,
		const uint8_t base[static BASE_BYTES]) MUST_CHECK;

/* A packet was opened under our key `sealing`: its turn ends, earlier ones of the session are
 * superseded. */
int turns_opened(struct profile *profile, int64_t sealing) MUST_CHECK;

/* Deletes sealing secrets that are quiet, with the envelope ids and prekeys that go with them;
 * forgets what was held long ago. */
int turns_forget(struct profile *profile) MUST_CHECK;

#endif
