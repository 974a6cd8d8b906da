/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands around the passphrase, and what all others open a profile by. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

static int tell_no_profile(const struct cli *cli)
{
	return tell(cli, CLI_NO_PROFILE,
			"there is no profile in that folder: sotto init makes one, see --profile");
}

static int tell_vault(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case SOTTO_E_LOCKED:
		return tell(cli, rc, "wrong passphrase");
	case SOTTO_EXISTS:
		return tell(cli, rc, "that passphrase is in use already");
	case SOTTO_E_MEMORY:
		return tell(cli, rc, "there is not enough memory to open the profile");
	case SOTTO_E_ARGUMENT:
		return tell(cli, SOTTO_DAMAGED,
				"the key file is damaged, or another version's: nothing else opens "
				"the profile; what an export has comes back with sotto import");
	case SOTTO_NO_DECOY:
	case SOTTO_NO_KEYRING:
	case SOTTO_NO_DEVICE:
		return tell_answer(cli, rc);
	case SOTTO_DAMAGED:
		return tell(cli, rc,
				"the database is damaged: what an export has comes back with sotto "
				"import");
	case SOTTO_OTHER_VERSION:
		return tell(cli, rc,
				"a newer sotto has written this profile, or one from before 0.1: "
				"use that "
				"one; nothing was changed");
	}
	if (!sotto_exists(cli->dir))
		return tell_no_profile(cli);
	return tell(cli, rc, "the database could not be opened: is the disk full?");
}

struct sotto_options options_of(const struct cli *cli)
{
	return (struct sotto_options){ sizeof(struct sotto_options), cli->dir, cli->socks,
		cli->decoy, cli->fast, cli->device };
}

static void take(struct cli *cli)
{
	panic_stops(cli->sotto);
	sotto_show_work(cli->sotto, show_work, cli);
}

int open_profile(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	const struct sotto_options options = options_of(cli);
	int rc;

	if (!sotto_exists(cli->dir))
		return tell_no_profile(cli);
	rc = cli->passphrase_fd < 0 ? sotto_open(&cli->sotto, &options, NULL) : SOTTO_E_LOCKED;
	if (rc == SOTTO_E_LOCKED) {
		rc = passphrase_read(&passphrase, cli);
		if (rc)
			return rc;
		rc = sotto_open(&cli->sotto, &options, passphrase.text);
	}
	if (rc == 0)
		take(cli);
	return tell_vault(cli, rc);
}

/* Reads the passphrase, which the new key file needs again, and opens the profile itself. */
static int open_by(struct cli *cli, struct passphrase *passphrase)
{
	struct sotto_options options = options_of(cli);
	int rc = sotto_exists(cli->dir) ? passphrase_read(passphrase, cli) : tell_no_profile(cli);

	if (rc)
		return rc;
	options.decoy = false;
	rc = sotto_open(&cli->sotto, &options, passphrase->text);
	if (rc == 0)
		take(cli);
	return tell_vault(cli, rc);
}

int passwd_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase old = { "" }, new = { "" };
	int rc = open_by(cli, &old);

	rc = rc ? rc : passphrase_new(&new, cli, "New passphrase");
	if (rc)
		return rc;
	rc = sotto_passwd(cli->dir, old.text, new.text);
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
	rc = sotto_set_duress(cli->sotto, own.text, duress.text);
	if (rc)
		return tell_vault(cli, rc);
	show_event(cli, "duress passphrase set", NULL);
	return 0;
}

int unlock_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	const struct sotto_options options = options_of(cli);
	int minutes = cli->argc ? read_number(cli->argv[0]) : IDLE_MIN, rc;

	if (minutes < 1 || minutes > IDLE_MIN_MOST)
		return tell(cli, SOTTO_E_ARGUMENT,
				"unlock wants a number of minutes, a day at most");
	rc = sotto_exists(cli->dir) ? passphrase_read(&passphrase, cli) : tell_no_profile(cli);
	if (rc)
		return rc;
	rc = sotto_unlock(&options, passphrase.text, (uint32_t)minutes * 60);
	if (rc)
		return tell_vault(cli, rc);
	show_event(cli, "unlocked", NULL);
	return 0;
}

int lock_command(struct cli *cli)
{
	sotto_lock(cli->dir);
	show_event(cli, "locked", NULL);
	return 0;
}
