/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Making and opening a profile: the vault gives the database's key, the database all others. */
#include "client/lib/profile.h"

#include "client/lib/folder.h"
#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "client/lib/signal_provider.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "libshared/error.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int64_t wall_clock(void *clock)
{
	(void)clock;
	return time(NULL);
}

/* --- what is in meta ---------------------------------------------------- */

static int put(const struct profile *p, const char *name, const void *bytes, size_t len)
{
	return q_run(p->db, "INSERT OR REPLACE INTO meta VALUES (?, ?)", "tb", name, bytes, len);
}

static int get(const struct profile *p, const char *name, void *out, size_t len)
{
	const struct q_blob into = { out, len };

	return q_blob(&into, p->db, "SELECT value FROM meta WHERE name = ?", "t", name) ? E_IO : 0;
}

static int make_identity(struct profile *p)
{
	SIGNAL_OWNED(ratchet_identity_key_pair) *pair = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *public_key = NULL,
								       *secret = NULL;
	int rc;

	if (signal_protocol_key_helper_generate_identity_key_pair(&pair, p->signal) ||
			signal_protocol_key_helper_generate_registration_id(
					&p->registration_id, 0, p->signal) ||
			ec_public_key_serialize(
					&public_key, ratchet_identity_key_pair_get_public(pair)) ||
			ec_private_key_serialize(
					&secret, ratchet_identity_key_pair_get_private(pair)))
		return E_CRYPTO;
	memcpy(p->identity, signal_buffer_data(public_key) + 1, sizeof p->identity);
	rc = put(p, "identity", p->identity, sizeof p->identity);
	rc = rc ? rc
		: put(p, "identity secret", signal_buffer_data(secret), signal_buffer_len(secret));
	return rc ? rc : put(p, "registration", &p->registration_id, sizeof p->registration_id);
}

/* onion: of the server */
static int fill(struct profile *p, void *onion)
{
	int64_t home;
	int rc = make_identity(p);

	return rc ? rc : home_put(&home, p, onion);
}

/* E_LOCKED: there is none yet. A power cut leaves a decoy so, whose tables are made first. */
static int load(struct profile *p)
{
	const struct q_blob identity = { p->identity, sizeof p->identity };
	int rc = q_blob(&identity, p->db, "SELECT value FROM meta WHERE name = 'identity'", "");

	if (rc)
		return rc == STORE_NONE ? E_LOCKED : rc;

	rc = get(p, "registration", &p->registration_id, sizeof p->registration_id);
	return rc ? rc : home_main(&p->home, p);
}

int profile_refresh(struct profile *p)
{
	return home_main(&p->home, p);
}

/* --- the interface ------------------------------------------------------ */

static int open_with(struct profile **out, const char *dir, const struct vault *vault)
{
	CLEANUP(profile_close) struct profile *p = sodium_malloc(sizeof *p);
	int rc;

	if (!p)
		return E_NOMEM;
	memset(p, 0, sizeof *p);
	p->now_s = wall_clock;
	p->vault = *vault;
	rc = store_open(&p->db, dir, vault->database, &vault->key);
	rc = rc ? rc : signal_open(p);
	if (rc)
		return rc;
	*out = STEAL(p);
	return 0;
}

/* A new profile in place of whatever is in that database. */
static int make(struct profile **out, const char *dir, const struct vault *vault,
		const struct profile_source *source)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	char path[PAIR_PATH];
	int rc = pair_path(path, dir, vault->database);

	if (rc)
		return rc;
	pair_lose(dir, vault->database);
	if (unlink(path) < 0 && errno != ENOENT)
		return E_IO;
	rc = open_with(&p, dir, vault);
	rc = rc ? rc : q_begin(p->db);
	if (rc)
		return rc;
	rc = q_end(p->db, source->fill(p, source->data));
	rc = rc ? rc : load(p);
	if (rc == 0)
		*out = STEAL(p);
	return rc;
}

static int create(struct profile **out, const char *dir, const char *passphrase,
		const struct cost *cost, const struct profile_source *source)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	int rc;

	vault_random(&vault);
	pair_clear(dir);
	rc = make(&p, dir, &vault, source);
	/* Last: before there is a key file there is no profile. */
	rc = rc ? rc : vault_create(&vault, dir, passphrase, cost);
	if (rc == 0)
		*out = STEAL(p);
	return rc;
}

int profile_create_from(struct profile **out, const char *dir, const char *passphrase,
		const struct cost *cost, const struct profile_source *source)
{
	uint8_t name[VAULT_NAME_BYTES];
	bool is_new = mkdir(dir, 0700) == 0;
	int rc;

	if (!is_new && errno != EEXIST)
		return E_IO;
	if (vault_name(name, dir) == 0)
		return E_IO;
	/* Its name is on the disk before anything is in it. Where we may not read what is around an
	   old one, somebody else has made it. */
	rc = folder_sync_around(dir) && is_new ? E_IO : create(out, dir, passphrase, cost, source);
	if (rc && vault_name(name, dir) == E_IO)
		pair_clear(dir);
	if (rc && is_new)
		rmdir(dir);
	return rc;
}

int profile_create(struct profile **out, const char *dir, const char *passphrase,
		const uint8_t onion[static ONION_KEY_BYTES], const struct cost *cost)
{
	uint8_t copy[ONION_KEY_BYTES];
	const struct profile_source new = { fill, copy };

	memcpy(copy, onion, sizeof copy);
	return profile_create_from(out, dir, passphrase, cost, &new);
}

int profile_open(struct profile **out, const char *dir, const struct vault *vault)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	int rc = open_with(&p, dir, vault);

	rc = rc ? rc : load(p);
	/* Whoever looks sees nothing whose time is over. */
	if (rc == 0 && timer_due(p)) {
		/* no room on the disk: it keeps nobody out */
	}
	if (rc == 0)
		*out = STEAL(p);
	return rc;
}

int profile_unlock(struct vault *out, const char *dir, const char *passphrase)
{
	int lost, rc = vault_open(out, &lost, dir, passphrase);

	if (rc == 0 && lost >= 0) {
		keyring_forget(dir);
		pair_lose(dir, lost);
	}
	return rc;
}

int profile_add_decoy(
		struct profile *taken, const char *dir, const char *passphrase, const char *duress)
{
	CLEANUP(profile_close) struct profile *decoy = NULL;
	CLEANUP(vault_wipe) struct vault vault = taken->vault;
	CLEANUP(vault_wipe) struct vault other = { 0 };
	uint8_t onion[ONION_KEY_BYTES];
	int rc;

	memcpy(onion, taken->home.onion, sizeof onion);
	profile_close(taken); /* two at once would let go of each other's file locks */
	vault_decoy(&other, &vault);
	rc = profile_open(&decoy, dir, &other);
	if (rc == E_LOCKED)
		rc = make(&decoy, dir, &other, &(struct profile_source){ fill, onion });
	return rc ? rc : vault_add_decoy(&vault, dir, passphrase, duress);
}

void profile_close(struct profile *p)
{
	if (!p)
		return;
	signal_close(p);
	sqlite3_close_v2(p->db);
	sodium_free(p); /* wipes */
}

void profile_link(const struct profile *p, struct contact_link *out)
{
	home_link(out, p, &p->home);
}

int64_t profile_now(const struct profile *p)
{
	return p->now_s(p->clock);
}

bool profile_has_passed(const struct profile *p, int64_t then_s, int64_t span_s)
{
	int64_t now = profile_now(p);

	return now < then_s || now - then_s > span_s;
}
