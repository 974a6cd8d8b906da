/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions that open a profile, act on contacts and send. */
#include "client/lib/handle.h"
#include "client/lib/keyring.h"
#include "client/lib/panic.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* --- opening ------------------------------------------------------------ */

static int read_options(struct sotto_options *out, const struct sotto_options *given)
{
	*out = (struct sotto_options){ 0 };
	if (given->size > sizeof *out || given->size < offsetof(struct sotto_options, decoy))
		return E_CONFIG; /* of a later version: it wants what we do not know */
	memcpy(out, given, given->size);
	if (!out->socks)
		out->socks = "127.0.0.1:9050";
	if (!out->dir)
		return E_CONFIG;
	return sodium_init() < 0 ? E_CRYPTO : 0;
}

static int make_handle(struct sotto **out, const struct sotto_options *o)
{
	CLEANUP(sotto_close) struct sotto *s = calloc(1, sizeof *s);
	int rc;

	if (!s || !(s->dir = strdup(o->dir)) || !(s->socks = strdup(o->socks)))
		return E_NOMEM;
	s->fast = o->fast;
	rc = net_open(&s->net, s->socks, s->fast);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

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

int sotto_open(struct sotto **out, const struct sotto_options *options, const char *passphrase)
{
	CLEANUP(sotto_close) struct sotto *s = NULL;
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	struct sotto_options o;
	int rc = read_options(&o, options);

	rc = rc ? rc : make_handle(&s, &o);
	rc = rc ? rc : find_vault(&vault, &o, passphrase);
	rc = rc ? rc : profile_open(&s->profile, s->dir, &vault);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
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

/* --- a new one ---------------------------------------------------------- */

static int read_server(struct invite *out, bool *out_invited, const char *server)
{
	*out_invited = onion_check(out->onion, server) != 0;
	return *out_invited && invite_read(out, server) ? SOTTO_BAD_LINK : 0;
}

int sotto_create(struct sotto **out, const struct sotto_options *options, const char *passphrase,
		const char *server)
{
	CLEANUP(sotto_close) struct sotto *s = NULL;
	uint8_t name[VAULT_NAME_BYTES];
	struct sotto_options o;
	struct cost cost;
	struct invite invite;
	bool invited;
	int rc = read_options(&o, options);

	rc = rc ? rc : read_server(&invite, &invited, server);
	rc = rc ? rc : make_handle(&s, &o);
	if (rc)
		return rc;
	if (vault_name(name, s->dir) == 0)
		return SOTTO_EXISTS;
	rc = cost_measure(&cost);
	rc = rc ? rc : profile_create(&s->profile, s->dir, passphrase, invite.onion, &cost);
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

int sotto_register(struct sotto *s, const char *server)
{
	struct invite invite;
	bool invited;
	int rc = read_server(&invite, &invited, server);

	if (rc)
		return rc;
	if (memcmp(s->profile->onion, invite.onion, sizeof invite.onion) != 0)
		return SOTTO_EXISTS;
	rc = invited ? tokens_keep_invite(s->profile, invite.code) : 0;
	return rc ? rc : sync_register(&s->net, s->profile);
}

void sotto_link(const struct sotto *s, char out[SOTTO_LINK_ROOM])
{
	struct contact_link link;

	profile_link(s->profile, &link);
	link_write(out, &link);
}

/* --- contacts ----------------------------------------------------------- */

int sotto_of_contact(int rc)
{
	if (rc == CONTACT_NONE)
		return SOTTO_NO_CONTACT;
	if (rc == CONTACT_EXISTS)
		return SOTTO_EXISTS;
	return rc > 0 || rc == E_CONFIG ? SOTTO_BAD_NAME : rc;
}

/* The mailbox that they shall write to. A watch makes it when a message has to name it. */
static int prepare(struct sotto *s, const char *name)
{
	struct contact c;
	int rc = sotto_of_contact(contact_by_name(&c, s->profile, name));

	return rc || s->watch ? rc : sync_mailbox(&s->net, s->profile, c.id);
}

int sotto_add(struct sotto *s, const char *name, const char *text)
{
	struct contact_link link;
	int rc = link_read(&link, text) ? SOTTO_BAD_LINK : 0;

	rc = rc ? rc : sotto_of_contact(contact_add(s->profile, name, &link));
	return rc ? rc : prepare(s, name);
}

int sotto_accept(struct sotto *s, const char *request, const char *name)
{
	int rc = sotto_of_contact(contact_accept(s->profile, request, name));

	return rc ? rc : prepare(s, name);
}

int sotto_block(struct sotto *s, const char *name)
{
	return sotto_of_contact(contact_block(s->profile, name));
}

int sotto_end(struct sotto *s, const char *name)
{
	struct contact c;
	int rc;

	if (!s->watch)
		return upkeep_end_contact(&s->net, s->profile, name);
	rc = sotto_of_contact(contact_by_name(&c, s->profile, name));
	return rc ? rc : contact_end(s->profile, &c);
}

/* --- panic -------------------------------------------------------------- */

int sotto_panic(struct sotto *s)
{
	struct panic panic_now = { .dir = s->dir, .net = &s->net };
	int rc;

	if (vault_destroy(s->dir)) {
		/* First of all, and again below, which tells. */
	}
	(void)sotto_unwatch(s);
	panic_now.profile = STEAL(s->profile);
	rc = panic(&panic_now);
	return rc ? rc : panic_now.n_left ? SOTTO_REFUSED : 0;
}

/* --- passphrases -------------------------------------------------------- */

int sotto_passwd(const char *dir, const char *old, const char *passphrase)
{
	int rc = sodium_init() < 0 ? E_CRYPTO : vault_change(dir, old, passphrase);

	return rc == VAULT_TAKEN ? SOTTO_EXISTS : rc;
}

int sotto_unlock(const struct sotto_options *options, const char *passphrase, uint32_t idle_s)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	struct sotto_options o;
	int rc = read_options(&o, options);

	rc = rc ? rc : find_vault(&vault, &o, passphrase);
	return rc ? rc : keyring_keep(&vault, o.dir, idle_s);
}

void sotto_lock(const char *dir)
{
	keyring_forget(dir);
}
