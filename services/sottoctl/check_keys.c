/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Each credential: there, whole, closed to others, and in agreement with its other half. */
#include "libshared/error.h"
#include "libshared/token_keys.h"
#include "services/sottoctl/checks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *const part = "credentials";
static const char *const make = "sottoctl init (it makes what is missing and keeps the rest)";

enum { DAY_S = 86400 };

/* True when it is a file of ours that only its owner may read. */
static bool is_there(const struct site *site, struct findings *f, const char *name)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", site->keys, name);
	if (stat(path, &st) < 0) {
		found_bad(f, part, errno == EACCES ? "run it as root" : make, "%s: %s", name,
				strerror(errno));
		return false;
	}
	if (st.st_mode & 077) {
		found_bad(f, part,
				"chmod 0400 the file; if others were on this machine, make new "
				"keys",
				"%s: others may read it (mode %03o)", name, st.st_mode & 0777);
		return false;
	}
	return true;
}

static bool load(const struct site *site, struct findings *f, const char *name, struct key *out)
{
	char path[4096];

	if (!is_there(site, f, name))
		return false;
	snprintf(path, sizeof path, "%s/%s", site->keys, name);
	if (key_load(out, path) == 0)
		return true;
	found_bad(f, part, "restore it from a backup; or remove it and run sottoctl init",
			"%s: is not 32 bytes", name);
	return false;
}

static bool check_server_key(const struct site *site, struct findings *f, const char *daemon,
		const struct key *announced)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	CLEANUP(key_pair_wipe) struct key_pair pair = { 0 };
	char name[64];

	snprintf(name, sizeof name, "%s/server.key", daemon);
	if (!load(site, f, name, &secret))
		return false;
	if (key_pair_from_secret(&pair, &secret) == 0 && key_equal(&pair.pub, announced))
		return true;
	found_bad(f, part, "sottoctl init (it writes the public keys into sotto.conf)",
			"%s: is not the key that sotto.conf announces", name);
	return false;
}

/* The broker's plugin knows the hash of each daemon's password. */
static bool check_password(const struct site *site, struct findings *f, const char *daemon)
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	struct key hash, known;
	char name[64];

	snprintf(name, sizeof name, "%s/broker.key", daemon);
	if (!load(site, f, name, &key))
		return false;
	hash256(hash.b, key.b, sizeof key.b);
	snprintf(name, sizeof name, "broker/%s.hash", daemon);
	if (!load(site, f, name, &known))
		return false;
	if (key_equal(&hash, &known))
		return true;
	found_bad(f, part, "remove it, run sottoctl init, restart sotto-broker",
			"%s: is not the hash of that daemon's broker.key", name);
	return false;
}

static bool check_session_key(const struct site *site, struct findings *f)
{
	CLEANUP(key_wipe) struct key bridged = { { 0 } };
	CLEANUP(key_wipe) struct key broker = { { 0 } };

	if (!load(site, f, "bridged/session.key", &bridged) ||
			!load(site, f, "broker/session.key", &broker))
		return false;
	if (key_equal(&bridged, &broker))
		return true;
	found_bad(f, part, "remove broker/session.key, run sottoctl init, restart sotto-broker",
			"bridged and the broker have different session keys");
	return false;
}

/* prekeyd issues under the newest key of each operation; without one nobody can pay. */
static bool check_token_keys(const struct site *site, struct findings *f)
{
	CLEANUP(token_keys_wipe) struct token_keys keys = { 0 };
	uint64_t day = (uint64_t)time(NULL) / DAY_S;
	const char *name = "prekeyd/token-keys";
	char path[4096];

	if (!is_there(site, f, name) || !is_there(site, f, "blobd/token-keys") ||
			!is_there(site, f, "bridged/token-keys"))
		return false;
	snprintf(path, sizeof path, "%s/%s", site->keys, name);
	if (token_keys_load(&keys, path)) {
		found_bad(f, part, "restore it from a backup", "%s: is damaged", name);
		return false;
	}
	for (enum token_operation op = TOKEN_ACCOUNT; op <= TOKEN_TURN; op++)
		if (!token_keys_newest(&keys, op, day)) {
			found_bad(f, part, "sottoctl rotate DIR, and restart the daemons",
					"%s: no key of this epoch for %s", name,
					token_operation_name(op));
			return false;
		}
	return true;
}

void check_keys(const struct site *site, struct findings *f)
{
	const struct {
		const char *daemon;
		const struct key *announced;
	} daemons[] = { { "prekeyd", &site->settings.prekeyd_key },
		{ "blobd", &site->settings.blobd_key },
		{ "bridged", &site->settings.bridged_key } };
	CLEANUP(key_wipe) struct key nonce = { { 0 } };
	bool good = true;
	char name[64];

	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		snprintf(name, sizeof name, "%s/nonce.key", daemons[i].daemon);
		good &= load(site, f, name, &nonce);
		good &= check_server_key(site, f, daemons[i].daemon, daemons[i].announced);
		good &= check_password(site, f, daemons[i].daemon);
	}
	good &= check_session_key(site, f);
	good &= check_token_keys(site, f);
	if (good)
		found_good(f, part, "all there, whole, closed to others, and in agreement");
}
