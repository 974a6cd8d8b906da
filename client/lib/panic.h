/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Panic (docs/protocol.md "Panic"): a profile ends. Its slots first, in milliseconds and without a
 * network; then its files, keyring and whoever has it open; then, if it was unlocked, its server is
 * asked to end account and mailboxes, each over its own circuit, for a minute at most.
 */
#ifndef SOTTO_PANIC_H
#define SOTTO_PANIC_H

#include "client/lib/sync.h"

enum { PANIC_ASK_S = 60 };

struct panic {
	const char *dir;
	struct profile *profile; /* taken and closed. NULL: it is locked, and nothing is asked */
	struct net *net;	 /* borrowed; its stop is not looked at */
	int ask_s;		 /* 0: PANIC_ASK_S */
	void *userdata;
	/* Nothing can be read any more; n_left is to be asked now. May be NULL. */
	void (*on_destroyed)(const struct panic *panic);
	unsigned n_ended, n_left; /* filled: of account and mailboxes */
};

/* From an event loop; a handler calls vault_destroy at once and the loop does this next. Once is
 * enough, twice does no harm. E_IO: something of it is still there, and cannot be written. */
int panic(struct panic *panic) MUST_CHECK;

#endif
