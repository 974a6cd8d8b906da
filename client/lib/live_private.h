/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inside of live.h: live.c plans, live_push.c hears. */
#ifndef SOTTO_LIVE_PRIVATE_H
#define SOTTO_LIVE_PRIVATE_H

#include "client/lib/live.h"

#include "client/lib/errand.h"

#include <mosquitto.h>

enum { SESSIONS_MOST = HOMES_MOST * PLACES };

struct session {
	struct live *live;
	struct mailbox_group group;
	struct own_mailbox *boxes; /* PLACE_MAILBOXES; owned */
	size_t n;		   /* 0: there is nothing to be done */
	struct mosquitto *mosq;
	bool connected; /* or on the way */
	struct live_grant grant;
	struct errand *errand; /* under way; NULL: none */
	bool opening;	       /* that is what it is about */
	bool subscribed, fetched, knows_boot;
	uint8_t boot[16]; /* bridged's, as it was last told */
	int64_t open_at_ms, fetch_at_ms, poll_at_ms, renew_at_ms; /* 0: not planned */
	int64_t retry_ms;
};

struct live {
	struct net *net;
	struct profile *profile;
	struct live_events events;
	struct session sessions[SESSIONS_MOST];
	unsigned n, n_first; /* n_first: there at the beginning, or when one was lost */
	bool ready, away;    /* what was told last */
	int64_t tick_at_ms;
};

int64_t live_now_ms(void);
/* "Fetch" and "renew" always mean after a random delay, so that many clients do not come at once.
 */
int64_t live_spread(const struct live *live, uint32_t most_ms);

int64_t live_next_poll(const struct live *live);

/* The mailboxes that are to be live, each in the session of its group. What has changed is asked
 * for anew. */
int live_adopt(struct live *live) MUST_CHECK;
int live_add_session(struct session **out, struct live *live,
		const struct mailbox_group *group) MUST_CHECK;

/* To the broker, as the grant says, in place of a connection that there may be. E_NET, E_NOMEM. */
int live_connect(struct session *session) MUST_CHECK;
void live_disconnect(struct session *session);
/* It is lost, or cannot be had: tried again later, and polled meanwhile. */
void live_lose(struct session *session);

#endif
