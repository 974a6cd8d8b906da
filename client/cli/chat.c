/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The chat, with the passphrase and the panic signal that all commands share. */
#include "client/chat/chat.h"

#include "client/cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <unistd.h>

static void lock(void *userdata)
{
	struct cli *cli = userdata;

	panic_stops(NULL);
	sotto_close(STEAL(cli->sotto));
	sotto_forget_key(cli->dir);
}

/* The keyring is not asked: whoever sits there is to know the passphrase. */
static int unlock(void *userdata, const char *passphrase)
{
	struct cli *cli = userdata;
	const struct sotto_options options = options_of(cli);
	const int rc = sotto_open(&cli->sotto, &options, passphrase);

	if (rc == 0)
		panic_stops(cli->sotto);
	return rc;
}

/* By a key; a signal's is gone on with by who has called. */
static int end_by_panic(struct cli *cli)
{
	int rc;

	if (!cli->sotto) /* it was locked */
		return panic_is_asked() ? 0 : panic_finish(cli);
	rc = sotto_panic(cli->sotto);
	if (!panic_is_asked())
		show_event(cli, "destroyed", NULL);
	return rc ? tell(cli, rc, "the server could not be asked for all of it") : 0;
}

int chat_command(struct cli *cli)
{
	struct chat_options options = { .sotto = &cli->sotto,
		.dir = cli->dir,
		.is_panic = panic_is_asked,
		.call = &cli->call,
		.lock_after_s = (int64_t)cli->lock_after_min * 60,
		.lock = lock,
		.unlock = unlock,
		.userdata = cli };
	int rc;

	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return tell(cli, SOTTO_E_ARGUMENT,
				"chat wants a terminal; programs use watch and send");
	setlocale(LC_ALL, "");
	rc = open_profile(cli);
	if (rc)
		return rc;
	sotto_show_work(cli->sotto, NULL, NULL); /* the screen is the chat's */
	rc = chat_run(&options);
	if (rc == CHAT_PANIC)
		return end_by_panic(cli);
	if (rc == SOTTO_E_FILE)
		return tell(cli, rc, "the terminal cannot do that, or the disk");
	return rc == CHAT_LEFT ? 0 : tell_answer(cli, rc);
}
