/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A profile begins, sends and receives. Each command says what it does, and what a person can do
 * when it fails. */
#include "client/cli/cli.h"

#include "libshared/qr.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* --- init, id ----------------------------------------------------------- */

static int create(struct cli *cli, const char *server)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	const struct sotto_options options = options_of(cli);
	int rc = passphrase_new(&passphrase, cli, "New passphrase");

	if (rc)
		return rc;
	show_step(cli, "Making keys");
	rc = sotto_create(&cli->sotto, &options, passphrase.text, server);
	if (rc == SOTTO_NO_DEVICE)
		return tell_answer(cli, rc);
	if (rc)
		return tell(cli, rc, "cannot make the profile: is the folder writable?");
	panic_stops(cli->sotto);
	sotto_show_work(cli->sotto, show_work, cli);
	return 0;
}

/* The server, by an invite or by its name. */
static int read_target(char out[static SCAN_TEXT_MOST + 1], struct cli *cli)
{
	enum sotto_link_kind kind;
	int rc;

	if (cli->argc == 0) {
		if (!cli->server || sotto_kind_of(cli->server) != SOTTO_LINK_SERVER)
			return tell(cli, SOTTO_E_ARGUMENT,
					"init wants an invite, or --server with the onion name of "
					"a server where anybody may register");
		snprintf(out, SCAN_TEXT_MOST + 1, "%s", cli->server);
		return 0;
	}
	rc = read_said(out, cli, cli->argv[0]);
	if (rc)
		return rc;
	kind = sotto_kind_of(out);
	if (kind == SOTTO_LINK_CONTACT)
		return tell(cli, SOTTO_BAD_LINK,
				"that is a person's contact link; init wants an invite to a "
				"server");
	if (cli->server)
		return tell(cli, SOTTO_E_ARGUMENT,
				"an invite names its server: leave --server out");
	return kind == SOTTO_LINK_INVITE ? 0 : tell(cli, SOTTO_BAD_LINK, "that is no invite");
}

/* A profile that could not be registered the last time is opened and registered now. */
int init_command(struct cli *cli)
{
	char server[SCAN_TEXT_MOST + 1];
	int rc = read_target(server, cli);

	if (rc)
		return rc;
	rc = sotto_exists(cli->dir) ? open_profile(cli) : create(cli, server);
	if (rc)
		return rc;
	show_step(cli, "Registering over Tor");
	rc = sotto_register(cli->sotto, server);
	if (rc == SOTTO_EXISTS)
		return tell(cli, rc, "there is a profile already, at another server");
	if (rc) {
		tell_answer(cli, rc);
		return tell(cli, rc, "the profile is made but not registered: run init again");
	}
	show_event(cli, "registered", NULL);
	return 0;
}

/* Of the main server, or of the one that is asked for; to a program, of each. */
struct wanted {
	const struct cli *cli;
	const char *server; /* or NULL */
};

static int show_link(void *userdata, const struct sotto_server *server)
{
	const struct wanted *w = userdata;

	if (!server->link || (w->server && strcmp(server->name, w->server) != 0))
		return 0;
	if (w->cli->json) {
		show_json(json_pack("{s:s, s:s, s:s, s:b}", "event", "link", "text", server->link,
				"server", server->name, "main", (int)server->is_main));
	} else if (w->server || server->is_main) {
		show_event(w->cli, "link", server->link);
		qr_print(stdout, server->link);
	}
	return 0;
}

int id_command(struct cli *cli)
{
	char name[SERVER_ROOM];
	struct wanted wanted = { cli, NULL };
	int rc = 0;

	if (cli->server) {
		rc = server_named(name, cli, cli->server);
		wanted.server = name;
	}
	return rc ? rc : tell_answer(cli, sotto_servers(cli->sotto, show_link, &wanted));
}

/* --- send, recv --------------------------------------------------------- */

int send_command(struct cli *cli)
{
	CLEANUP(text_free) char *text = NULL;
	int rc;

	if (cli->file)
		return send_file(cli);
	if (cli->argc != 2)
		return tell(cli, SOTTO_E_ARGUMENT, "send wants a text, or --file PATH");
	rc = text_read(&text, cli->argv[1]);
	rc = rc ? rc : sotto_send(cli->sotto, cli->argv[0], text);
	if (rc == 0)
		show_event(cli, "sent", cli->argv[0]);
	return tell_answer(cli, rc);
}

int recv_command(struct cli *cli)
{
	uint32_t n_sent = 0;
	int rc = sotto_flush(cli->sotto, &n_sent), fetched, shown, kept;

	sotto_show_reading(cli->sotto, show_reading, cli);
	fetched = cli->now ? sotto_fetch_at_once(cli->sotto, NULL) : sotto_fetch(cli->sotto, NULL);
	show_read_all(cli);
	shown = show_unread(cli) || show_calls(cli) ? SOTTO_E_FILE : 0;
	kept = sotto_keep(cli->sotto);

	export_daily(cli);
	if (n_sent)
		show_event(cli, "sent", "what waited");
	rc = rc ? rc : fetched ? fetched : shown;
	if (rc == 0 && kept)
		warn(cli, "the account could not be looked after this time");
	if (rc == SOTTO_E_NETWORK || kept == SOTTO_E_NETWORK)
		show_away(cli);
	return tell_answer(cli, rc);
}

/* --- watch -------------------------------------------------------------- */

enum { TURN_MS = 3000 }; /* the longest without a look at who rang long enough */

static volatile sig_atomic_t stop_watching;

static void on_signal(int number)
{
	(void)number;
	stop_watching = 1;
}

static void show_way(const struct cli *cli, bool is_live)
{
	if (is_live || cli->json)
		show_event(cli, is_live ? "live" : "away", NULL);
	else
		warn(cli, "away: it is tried again; sotto doctor tells more");
}

static int on_event(void *userdata, enum sotto_event event)
{
	struct cli *cli = userdata;

	if (event == SOTTO_ENDED)
		return sotto_unwatch(cli->sotto);
	if (event == SOTTO_LIVE || event == SOTTO_AWAY)
		show_way(cli, event == SOTTO_LIVE);
	if (event == SOTTO_CHANGED && (show_unread(cli) || show_calls(cli)))
		warn(cli, "cannot show what has come: is the disk full?");
	return 0;
}

/* Signals come while it waits and at no other time, so that none comes just before. */
static int turn(struct cli *cli, struct pollfd *news, const sigset_t *signals)
{
	const struct timespec longest = { TURN_MS / 1000, 0 };
	int rc;

	if (ppoll(news, 1, &longest, signals) < 0)
		return errno == EINTR ? 0 : SOTTO_E_FILE;
	rc = sotto_events(cli->sotto, on_event, cli);
	rc = rc ? rc : show_calls(cli);
	export_daily(cli);
	return rc;
}

int watch_command(struct cli *cli)
{
	struct pollfd news = { .events = POLLIN };
	sigset_t ours, signals;
	int rc = show_unread(cli);

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &signals);
	rc = rc ? rc : sotto_watch(cli->sotto, &news.fd);
	while (rc == 0 && !stop_watching && !panic_is_asked())
		rc = turn(cli, &news, &signals);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return tell_answer(cli, rc);
}
