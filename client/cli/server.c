/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto server: where the profile lives, and what is left elsewhere. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

void server_verbs(char *out, size_t room)
{
	snprintf(out, room,
			"sotto server                the servers of this profile\n"
			"sotto server add INVITE     live there too (or NAME.onion, where anybody "
			"may register)\n"
			"sotto server main NAME      new contacts are told of that one\n"
			"sotto server use NAME WHO   that contact is told of that one\n"
			"sotto server leave NAME     its contacts are told of the main one\n"
			"sotto server move INVITE    add that one, and leave the main one\n"
			"sotto server forget NAME    give up what is left at a server\n"
			"NAME is an onion name, or so much of it that it is clear\n");
}

/* --- names ---------------------------------------------------------------- */

struct search {
	const char *said;
	char *out;
	size_t size;
	int n;
};

static int compare_name(void *userdata, const struct sotto_server *server)
{
	struct search *s = userdata;

	if (strncmp(server->name, s->said, strlen(s->said)) == 0) {
		snprintf(s->out, s->size, "%s", server->name);
		s->n++;
	}
	return 0;
}

int server_named(char out[static SERVER_ROOM], struct cli *cli, const char *said)
{
	struct search s = { said, out, SERVER_ROOM, 0 };
	int rc = sotto_servers(cli->sotto, compare_name, &s);

	if (rc)
		return tell_answer(cli, rc);
	if (s.n == 1)
		return 0;
	return tell(cli, SOTTO_NO_HOME,
			s.n ? "several servers begin so: say more of the name"
			    : "nothing of yours is at that server: see sotto server");
}

/* --- showing -------------------------------------------------------------- */

static int show_server(void *userdata, const struct sotto_server *server)
{
	const struct cli *cli = userdata;
	const char *event = server->lives_here ? "home" : "left";
	char line[200];

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:s*}", "event", event, "text",
				server->name, "main", (int)server->is_main, "away",
				(int)server->is_away, "contacts", (json_int_t)server->n_contacts,
				"mailboxes", (json_int_t)server->n_mailboxes, "link",
				server->link));
		return 0;
	}
	snprintf(line, sizeof line, "%s%s, %u contacts, %u mailboxes", server->name,
			server->is_main ? " (main)" : "", server->n_contacts, server->n_mailboxes);
	show_event(cli, event, line);
	return 0;
}

static int tell_away(void *userdata, const struct sotto_server *server)
{
	char said[160];

	snprintf(said, sizeof said, "%s is away", server->name);
	if (server->is_away)
		warn(userdata, said);
	return 0;
}

void show_away(struct cli *cli)
{
	if (sotto_servers(cli->sotto, tell_away, cli)) {
		/* the failure itself was told */
	}
}

/* --- changing ------------------------------------------------------------- */

static int read_server(char out[static SCAN_TEXT_MOST + 1], struct cli *cli, const char *said)
{
	if (sotto_kind_of(said) != SOTTO_LINK_SERVER)
		return read_said(out, cli, said);
	snprintf(out, SCAN_TEXT_MOST + 1, "%s", said);
	return 0;
}

/* Everybody who is to be told of it hears now what can be sent now. */
static int changed(struct cli *cli, const char *event, const char *text)
{
	show_event(cli, event, text);
	return tell_answer(cli, sotto_flush(cli->sotto, NULL));
}

static int not_yet(struct cli *cli, int rc, bool is_changed)
{
	tell_answer(cli, rc);
	return tell(cli, rc,
			is_changed ? "the profile lives there, but is not registered yet: the same "
				     "again, or recv, goes on"
				   : "nothing was changed");
}

static int count_home(void *userdata, const struct sotto_server *server)
{
	*(int *)userdata += server->lives_here;
	return 0;
}

static int add(struct cli *cli, const char *said)
{
	char server[SCAN_TEXT_MOST + 1];
	int before = 0, now = 0, rc = read_server(server, cli, said);

	if (rc)
		return rc;
	rc = sotto_servers(cli->sotto, count_home, &before);
	rc = rc ? rc : sotto_add_server(cli->sotto, server);
	if (rc)
		return not_yet(cli, rc,
				sotto_servers(cli->sotto, count_home, &now) == 0 && now > before);
	show_event(cli, "added", "its contact link: sotto id --server NAME");
	return 0;
}

static int move(struct cli *cli, const char *said)
{
	char server[SCAN_TEXT_MOST + 1], before[SOTTO_LINK_ROOM], now[SOTTO_LINK_ROOM];
	int rc = read_server(server, cli, said);

	if (rc)
		return rc;
	sotto_link(cli->sotto, before);
	rc = sotto_move(cli->sotto, server);
	sotto_link(cli->sotto, now);
	if (rc)
		return not_yet(cli, rc, strcmp(before, now) != 0);
	return changed(cli, "moved", "your contacts are told; others need your new contact link");
}

static int make_main(struct cli *cli, const char *name)
{
	int rc = sotto_main_server(cli->sotto, name);

	if (rc)
		return tell_answer(cli, rc);
	show_event(cli, "main", name);
	return 0;
}

static int use(struct cli *cli, const char *name, const char *contact)
{
	int rc = sotto_use_server(cli->sotto, name, contact);

	return rc ? tell_answer(cli, rc) : changed(cli, "told", contact);
}

static int leave(struct cli *cli, const char *name)
{
	int rc = sotto_leave_server(cli->sotto, name);

	return rc ? tell_answer(cli, rc)
		  : changed(cli, "left",
				    "its contacts are told; others need another link of yours");
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

/* Those of one name, which the profile knows. */
static int named(struct cli *cli)
{
	static const struct {
		const char *verb;
		int (*run)(struct cli *cli, const char *name);
	} verbs[] = { { "main", make_main }, { "leave", leave }, { "forget", forget } };
	const bool uses = cli->argc == 3 && strcmp(cli->argv[0], "use") == 0;
	char name[SERVER_ROOM];

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (cli->argc == 2 && strcmp(cli->argv[0], verbs[i].verb) == 0) {
			int rc = server_named(name, cli, cli->argv[1]);

			return rc ? rc : verbs[i].run(cli, name);
		}
	if (uses) {
		int rc = server_named(name, cli, cli->argv[1]);

		return rc ? rc : use(cli, name, cli->argv[2]);
	}
	return help_verbs(cli, "server");
}

int server_command(struct cli *cli)
{
	if (cli->argc == 0)
		return tell_answer(cli, sotto_servers(cli->sotto, show_server, cli));
	if (cli->argc == 2 && strcmp(cli->argv[0], "add") == 0)
		return add(cli, cli->argv[1]);
	if (cli->argc == 2 && strcmp(cli->argv[0], "move") == 0)
		return move(cli, cli->argv[1]);
	return named(cli);
}
