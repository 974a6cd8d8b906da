/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Homes come and go (docs/protocol.md "Homes"). A profile lives at one server or several; where it
 * has left, its mailboxes are read until their contacts write to new ones. Contacts hear of it
 * under encryption; no server hears of another.
 */
#ifndef SOTTO_MOVE_H
#define SOTTO_MOVE_H

#include "client/lib/net.h"
#include "client/lib/profile.h"

enum {
	MOVE_NONE = 1, /* no such home */
	MOVE_LAST = 2, /* there is no other one */
	MOVE_MANY = 3, /* there are HOMES_MOST */
};

/* A home more. May be repeated after a failure; until the new server has promised an account
 * nothing is changed. code: of an invite, or NULL. MOVE_MANY, and the answers of tokens.h and
 * sync.h. */
struct move {
	const uint8_t *onion, *code;
};
int move_add(struct net *net, struct profile *profile, const struct move *to) MUST_CHECK;

/* The same, and the main home is left for it; it may be one that is there already. */
int move_to(struct net *net, struct profile *profile, const struct move *to) MUST_CHECK;

/* Without the network. MOVE_NONE. */
int move_main(struct profile *profile, const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;

/* Its contacts are told of the main home, or, if it is that, of another one, which becomes it. The
 * account there is ended when its server can be reached. MOVE_NONE, MOVE_LAST. */
int move_leave(struct net *net, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;

/* From now on that contact knows of that home, unless it was left meanwhile. fast: no random
 * delay. */
int move_contact(struct profile *profile, int64_t contact, const struct home *to,
		bool fast) MUST_CHECK;

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

#endif
