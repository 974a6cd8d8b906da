/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A profile: one person's keys, contacts and messages in an encrypted database, whose key is in the
 * vault (vault.h). Everything in client/lib works on one. The clock of the
 * life-cycle comes through struct profile, so that a test can play sixty days. Several processes
 * may have one profile open; a handle serves one thread.
 */
#ifndef SOTTO_CLIENT_PROFILE_H
#define SOTTO_CLIENT_PROFILE_H

#include "client/lib/home.h"
#include "client/lib/hpke.h"
#include "client/lib/signal_library.h"
#include "client/lib/vault.h"

#include <sqlcipher/sqlite3.h>
#include <stdbool.h>

enum { CONTACT_NAME_MOST = 64 };

struct profile {
	sqlite3 *db;
	struct vault vault;
	int64_t (*now_s)(void *clock); /* local time; never compared with a server's */
	void *clock;
	signal_context *signal;
	signal_protocol_store_context *stores;
	bool failed;	      /* one of the stores met a failure of ours, not of the peer */
	uint8_t identity[32]; /* public, without the type byte */
	uint32_t registration_id;
	struct home home; /* the main one, as of profile_refresh */
};

/* dir must not hold a profile; what is left of one without its key file is removed. onion: our
 * server's key. cost: of opening it (cost_measure). E_IO, E_CRYPTO, E_NOMEM. */
int profile_create(struct profile **out, const char *dir, const char *passphrase,
		const uint8_t onion[static ONION_KEY_BYTES], const struct cost *cost) MUST_CHECK;

/* The same, of what fill puts into the empty database, in one transaction. A failure leaves
 * nothing. */
struct profile_source {
	int (*fill)(struct profile *profile, void *data); /* positive answers count as done */
	void *data;
};
int profile_create_from(struct profile **out, const char *dir, const char *passphrase,
		const struct cost *cost, const struct profile_source *source) MUST_CHECK;

/* E_LOCKED: wrong passphrase. Under a decoy's passphrase the other profile is lost for good: its
 * slot, what is kept of it in the keyring, and processes that have it open. */
int profile_unlock(struct vault *out, const char *dir, const char *passphrase) MUST_CHECK;
int profile_open(struct profile **out, const char *dir, const struct vault *vault) MUST_CHECK;

/* From now on `duress` opens a decoy, a new profile at the same server; one that is there already
 * stays, under the new passphrase. Takes the profile, and closes it. VAULT_TAKEN: `duress` is the
 * passphrase itself; E_LOCKED: passphrase is not this profile's. */
int profile_add_decoy(struct profile *profile, const char *dir, const char *passphrase,
		const char *duress) MUST_CHECK;

void profile_close(struct profile *profile);
DEFINE_CLEANUP(struct profile *, profile_close)

/* The main home's. */
void profile_link(const struct profile *profile, struct contact_link *out);
/* Another process may have made another home the main one. */
int profile_refresh(struct profile *profile) MUST_CHECK;
int64_t profile_now(const struct profile *profile);
/* So long ago, or in the future: then the clock was wrong, and what was noted counts as old. */
bool profile_has_passed(const struct profile *profile, int64_t then_s, int64_t span_s);

#endif
