/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inside of client/sotto.h's handle: a profile and a way to the network. */
#ifndef SOTTO_HANDLE_H
#define SOTTO_HANDLE_H

#include "client/lib/contacts.h"
#include "client/lib/net.h"
#include "client/lib/profile.h"
#include "client/sotto.h"

struct watch;

struct sotto {
	struct profile *profile;
	struct net net;
	atomic_int stop;     /* the net's */
	struct watch *watch; /* or NULL */
	char *dir, *socks;   /* owned: the watch opens both anew */
	bool fast;
};
DEFINE_CLEANUP(struct sotto *, sotto_close)

/* Options of an earlier version are shorter: the rest of it is 0. E_CONFIG: of a later one. */
struct sized {
	void *out;
	size_t size, least;
};
int sotto_take(const struct sized *into, const void *given) MUST_CHECK;
int sotto_take_options(struct sotto_options *out, const struct sotto_options *given) MUST_CHECK;
/* With no profile yet. */
int sotto_make(struct sotto **out, const struct sotto_options *options) MUST_CHECK;

/* An invite, or a server's name. SOTTO_BAD_LINK. */
int sotto_read_server(struct invite *out, bool *out_invited, const char *server) MUST_CHECK;

/* By name; accepted: nobody else. SOTTO_NO_CONTACT. */
int sotto_person(struct contact *out, struct sotto *sotto, const char *name) MUST_CHECK;
int sotto_accepted(struct contact *out, struct sotto *sotto, const char *name) MUST_CHECK;

/* What waits goes at once, if there is a watch. */
void sotto_wake(struct sotto *sotto);

/* A home by its server's name. SOTTO_BAD_LINK, SOTTO_NO_HOME. */
int sotto_home(struct home *out, struct sotto *sotto, const char *name) MUST_CHECK;

/* result.c: the public answer for one of contacts.h, move.h, transfer.h, group.h, stream.h, call.h;
 * conversation.h's of sending. */
int sotto_of_contact(int rc);
int sotto_of_move(int rc);
int sotto_of_transfer(int rc);
int sotto_of_group(int rc);
int sotto_of_stream(int rc);
int sotto_of_call(int rc);

#endif
