/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The chat: on client/sotto.h, but for the passphrase and the panic signal, which all commands
 * share. */
#include "client/chat/chat.h"

#include "client/cli/cli.h"
#include "libshared/error.h"

#include <locale.h>
#include <stdio.h>

static void sotto_close_handle(struct sotto **sotto)
{
	sotto_close(*sotto);
}

/* Out of the keyring, or by passphrase. */
static int open_handle(struct sotto **out, const struct cli *cli)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	const struct sotto_options options = { sizeof options, cli->dir, cli->socks, cli->decoy,
		cli->fast };
	int rc = cli->passphrase_fd < 0 ? sotto_open(out, &options, NULL) : SOTTO_E_LOCKED;

	if (rc != SOTTO_E_LOCKED)
		return tell_sync(cli, rc);
	rc = passphrase_read(&passphrase, cli);
	return rc ? rc : tell_sync(cli, sotto_open(out, &options, passphrase.text));
}

int chat_command(struct cli *cli)
{
	__attribute__((cleanup(sotto_close_handle))) struct sotto *sotto = NULL;
	int rc;

	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return tell(cli, E_CONFIG, "chat wants a terminal; programs use watch and send");
	setlocale(LC_ALL, "");
	rc = open_handle(&sotto, cli);
	if (rc)
		return rc;
	rc = chat_run(sotto, panic_is_asked);
	if (rc == CHAT_PANIC) {
		rc = sotto_panic(sotto);
		if (!panic_is_asked())
			show_event(cli, "destroyed", NULL);
		return rc ? tell(cli, rc, "the server could not be asked for all of it") : 0;
	}
	if (rc == E_IO)
		return tell(cli, rc, "the terminal cannot do that, or the disk");
	return rc == CHAT_LEFT ? 0 : tell_sync(cli, rc);
}
