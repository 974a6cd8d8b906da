/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A profile into a file and out of it. */
#include "client/lib/backup.h"

#include "client/cli/cli.h"
#include "libshared/error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static int tell_backup(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case E_LOCKED:
		return tell(cli, rc, "that is not the passphrase of the export");
	case STREAM_FOREIGN:
		return tell(cli, rc, "that file is no export");
	case STREAM_VERSION:
		return tell(cli, rc, "the export is of another version of sotto: use a newer one");
	case STREAM_DAMAGED:
		return tell(cli, rc, "the export is damaged");
	case STREAM_CUT:
		return tell(cli, rc, "the export is not whole: its end is missing");
	case E_NOMEM:
		return tell(cli, rc, "there is not enough memory");
	}
	return tell(cli, rc, error_text(rc));
}

/* Whole, as a later recv may be started elsewhere; the file need not be there yet. */
static int full_path(char out[static BACKUP_PATH_MOST + 1], const char *path)
{
	char folder[PATH_MAX] = "";
	int n;

	if (*path != '/' && !getcwd(folder, sizeof folder))
		return E_IO;
	n = snprintf(out, BACKUP_PATH_MOST + 1, "%s%s%s", folder, *path == '/' ? "" : "/", path);
	return n > BACKUP_PATH_MOST ? E_CONFIG : 0;
}

static int write_export(struct cli *cli, const char *path, const struct stream_key *key)
{
	int rc = backup_write(cli->profile, path, key);

	if (rc == 0 && cli->daily)
		rc = backup_daily(cli->profile, path, key);
	if (rc)
		return tell(cli, rc, "the export could not be written: is there room?");
	show_event(cli, cli->daily ? "exported now and daily" : "exported", path);
	return 0;
}

static int no_more(struct cli *cli)
{
	int rc = backup_daily(cli->profile, NULL, NULL);

	if (rc)
		return tell(cli, rc, error_text(rc));
	show_event(cli, "no more daily exports", NULL);
	return 0;
}

int export_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	char path[BACKUP_PATH_MOST + 1];
	struct stream_key key;
	struct cost cost;
	int rc;

	if (cli->argc == 0)
		return cli->daily ? no_more(cli) : tell(cli, E_CONFIG, "export wants a file");
	if (full_path(path, cli->argv[0]))
		return tell(cli, E_CONFIG, "the name of the file is too long");
	rc = passphrase_new(&passphrase, cli, "Passphrase for the export");
	if (rc)
		return rc;
	rc = cost_measure(&cost);
	rc = rc ? rc : backup_key(&key, passphrase.text, &cost);
	rc = rc ? tell_backup(cli, rc) : write_export(cli, path, &key);
	sodium_memzero(&key, sizeof key);
	return rc;
}

int import_command(struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase theirs = { "" }, own = { "" };
	uint8_t name[VAULT_NAME_BYTES];
	struct cost cost;
	struct backup from = { cli->argv[0], theirs.text, own.text, &cost };
	int rc;

	if (vault_name(name, cli->dir) == 0)
		return tell(cli, E_CONFIG, "there is a profile in that folder already");
	if (access(cli->argv[0], R_OK) < 0)
		return tell(cli, E_IO, "that file cannot be read");
	rc = passphrase_ask(&theirs, cli, "Passphrase of the export");
	rc = rc ? rc : passphrase_new(&own, cli, "New passphrase");
	if (rc)
		return rc;
	rc = cost_measure(&cost);
	rc = rc ? rc : backup_read(&cli->profile, cli->dir, &from);
	if (rc)
		return tell_backup(cli, rc);
	show_event(cli, "imported", cli->argv[0]);
	return 0;
}

void export_daily(struct cli *cli)
{
	int rc = panic_is_asked() ? BACKUP_OFF : backup_keep(cli->profile);

	if (rc == 0)
		show_event(cli, "exported", NULL);
	else if (rc != BACKUP_OFF)
		tell(cli, rc, "the daily export could not be written: is there room?");
}
