/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The inside of live.h: live.c plans, live_push.c hears. */
#ifndef SOTTO_LIVE_PRIVATE_H
#define SOTTO_LIVE_PRIVATE_H

#include "client/lib/live.h"

#include "client/lib/errand.h"

#include <mosquitto.h>

enum { SESSIONS_MOST = HOMES_MOST * PLACES };

/* What was pushed and could not be taken then, or not stored: what it follows may still be in the
 * mailbox. It is taken after a fetch that began later. */
struct early {
	struct early *next;
	uint8_t mailbox[MAILBOX_ID_BYTES], id[BLOB_ID_BYTES], packet[BLOB_BYTES];
};
enum { EARLY_MOST = 32 }; /* so many that are not acknowledged are pushed */

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
	bool subscribed, knows_boot;
	bool fetching, fetched; /* since it was subscribed: a fetch has begun; one is over */
	uint8_t boot[16];	/* bridged's, as it was last told */
	int64_t open_at_ms, fetch_at_ms, poll_at_ms, renew_at_ms; /* 0: not planned */
	int64_t retry_ms;
	struct early *early;	     /* in order of arrival; owned */
	unsigned n_early, n_fetched; /* n_fetched: there when the fetch began that is under way */
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

/* A fetch begins; it has brought all that there was, so what was early is taken. */
void live_fetch_begins(struct session *session);
void live_fetch_ended(struct session *session);

#endif
