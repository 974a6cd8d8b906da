/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions that make, open and close a handle. */
#include "client/lib/account.h"
#include "client/lib/handle.h"
#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "client/lib/sync.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* --- what is given ------------------------------------------------------ */

int sotto_take(const struct sized *into, const void *given)
{
	size_t size;

	memcpy(&size, given, sizeof size);
	memset(into->out, 0, into->size);
	if (size > into->size || size < into->least)
		return E_CONFIG; /* of a later version: it wants what we do not know */
	memcpy(into->out, given, size);
	return 0;
}

int sotto_take_options(struct sotto_options *out, const struct sotto_options *given)
{
	const struct sized into = { out, sizeof *out, offsetof(struct sotto_options, decoy) };
	int rc = sotto_take(&into, given);

	if (rc)
		return rc;
	if (!out->socks)
		out->socks = "127.0.0.1:9050";
	if (!out->dir)
		return E_CONFIG;
	return sodium_init() < 0 ? E_CRYPTO : 0;
}

int sotto_make(struct sotto **out, const struct sotto_options *o)
{
	CLEANUP(sotto_close) struct sotto *s = calloc(1, sizeof *s);
	int rc;

	if (!s || !(s->dir = strdup(o->dir)) || !(s->socks = strdup(o->socks)))
		return E_NOMEM;
	s->fast = o->fast;
	rc = net_open(&s->net, s->socks, s->fast);
	s->net.stop = &s->stop;
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

/* --- opening ------------------------------------------------------------ */

static int find_vault(struct vault *out, const struct sotto_options *o, const char *passphrase)
{
	CLEANUP(vault_wipe) struct vault own = { 0 };
	int rc = passphrase ? profile_unlock(&own, o->dir, passphrase) : keyring_use(&own, o->dir);

	if (rc)
		return rc == KEYRING_NONE ? E_LOCKED : rc;
	if (o->decoy)
		vault_decoy(out, &own);
	else
		*out = own;
	return 0;
}

static int of_database(int rc, const struct sotto_options *o)
{
	if (rc == E_LOCKED)
		return o->decoy ? SOTTO_NO_DECOY : SOTTO_DAMAGED;
	return rc == E_CONFIG ? SOTTO_OTHER_VERSION : rc;
}

int sotto_open(struct sotto **out, const struct sotto_options *options, const char *passphrase)
{
	CLEANUP(sotto_close) struct sotto *s = NULL;
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	struct sotto_options o = { .size = 0 };
	int rc = sotto_take_options(&o, options);

	rc = rc ? rc : sotto_make(&s, &o);
	rc = rc ? rc : find_vault(&vault, &o, passphrase);
	rc = rc ? rc : of_database(profile_open(&s->profile, s->dir, &vault), &o);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

int sotto_open_beside(struct sotto **out, const struct sotto *beside)
{
	const struct sotto_options o = {
		.dir = beside->dir, .socks = beside->socks, .fast = beside->fast
	};
	CLEANUP(sotto_close) struct sotto *s = NULL;
	int rc = sotto_make(&s, &o);

	rc = rc ? rc : profile_open(&s->profile, s->dir, &beside->profile->vault);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

void sotto_stop(struct sotto *s)
{
	atomic_store(&s->stop, 1);
}

void sotto_close(struct sotto *s)
{
	if (!s)
		return;
	(void)sotto_unwatch(s);
	profile_close(s->profile);
	net_close(&s->net);
	free(s->dir);
	free(s->socks);
	free(s);
}

int sotto_unlock(const struct sotto_options *options, const char *passphrase, uint32_t idle_s)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	struct sotto_options o = { .size = 0 };
	int rc = sotto_take_options(&o, options);

	rc = rc ? rc : find_vault(&vault, &o, passphrase);
	if (rc)
		return rc;
	return keyring_keep(&vault, o.dir, idle_s) ? SOTTO_NO_KEYRING : 0;
}

void sotto_forget_key(const char *dir)
{
	keyring_forget(dir);
}

void sotto_lock(const char *dir)
{
	keyring_forget(dir);
	pair_end(dir, SIGTERM);
}

/* --- a new one ---------------------------------------------------------- */

bool sotto_exists(const char *dir)
{
	uint8_t name[VAULT_NAME_BYTES];

	return vault_name(name, dir) == 0;
}

int sotto_create(struct sotto **out, const struct sotto_options *options, const char *passphrase,
		const char *server)
{
	CLEANUP(sotto_close) struct sotto *s = NULL;
	struct sotto_options o = { .size = 0 };
	struct cost cost;
	struct invite invite;
	bool invited;
	int rc = sotto_take_options(&o, options);

	rc = rc ? rc : sotto_read_server(&invite, &invited, server);
	rc = rc ? rc : sotto_make(&s, &o);
	if (rc)
		return rc;
	if (sotto_exists(s->dir))
		return SOTTO_EXISTS;
	rc = cost_measure(&cost);
	cost.device = o.device;
	rc = rc ? rc : profile_create(&s->profile, s->dir, passphrase, invite.onion, &cost);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

int sotto_register(struct sotto *s, const char *server)
{
	struct invite invite;
	bool invited;
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc = sotto_read_server(&invite, &invited, server);

	rc = rc ? rc : home_at(&home, s->profile, invite.onion);
	if (rc)
		return rc == HOME_NONE ? SOTTO_EXISTS : rc;
	rc = invited ? tokens_keep_invite(s->profile, &invite) : 0;
	return rc ? rc : account_register(&s->net, s->profile, &home);
}

/* --- links, work -------------------------------------------------------- */

void sotto_link(const struct sotto *s, char out[SOTTO_LINK_ROOM])
{
	struct contact_link link;

	profile_link(s->profile, &link);
	link_write(out, &link);
}

enum sotto_link_kind sotto_kind_of(const char *text)
{
	struct contact_link link;
	struct invite invite;

	if (link_read(&link, text) == 0)
		return SOTTO_LINK_CONTACT;
	if (invite_read(&invite, text) == 0)
		return SOTTO_LINK_INVITE;
	return onion_check(invite.onion, text) == 0 ? SOTTO_LINK_SERVER : SOTTO_LINK_NONE;
}

void sotto_show_work(struct sotto *s, sotto_on_work *on_work, void *userdata)
{
	s->net.on_work = on_work;
	s->net.on_work_userdata = userdata;
}
