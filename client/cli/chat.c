/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The chat, with the passphrase and the panic signal that all commands share. */
#include "client/chat/chat.h"

#include "client/cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <unistd.h>

int chat_command(struct cli *cli)
{
	struct chat_options options = {
		.dir = cli->dir, .is_panic = panic_is_asked, .call = &cli->call
	};
	int rc;

	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return tell(cli, SOTTO_E_ARGUMENT,
				"chat wants a terminal; programs use watch and send");
	setlocale(LC_ALL, "");
	rc = open_profile(cli);
	if (rc)
		return rc;
	sotto_show_work(cli->sotto, NULL, NULL); /* the screen is the chat's */
	options.sotto = cli->sotto;
	rc = chat_run(&options);
	if (rc == CHAT_PANIC) {
		rc = sotto_panic(cli->sotto);
		if (!panic_is_asked())
			show_event(cli, "destroyed", NULL);
		return rc ? tell(cli, rc, "the server could not be asked for all of it") : 0;
	}
	if (rc == SOTTO_E_FILE)
		return tell(cli, rc, "the terminal cannot do that, or the disk");
	return rc == CHAT_LEFT ? 0 : tell_answer(cli, rc);
}
