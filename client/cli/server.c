/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto server: where the profile lives, what is left elsewhere, and moving. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

void server_verbs(char *out, size_t room)
{
	snprintf(out, room,
			"sotto server                    the servers of this profile\n"
			"sotto server move INVITE        move there (or NAME.onion, where anybody "
			"may register)\n"
			"sotto server forget NAME.onion  give up what is left at a server\n");
}

static int show_server(void *userdata, const struct sotto_server *server)
{
	const struct cli *cli = userdata;
	char line[160];

	snprintf(line, sizeof line, "%s, %u mailboxes", server->name, server->n_mailboxes);
	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:I}", "event",
				server->lives_here ? "home" : "left", "text", server->name,
				"mailboxes", (json_int_t)server->n_mailboxes));
	else
		show_event(cli, server->lives_here ? "home" : "left", line);
	return 0;
}

static int move(struct cli *cli, const char *said)
{
	char server[SCAN_TEXT_MOST + 1], before[SOTTO_LINK_ROOM], now[SOTTO_LINK_ROOM];
	int rc = 0;

	if (sotto_kind_of(said) == SOTTO_LINK_SERVER)
		snprintf(server, sizeof server, "%s", said);
	else
		rc = read_said(server, cli, said);
	if (rc)
		return rc;
	sotto_link(cli->sotto, before);
	rc = sotto_move(cli->sotto, server);
	sotto_link(cli->sotto, now);
	if (rc) {
		tell_answer(cli, rc);
		return tell(cli, rc,
				strcmp(before, now) == 0
						? "nothing was changed"
						: "the profile has moved, but is not registered "
						  "yet: the same again, or recv, goes on");
	}
	show_event(cli, "moved", "your contacts are told; others need your new contact link");
	return tell_answer(cli, sotto_flush(cli->sotto, NULL));
}

static int forget(struct cli *cli, const char *name)
{
	int rc = sotto_forget_server(cli->sotto, name);

	if (rc == SOTTO_NOTHING || rc == SOTTO_BAD_LINK)
		return tell(cli, rc, "nothing of yours was left there: see sotto server");
	if (rc == 0)
		show_event(cli, "forgotten", name);
	return tell_answer(cli, rc);
}

int server_command(struct cli *cli)
{
	if (cli->argc == 0)
		return tell_answer(cli, sotto_servers(cli->sotto, show_server, cli));
	if (cli->argc == 2 && strcmp(cli->argv[0], "move") == 0)
		return move(cli, cli->argv[1]);
	if (cli->argc == 2 && strcmp(cli->argv[0], "forget") == 0)
		return forget(cli, cli->argv[1]);
	return help_verbs(cli, "server");
}
