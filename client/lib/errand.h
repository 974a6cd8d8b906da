/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a client that stays asks of one server. Each is done by itself, wherever there are a network
 * and a profile: at once, or on a thread of its own (lanes.h).
 */
#ifndef SOTTO_ERRAND_H
#define SOTTO_ERRAND_H

#include "client/lib/live_request.h"
#include "client/lib/sync.h"

enum errand_kind {
	ERRAND_SESSION, /* a session for the boxes, or the same one anew */
	ERRAND_FETCH,	/* what is in the boxes */
	ERRAND_FLUSH,	/* sends what waits */
	ERRAND_KEEP,	/* the same, and all that upkeep_tick does */
};

struct errand {
	struct errand *next; /* in a list of whoever has it */
	enum errand_kind kind;
	void *owner; /* of ours, given back */
	uint8_t onion[ONION_KEY_BYTES];

	/* What came of it. */
	int rc;
	struct live_grant grant; /* SESSION */
	unsigned n_new;		 /* messages */
	bool changed;		 /* something was stored */
	bool goes_on;		 /* what was sent takes another server now */

	size_t n;
	struct own_mailbox boxes[];
};

/* The boxes are copied. */
int errand_new(struct errand **out, enum errand_kind kind,
		const uint8_t onion[static ONION_KEY_BYTES], const struct own_mailbox *boxes,
		size_t n) MUST_CHECK;
void errand_free(struct errand *errand); /* wipes */
DEFINE_CLEANUP(struct errand *, errand_free)

/* The result stands in it. A net that serves one server only fails for all others: nothing of
 * theirs is touched. */
void errand_do(struct errand *errand, struct net *net, struct profile *profile);

/* The servers where something waits to be sent, and with `keep` all where something is ours: start
 * with NULL. STORE_NONE: no further one. */
int errand_server(uint8_t out[static ONION_KEY_BYTES], struct profile *profile, bool keep,
		const uint8_t *after) MUST_CHECK;

#endif
