/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Another server (docs/protocol.md "Moving"). The profile lives at one, where its account and all
 * new mailboxes are; those at servers that it has left are read until their contacts write to the
 * new ones. Contacts hear of it under encryption; no server hears of the other.
 */
#ifndef SOTTO_MOVE_H
#define SOTTO_MOVE_H

#include "client/lib/net.h"
#include "client/lib/profile.h"

enum { MOVE_NONE = 1 };

/* A new account there, and everybody is told. May be repeated after a failure; until the new server
 * has promised an account nothing is changed. code: of an invite, or NULL. Answers are those of
 * tokens.h and sync.h. */
int move_to(struct net *net, struct profile *profile, const uint8_t onion[static ONION_KEY_BYTES],
		const uint8_t *code) MUST_CHECK;

/* Part of upkeep: ends accounts that were left, and finds mailboxes that nobody writes to. */
int move_keep(struct net *net, struct profile *profile) MUST_CHECK;

/* Gives up what is left there, asking that server to end it if it can be reached. MOVE_NONE:
 * nothing is. */
int move_forget(struct net *net, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;

/* Goes through the servers that were left: start with NULL after. MOVE_NONE: no further one. */
struct left_server {
	uint8_t onion[ONION_KEY_BYTES];
	int64_t n_mailboxes;
};
int move_next(struct left_server *out, struct profile *profile, const uint8_t *after) MUST_CHECK;

/* Goes through accounts that are not ended yet: *id from 0 on. `as` becomes who may end it: a copy
 * of profile without its database, in locked memory of the caller. MOVE_NONE. */
int move_left_account(struct profile *as, int64_t *id, const struct profile *profile) MUST_CHECK;

#endif
