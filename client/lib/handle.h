/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inside of client/sotto.h's handle: a profile and a way to the network. */
#ifndef SOTTO_HANDLE_H
#define SOTTO_HANDLE_H

#include "client/lib/net.h"
#include "client/lib/profile.h"
#include "client/sotto.h"

struct watch;

struct sotto {
	struct profile *profile;
	struct net net;
	struct watch *watch; /* or NULL */
	char *dir, *socks;   /* owned: the watch opens both anew */
	bool fast;
};
DEFINE_CLEANUP(struct sotto *, sotto_close)

/* A SOTTO_ answer for one of contacts.h. */
int sotto_of_contact(int rc);

#endif
