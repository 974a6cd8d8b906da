/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What did not arrive (docs/protocol.md "Loss"). Numbers show gaps, and a packet in a contact's
 * mailbox that cannot be opened shows that somebody's state is old. The one who sees it asks; the
 * other sends again from its history and says what will never come. No network.
 */
#ifndef SOTTO_LOSS_H
#define SOTTO_LOSS_H

#include "client/lib/content.h"
#include "client/lib/profile.h"

enum {
	LOSS_HOUR_S = 3600, /* between two asks of ours, and between two answers, to one contact */
	LOSS_ASKS_A_DAY = 3,
	LOSS_RANGES = 64,	/* in one ask or answer */
	LOSS_GAPS_MOST = 256,	/* remembered for a contact */
	LOSS_AGAIN_MOST = 500,	/* sent again for one ask */
	LOSS_RECENT_MOST = 256, /* of those, without knowing which were lost */
};

/* In the transaction that received it: what its number says, and what it asks or answers. */
int loss_heard(struct profile *profile, int64_t contact, const struct content *content) MUST_CHECK;

/* Has something that was said before it not come yet, as far as its number says? */
int loss_is_early(bool *out, struct profile *profile, int64_t contact,
		const struct content *content) MUST_CHECK;

/* A text of that number came and was not kept: it is missing. Nothing is noted where the
 * contact has ended. */
int loss_refused(struct profile *profile, int64_t contact, uint64_t number) MUST_CHECK;

/* A packet in that contact's mailbox was for us and could not be opened. */
int loss_unopened(struct profile *profile, int64_t contact) MUST_CHECK;

/* In a transaction: says up to where was heard, unasked, and with that where to write to us; not
 * before after_s, or with the next text. */
int loss_tell(struct profile *profile, int64_t contact, int64_t after_s) MUST_CHECK;

/* Puts into the outbox what is to be asked and answered now. */
int loss_mend(struct profile *profile) MUST_CHECK;

/* This profile is an old copy: no session goes on, all contacts are asked. In the caller's
 * transaction. */
int loss_restored(struct profile *profile) MUST_CHECK;

#endif
