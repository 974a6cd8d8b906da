/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Profile and network together: making mailboxes, sending what waits, fetching what is
 * there. Each may be interrupted anywhere and called again.
 */
#ifndef SOTTO_SYNC_H
#define SOTTO_SYNC_H

#include "client/lib/conversation.h"
#include "client/lib/net.h"
#include "client/lib/tokens.h"

enum {
	SYNC_REFUSED = 1, /* the server said no; nothing was changed */
	SYNC_NO_CONTACT = 2,
	SYNC_NO_BUNDLE = 3, /* the contact's account is gone, or its server lies */
	SYNC_NOT_TEXT = 4,  /* not UTF-8 */
	SYNC_FULL = 5,	    /* the contact's mailbox is full; it will be sent later */
	SYNC_GONE = 6,	    /* the contact's mailbox is gone, and the inbox too */
	SYNC_LONG_TEXT = 9, /* more than PARTS_TEXT_MOST */
};

/* What a reply means: 0, SYNC_REFUSED, or the failure. */
int sync_verdict(int rc, const struct answer *answer) MUST_CHECK;

/* Over which a mailbox is read, lives and ends: one of its own, or its group's. */
struct circuit sync_circuit(const struct own_mailbox *mailbox);

/* The mailbox that a contact shall write to exists at its server. SYNC_NO_CONTACT. */
int sync_mailbox(struct net *net, struct profile *profile, int64_t contact) MUST_CHECK;
int sync_make_mailbox(struct net *net, struct profile *profile,
		const struct own_mailbox *mailbox) MUST_CHECK;
int sync_end_mailbox(struct net *net, const struct own_mailbox *mailbox) MUST_CHECK;

/* What conversation_send answered. */
int sync_of_send(int rc) MUST_CHECK;
/* Keeps the text and tries to send it. What fails stays in the outbox: sync_flush later. */
int sync_send(struct net *net, struct profile *profile, const char *name,
		const char *text) MUST_CHECK;
/* Sends what waits, in order for each contact; one who cannot be reached holds back no other. */
int sync_flush(struct net *net, struct profile *profile, unsigned *out_sent) MUST_CHECK;

int sync_flush_contact(struct net *net, struct profile *profile, int64_t contact) MUST_CHECK;

/* A signal for who is live, with all that it takes; nothing is kept. The same parcel may be posted
 * again: it is known by its envelope. SYNC_NO_CONTACT: they have ended meanwhile. */
int sync_signal(struct parcel *out, struct net *net, struct profile *profile,
		const struct outgoing *outgoing) MUST_CHECK;
int sync_post(struct net *net, const struct parcel *parcel) MUST_CHECK;

/* Fetches every mailbox until it is empty, in the order of spread.h; *out_new counts what is
 * new. */
enum sync_pace { SYNC_SPREAD, SYNC_AT_ONCE };
int sync_fetch(struct net *net, struct profile *profile, enum sync_pace pace,
		unsigned *out_new) MUST_CHECK;
int sync_fetch_one(struct net *net, struct profile *profile, const struct own_mailbox *mailbox,
		unsigned *out_new) MUST_CHECK;

#endif
