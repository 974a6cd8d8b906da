/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A profile: one person's keys, contacts and messages in an encrypted database (SQLCipher, raw key
 * from Argon2id of the passphrase). Everything in client/lib works on one. The clock of the
 * life-cycle comes through struct profile, so that a test can play sixty days. Several processes
 * may have one profile open; a handle serves one thread.
 */
#ifndef SOTTO_CLIENT_PROFILE_H
#define SOTTO_CLIENT_PROFILE_H

#include "client/lib/hpke.h"
#include "client/lib/link.h"

#include <omemo/signal_protocol.h>
#include <sqlcipher/sqlite3.h>
#include <stdbool.h>

enum { CONTACT_NAME_MOST = 64 };

struct profile {
	sqlite3 *db;
	int64_t (*now_s)(void *clock); /* local time; never compared with a server's */
	void *clock;
	signal_context *signal;
	signal_protocol_store_context *stores;
	bool failed;	      /* one of the stores met a failure of ours, not of the peer */
	uint8_t identity[32]; /* public, without the type byte */
	uint32_t registration_id;
	uint8_t uuid[UUID_BYTES];
	uint8_t onion[ONION_KEY_BYTES]; /* of our own server */
	struct key_pair owner;		/* the account's */
	struct key bundle_key;
};

/* dir must not hold a profile. onion: our server's key. E_IO, E_CRYPTO, E_NOMEM. */
int profile_create(struct profile **out, const char *dir, const char *passphrase,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;
/* E_LOCKED: wrong passphrase. */
int profile_open(struct profile **out, const char *dir, const char *passphrase) MUST_CHECK;
void profile_close(struct profile *profile);
DEFINE_CLEANUP(struct profile *, profile_close)

void profile_link(const struct profile *profile, struct contact_link *out);
int64_t profile_now(const struct profile *profile);
/* So long ago, or in the future: then the clock was wrong, and what was noted counts as old. */
bool profile_has_passed(const struct profile *profile, int64_t then_s, int64_t span_s);

#endif
