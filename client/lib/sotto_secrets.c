/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around passphrases, exports, and the end of a profile. */
#include "client/lib/backup.h"
#include "client/lib/handle.h"
#include "client/lib/pair.h"
#include "client/lib/panic.h"
#include "libshared/error.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- passphrases -------------------------------------------------------- */

int sotto_passwd(const char *dir, const char *old, const char *passphrase)
{
	int rc = sodium_init() < 0 ? E_CRYPTO : vault_change(dir, old, passphrase);

	return rc == VAULT_TAKEN ? SOTTO_EXISTS : rc;
}

int sotto_set_duress(struct sotto *s, const char *passphrase, const char *duress)
{
	int rc;

	(void)sotto_unwatch(s); /* it has the profile open too */
	rc = profile_add_decoy(STEAL(s->profile), s->dir, passphrase, duress);
	return rc == VAULT_TAKEN ? SOTTO_EXISTS : rc;
}

/* --- exports ------------------------------------------------------------ */

/* Whole, as a later one may be written from elsewhere; the file need not be there yet. */
static int full_path(char out[static BACKUP_PATH_MOST + 1], const char *path)
{
	char folder[PATH_MAX] = "";
	int n;

	if (*path != '/' && !getcwd(folder, sizeof folder))
		return E_IO;
	n = snprintf(out, BACKUP_PATH_MOST + 1, "%s%s%s", folder, *path == '/' ? "" : "/", path);
	return n > BACKUP_PATH_MOST ? SOTTO_NO_PLACE : 0;
}

int sotto_export(struct sotto *s, const char *given, const char *passphrase, bool daily)
{
	char path[BACKUP_PATH_MOST + 1];
	struct stream_key key;
	struct cost cost;
	int rc = full_path(path, given);

	rc = rc ? rc : cost_measure(&cost);
	rc = rc ? rc : backup_key(&key, passphrase, &cost);
	if (rc)
		return rc;
	rc = backup_write(s->profile, path, &key);
	if (rc == 0 && daily)
		rc = backup_daily(s->profile, path, &key);
	sodium_memzero(&key, sizeof key);
	return rc;
}

int sotto_export_no_more(struct sotto *s)
{
	return backup_daily(s->profile, NULL, NULL);
}

int sotto_export_due(struct sotto *s)
{
	int rc = backup_keep(s->profile);

	return rc == BACKUP_OFF ? SOTTO_NOTHING : rc;
}

int sotto_import(struct sotto **out, const struct sotto_options *options, const char *passphrase,
		const struct sotto_backup *given)
{
	CLEANUP(sotto_close) struct sotto *s = NULL;
	struct sotto_backup from;
	const struct sized into = { &from, sizeof from, sizeof from };
	struct sotto_options o = { .size = 0 };
	struct cost cost;
	struct backup backup = { .own = passphrase, .cost = &cost };
	int rc = sotto_take(&into, given);

	rc = rc ? rc : sotto_take_options(&o, options);
	rc = rc ? rc : sotto_make(&s, &o);
	if (rc)
		return rc;
	if (sotto_exists(s->dir))
		return SOTTO_EXISTS;
	if (access(from.path, R_OK) < 0)
		return SOTTO_NO_PLACE;
	backup.path = from.path;
	backup.passphrase = from.passphrase;
	rc = cost_measure(&cost);
	cost.device = o.device;
	rc = rc ? rc : sotto_of_stream(backup_read(&s->profile, s->dir, &backup));
	if (rc == 0)
		*out = STEAL(s);
	return rc;
}

/* --- panic -------------------------------------------------------------- */

int sotto_destroy(const char *dir)
{
	return vault_destroy(dir);
}

struct telling {
	sotto_on_panic *on_panic;
	void *userdata;
};

static void on_destroyed(const struct panic *panic)
{
	const struct telling *t = panic->userdata;

	t->on_panic(t->userdata, panic->n_ended, panic->n_left);
}

static void on_nothing(void *userdata, uint32_t n_ended, uint32_t n_left)
{
	(void)userdata;
	(void)n_ended;
	(void)n_left;
}

int sotto_panic_telling(struct sotto *s, sotto_on_panic *on_panic, void *userdata)
{
	struct telling telling = { on_panic, userdata };
	struct panic what = {
		.dir = s->dir, .net = &s->net, .userdata = &telling, .on_destroyed = on_destroyed
	};
	int rc;

	if (vault_destroy(s->dir)) {
		/* First of all, and again below, which tells. */
	}
	(void)sotto_unwatch(s);
	what.profile = STEAL(s->profile);
	rc = panic(&what);
	on_destroyed(&what);
	return rc ? rc : what.n_left ? SOTTO_REFUSED : 0;
}

int sotto_panic(struct sotto *s)
{
	return sotto_panic_telling(s, on_nothing, NULL);
}

int sotto_panic_locked(const char *dir)
{
	struct panic what = { .dir = dir };

	if (vault_destroy(dir)) {
		/* As above. */
	}
	pair_end(dir, PAIR_PANIC);
	return panic(&what);
}
