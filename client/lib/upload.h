/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sending a file. upload_begin finds the one that was begun, upload_step sends a piece. The message
 * that announces it is written when all pieces are there. It may be called by any later process.
 */
#ifndef SOTTO_UPLOAD_H
#define SOTTO_UPLOAD_H

#include "client/lib/group.h"
#include "client/lib/transfer.h"

/* Reads the whole file once, for its hash, unless it was begun already and is as it was then.
 * SYNC_NO_CONTACT; TRANSFER_PLACE: it cannot be read, or is none; TRANSFER_WRONG: too large. */
int upload_begin(struct transfer *out, struct profile *profile, const char *name,
		const char *path) MUST_CHECK;
/* To all of a group who have joined when it is whole. TRANSFER_NOT_IN, and those. */
int upload_begin_in(struct transfer *out, struct profile *profile, const struct group *group,
		const char *path) MUST_CHECK;

/* TRANSFER_DONE: all are there and the message waits in the outbox. TRANSFER_FULL, TRANSFER_CHANGED
 * (it is forgotten: begin again), TRANSFER_NOT_IN (forgotten too), TRANSFER_NONE: it was forgotten
 * meanwhile; SYNC_*, TOKENS_*. */
int upload_step(struct net *net, struct profile *profile, struct transfer *transfer) MUST_CHECK;

#endif
