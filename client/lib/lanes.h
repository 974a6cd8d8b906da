/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lanes: each server that is spoken to has a thread, with a network and a database connection of
 * its own, so that one that is silent holds up nothing but what is asked of it. What is for one
 * server is done one after the other. Above LANES_MOST servers at once, the others wait for one of
 * the threads.
 */
#ifndef SOTTO_LANES_H
#define SOTTO_LANES_H

#include "client/lib/errand.h"

enum { LANES_MOST = 16 };

struct lanes;

/* Whose lanes they are: all borrowed, and none of it changed as long as they are open. */
struct lanes_of {
	const struct net *net;
	const char *dir; /* the profile's */
	const struct vault *vault;
};

int lanes_open(struct lanes **out, const struct lanes_of *of) MUST_CHECK;
/* What is under way ends within a second. */
void lanes_close(struct lanes *lanes);
DEFINE_CLEANUP(struct lanes *, lanes_close)

/* Takes the errand in any case. What already waits to be done for all of a server is not asked
 * twice: then it never comes back. E_NOMEM: there is no thread. */
int lanes_add(struct lanes *lanes, struct errand *taken) MUST_CHECK;

/* Readable when one is done. */
int lanes_fd(const struct lanes *lanes);
/* The caller owns it; NULL: no further one. */
struct errand *lanes_done(struct lanes *lanes);

#endif
