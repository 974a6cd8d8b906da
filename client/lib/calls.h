/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What was heard about calls, for whichever process of this profile it concerns: `watch` tells that
 * it rings, `answer` takes the call, and whoever is live first gets the signal. And the lock of the
 * one call that a profile can be in.
 */
#ifndef SOTTO_CALLS_H
#define SOTTO_CALLS_H

#include "client/lib/call_signal.h"
#include "client/lib/contacts.h"

enum {
	CALLS_NONE = 1,
	CALLS_TAKEN = 2,
	CALLS_RING_S = 60,	 /* so long somebody calls */
	CALLS_STALE_S = 90,	 /* and so long it rings where no hang-up came */
	CALLS_SIGNALS_MOST = 64, /* remembered of one contact */
};

/* In the transaction that received it; what is not well-formed is ignored. */
int calls_heard(struct profile *profile, int64_t contact, const struct content *content) MUST_CHECK;

struct call_heard {
	int64_t id, contact; /* ids grow */
	struct call_signal signal;
};
/* The next signal of that contact above an id. CALLS_NONE. */
int calls_next(struct call_heard *out, struct profile *profile, int64_t contact,
		int64_t after) MUST_CHECK;
/* Who rings now: the newest call, of that contact unless 0. CALLS_NONE. */
int calls_ringing(struct call_heard *out, struct profile *profile, int64_t contact) MUST_CHECK;

enum calls_news { CALLS_RINGS = 1, CALLS_MISSED = 2 };
/* What a person was not told yet, and is from now on. CALLS_NONE. */
int calls_tell(struct call_heard *out, enum calls_news *out_news,
		struct profile *profile) MUST_CHECK;
/* A call that began while we were in another: it does not ring. CALLS_NONE. */
int calls_intruder(struct call_heard *out, struct profile *profile, int64_t but) MUST_CHECK;

/* Ours, answered, or declined: nothing that comes is news. */
int calls_settle(struct profile *profile, int64_t contact,
		const uint8_t call[static CALL_ID_BYTES]) MUST_CHECK;

/* Held until *out_fd is closed, at the latest when the process ends. CALLS_TAKEN: in a call. */
int calls_lock(int *out_fd, const struct profile *profile) MUST_CHECK;
bool calls_is_locked(const struct profile *profile);

#endif
