/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who is live: sessions in memory only (on disk they would link mailboxes), found by session id and
 * by what they hold. Tables are keyed with a random key of this process, since strangers choose the
 * ids. No I/O.
 */
#ifndef SOTTO_BRIDGED_REGISTRY_H
#define SOTTO_BRIDGED_REGISTRY_H

#include "libshared/scope.h"
#include "libshared/sizes.h"

#include <stdbool.h>
#include <stdint.h>

enum { REGISTRY_FULL = 1 };
enum { HOLDERS_MOST = 4 }; /* sessions that hold one mailbox: each push goes to all of them */
enum {
	UNACKED_MOST = 32
}; /* pushes without acknowledgement: half of what the broker keeps for a session */

struct session;

/* One thing a session holds: a mailbox id, or an account's uuid followed by zeros. */
struct holding {
	uint8_t id[MAILBOX_ID_BYTES];
	struct session *session;
	struct holding *next;
};

struct session {
	uint8_t id[SESSION_BYTES];
	uint64_t since_us; /* made or renewed, monotonic */
	uint64_t expiry_s; /* Unix time */
	unsigned unacked;
	bool must_fetch; /* a push was withheld: say so when unacked falls */
	bool fetch_due;	 /* to be told soon, see push.c */
	unsigned n_holdings;
	struct session *next; /* in its bucket */
	struct session *all_next, *all_prev;
	struct holding holdings[];
};

struct registry;

int registry_new(struct registry **out, unsigned most_sessions) MUST_CHECK;
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free)

/* What a session is to be: n ids of 32 bytes. */
struct session_wish {
	uint8_t id[SESSION_BYTES];
	unsigned n_ids;
	uint8_t ids[SESSION_MAILBOXES][MAILBOX_ID_BYTES];
};

/* Makes it, or finds the one of that id (the same request again). REGISTRY_FULL, E_NOMEM. */
int registry_put(struct registry *registry, const struct session_wish *wish,
		struct session **out) MUST_CHECK;

/*
 * The session that has to end before wish may be put, or NULL: of the HOLDERS_MOST that hold one of
 * its ids, the one renewed longest ago. Who holds an owner key can only displace itself.
 */
struct session *registry_displaced(
		const struct registry *registry, const struct session_wish *wish);

struct session *registry_find(
		const struct registry *registry, const uint8_t id[static SESSION_BYTES]);
void registry_remove(struct registry *registry, struct session *session);

/* First and next holding of that id, over all sessions. */
struct holding *registry_holding(
		const struct registry *registry, const uint8_t id[static MAILBOX_ID_BYTES]);
struct holding *registry_holding_next(const struct holding *holding);
bool session_holds(const struct session *session, const uint8_t id[static MAILBOX_ID_BYTES]);

/* All sessions; removing the current one while going through is fine if its all_next was read
 * before. */
struct session *registry_first(const struct registry *registry);
unsigned registry_count(const struct registry *registry);

#endif
