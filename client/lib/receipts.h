/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Telling a contact that what they sent has come (docs/protocol.md "Receipts"): off until the
 * person wants it for that contact, and late by a random time, so that it does not tell when one
 * is there.
 */
#ifndef SOTTO_RECEIPTS_H
#define SOTTO_RECEIPTS_H

#include "client/lib/content.h"
#include "client/lib/profile.h"

enum {
	RECEIPTS_NONE = 1,   /* no such contact */
	RECEIPT_RANGES = 64, /* in one receipt */
	RECEIPT_LEAST_S = 60,
	RECEIPT_SPREAD_S = 1740,
};

/* Of what comes from now on. RECEIPTS_NONE. */
int receipts_set(struct profile *profile, const char *contact, bool on) MUST_CHECK;

/* In the transaction that received it: something numbered, or a receipt. */
int receipts_heard(
		struct profile *profile, int64_t contact, const struct content *content) MUST_CHECK;

/* Puts into the outbox those that are due; at_once: all. */
int receipts_due(struct profile *profile, bool at_once) MUST_CHECK;

#endif
