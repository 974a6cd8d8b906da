/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A profile into a file and out of it. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <unistd.h>

static int tell_import(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case SOTTO_E_LOCKED:
		return tell(cli, rc, "that is not the passphrase of the export");
	case SOTTO_OTHER_VERSION:
		return tell(cli, rc, "the export is of another version of sotto: use a newer one");
	case SOTTO_DAMAGED:
		return tell(cli, rc, "the export is damaged");
	case SOTTO_E_MEMORY:
		return tell(cli, rc, "there is not enough memory");
	}
	return tell(cli, rc, sotto_text((enum sotto_result)rc));
}

static int no_more(struct cli *cli)
{
	int rc = sotto_export_no_more(cli->sotto);

	if (rc)
		return tell_answer(cli, rc);
	show_event(cli, "no more daily exports", NULL);
	return 0;
}

int export_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	int rc;

	if (cli->argc == 0)
		return cli->daily ? no_more(cli)
				  : tell(cli, SOTTO_E_ARGUMENT, "export wants a file");
	rc = passphrase_new(&passphrase, cli, "Passphrase for the export");
	if (rc)
		return rc;
	rc = sotto_export(cli->sotto, cli->argv[0], passphrase.text, cli->daily);
	if (rc == SOTTO_NO_PLACE)
		return tell(cli, rc, "the name of the file is too long");
	if (rc)
		return tell(cli, rc, "the export could not be written: is there room?");
	show_event(cli, cli->daily ? "exported now and daily" : "exported", cli->argv[0]);
	return 0;
}

int import_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase theirs = { "" }, own = { "" };
	const struct sotto_options options = options_of(cli);
	const struct sotto_backup from = { sizeof from, cli->argv[0], theirs.text };
	int rc;

	if (sotto_exists(cli->dir))
		return tell(cli, SOTTO_EXISTS, "there is a profile in that folder already");
	if (access(cli->argv[0], R_OK) < 0)
		return tell(cli, SOTTO_NO_PLACE, "that file cannot be read");
	rc = passphrase_ask(&theirs, cli, "Passphrase of the export");
	rc = rc ? rc : passphrase_new(&own, cli, "New passphrase");
	if (rc)
		return rc;
	rc = sotto_import(&cli->sotto, &options, own.text, &from);
	if (rc)
		return tell_import(cli, rc);
	panic_stops(cli->sotto);
	show_event(cli, "imported", cli->argv[0]);
	return 0;
}

void export_daily(struct cli *cli)
{
	int rc = panic_is_asked() ? SOTTO_NOTHING : sotto_export_due(cli->sotto);

	if (rc == 0)
		show_event(cli, "exported", NULL);
	else if (rc != SOTTO_NOTHING)
		warn(cli, "the daily export could not be written: is there room?");
}
