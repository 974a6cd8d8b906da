/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Live: one MQTT session for each mailbox, the most private way, or for each group of mailboxes
 * (contacts.h), each on a circuit of its own. A push is a hint: what it brings is handled like a
 * fetched blob, and everything unclear is answered by fetching.
 */
#ifndef SOTTO_LIVE_H
#define SOTTO_LIVE_H

#include "client/lib/sync.h"

struct lanes;
struct live;

struct live_events { /* called from live_turn */
	void *userdata;
	/* 0: all mailboxes. Else that contact's only, in a session beside one that there may be
	   already. */
	int64_t contact;
	void (*on_ready)(void *userdata); /* every mailbox is subscribed, and fetched once since */
	void (*on_news)(void *userdata);  /* something new was stored */
	/* A connection is lost, or cannot be made; told once, then on_ready comes again. Meanwhile
	   the mailbox is polled. May be NULL, then on_ready comes once. */
	void (*on_lost)(void *userdata);
	const int *wake_fd; /* live_turn ends when it is readable; NULL: none */
	/* Who asks what is asked, meanwhile all goes on, and looks after the profile. NULL: it is
	   asked within live_turn, and nothing is looked after. */
	struct lanes *lanes;
};

/* Borrows net and profile. */
int live_open(struct live **out, struct net *net, struct profile *profile,
		const struct live_events *events) MUST_CHECK;
void live_close(struct live *live);
DEFINE_CLEANUP(struct live *, live_close)

/* Every mailbox has a session, though perhaps no connection yet. */
bool live_is_granted(const struct live *live);

/* What waits to be sent goes now, by the lanes. */
int live_flush(struct live *live) MUST_CHECK;

/* What has come, without waiting and without a request: while another one is under way. */
void live_drive(struct live *live);

/* Waits for at most wait_ms for something to happen and deals with it. Lost sessions come back by
 * themselves. */
int live_turn(struct live *live, int wait_ms) MUST_CHECK;

#endif
