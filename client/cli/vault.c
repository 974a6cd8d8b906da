/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands around the passphrase. */
#include "client/cli/cli.h"

#include "client/lib/keyring.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

enum { IDLE_MIN = 15, IDLE_MIN_MOST = 24 * 60 };

static int tell_vault(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case E_LOCKED:
		return tell(cli, rc, "wrong passphrase");
	case VAULT_TAKEN:
		return tell(cli, rc, "that passphrase is in use already");
	case E_NOMEM:
		return tell(cli, rc, "there is not enough memory to open the profile");
	case E_CONFIG:
		return tell(cli, rc, "the key file is damaged, or another version's");
	}
	return tell(cli, rc, "there is no profile in that folder, or it cannot be written");
}

int unlock(struct vault *out, const struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	CLEANUP(vault_wipe) struct vault own = { 0 };
	int rc = cli->passphrase_fd < 0 ? keyring_use(&own, cli->dir) : KEYRING_NONE;

	if (rc == KEYRING_NONE) {
		rc = passphrase_read(&passphrase, cli);
		if (rc)
			return rc;
		rc = profile_unlock(&own, cli->dir, passphrase.text);
	}
	if (rc)
		return tell_vault(cli, rc);
	if (cli->decoy)
		vault_decoy(out, &own);
	else
		*out = own;
	return 0;
}

/* Reads the passphrase, as it is needed again for the new key file, and opens the profile. */
static int open_by(struct cli *cli, struct passphrase *passphrase)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	int rc = passphrase_read(passphrase, cli);

	if (rc)
		return rc;
	rc = profile_unlock(&vault, cli->dir, passphrase->text);
	rc = rc ? rc : profile_open(&cli->profile, cli->dir, &vault);
	return tell_vault(cli, rc);
}

int passwd_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase old = { "" }, new = { "" };
	int rc = open_by(cli, &old);

	rc = rc ? rc : passphrase_new(&new, cli, "New passphrase");
	if (rc)
		return rc;
	rc = vault_change(cli->dir, old.text, new.text);
	if (rc)
		return tell_vault(cli, rc);
	show_event(cli, "passphrase changed", NULL);
	return 0;
}

int duress_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase own = { "" }, duress = { "" };
	int rc = open_by(cli, &own);

	rc = rc ? rc : passphrase_new(&duress, cli, "Duress passphrase");
	if (rc)
		return rc;
	rc = profile_add_decoy(cli->profile, cli->dir, own.text, duress.text);
	cli->profile = NULL; /* taken */
	if (rc)
		return tell_vault(cli, rc);
	show_event(cli, "duress passphrase set", NULL);
	return 0;
}

int unlock_command(struct cli *cli)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	int minutes = cli->argc ? read_number(cli->argv[0]) : IDLE_MIN, rc;

	if (minutes < 1 || minutes > IDLE_MIN_MOST)
		return tell(cli, E_CONFIG, "unlock wants a number of minutes, a day at most");
	keyring_forget(cli->dir); /* so it asks */
	rc = unlock(&vault, cli);
	if (rc)
		return rc;
	rc = keyring_keep(&vault, cli->dir, (uint32_t)minutes * 60);
	if (rc)
		return tell(cli, rc, "there is no kernel keyring here to keep it in");
	show_event(cli, "unlocked", NULL);
	return 0;
}

int lock_command(struct cli *cli)
{
	keyring_forget(cli->dir);
	show_event(cli, "locked", NULL);
	return 0;
}
