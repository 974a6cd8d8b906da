/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a client does now and then, whoever calls: asks for what is lost and answers, looks after
 * the account, keeps spare mailboxes, ends those that are to end, and forgets what is quiet. One
 * thing that fails keeps no other back.
 */
#ifndef SOTTO_UPKEEP_H
#define SOTTO_UPKEEP_H

#include "client/lib/sync.h"

enum { SPARE_MAILBOXES = 4 };

/* Does what is due; mostly nothing. */
int upkeep(struct net *net, struct profile *profile) MUST_CHECK;

/* What of it takes no network. fast: receipts go at once. */
int upkeep_here(struct profile *profile, bool fast) MUST_CHECK;

/*
 * The rest, for a client that stays, once a minute or so, at the servers that the net serves: also
 * sends what waits, and fetches the mailboxes that no live session brings (those without a place)
 * as well as all others once a day, which keeps them alive. *out_new counts what has come.
 */
int upkeep_tick(struct net *net, struct profile *profile, unsigned *out_new) MUST_CHECK;

/* Forgets a contact with all that was said, and ends its mailbox: now, or as soon as the server
 * can be reached. SYNC_NO_CONTACT. */
int upkeep_end_contact(struct net *net, struct profile *profile, const char *name) MUST_CHECK;

#endif
