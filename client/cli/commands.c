/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands. Each says what it does, and what a person can do when it fails. */
#include "client/cli/cli.h"

#include "client/lib/upkeep.h"
#include "libshared/error.h"
#include "libshared/qr.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t stop_watching;

int tell(const struct cli *cli, int rc, const char *what)
{
	(void)cli;
	fprintf(stderr, "sotto: %s\n", what);
	return rc;
}

int tell_sync(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case SYNC_REFUSED:
		return tell(cli, rc, "the server refused");
	case SYNC_NO_CONTACT:
		return tell(cli, rc, "there is no accepted contact of that name");
	case SYNC_NO_BUNDLE:
		return tell(cli, rc,
				"this person cannot be reached: the account is gone, or its server "
				"gave a wrong bundle");
	case TOKENS_UNPAID:
		return tell(cli, rc,
				"the server wants more than this account may spend: try again "
				"tomorrow");
	case TOKENS_NO_INVITE:
		return tell(cli, rc, "this server wants an invite: sotto init INVITE");
	case TOKENS_BAD_INVITE:
		return tell(cli, rc, "the invite is used up, expired or unknown to its server");
	case TOKENS_CLOSED:
		return tell(cli, rc, "this server registers nobody now");
	case TOKENS_TOO_HARD:
		return tell(cli, rc, "the server wants too much work just now: try again later");
	case TOKENS_TWO_FACED:
		return tell(cli, rc,
				"the server shows different keys to different circuits, so it may "
				"be trying to recognise you: nothing was sent. If it happens "
				"again, ask its operator and do not use it");
	case E_IO:
		return tell(cli, rc,
				"the profile could not be written: is the disk full? What has come "
				"waits at the server");
	case E_NET:
		return tell(cli, rc,
				"a server could not be reached over Tor; what is to be sent waits "
				"here for a later recv. sotto doctor tells more");
	case SYNC_NOT_TEXT:
		return tell(cli, rc, "the text is not UTF-8, or too long");
	case SYNC_GONE:
		return tell(cli, rc,
				"their mailbox is gone; the message waits here for a new address");
	case SYNC_FULL:
		return tell(cli, rc,
				"their mailbox is full; the message waits here and goes out with a "
				"later send or recv");
	}
	return tell(cli, rc, error_text(rc));
}

static int create(struct cli *cli, const uint8_t *onion)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	struct cost cost;
	int rc = passphrase_new(&passphrase, cli, "New passphrase");

	if (rc)
		return rc;
	if (!cli->json)
		fprintf(stderr, "Making keys ...\n");
	rc = cost_measure(&cost);
	rc = rc ? rc : profile_create(&cli->profile, cli->dir, passphrase.text, onion, &cost);
	return rc ? tell(cli, rc, "cannot make the profile: is the folder writable?") : 0;
}

/* A profile that could not be registered the last time is opened and registered now. */
static int make_or_open(struct cli *cli, const uint8_t *onion)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	uint8_t name[VAULT_NAME_BYTES];
	int rc;

	if (vault_name(name, cli->dir))
		return create(cli, onion);
	rc = unlock(&vault, cli);
	rc = rc ? rc : profile_open(&cli->profile, cli->dir, &vault);
	return rc == E_IO ? tell(cli, rc, "there is a profile, but it cannot be opened") : rc;
}

/* The server, by an invite or by its name; invited says which. */
static int read_target(struct cli *cli, struct invite *out, bool *out_invited)
{
	struct contact_link link;
	char text[SCAN_TEXT_MOST + 1];
	int rc;

	*out_invited = cli->argc == 1;
	if (!*out_invited)
		return cli->server && onion_check(out->onion, cli->server) == 0
				? 0
				: tell(cli, E_CONFIG,
						  "init wants an invite, or --server with the "
						  "onion "
						  "name of a server where anybody may register");
	rc = read_said(text, cli, cli->argv[0]);
	if (rc)
		return rc;
	if (link_read(&link, text) == 0)
		return tell(cli, E_CONFIG,
				"that is a person's contact link; init wants an invite to a "
				"server");
	if (cli->server)
		return tell(cli, E_CONFIG, "an invite names its server: leave --server out");
	return invite_read(out, text) ? tell(cli, E_CONFIG, "that is no invite") : 0;
}

int init_command(struct cli *cli)
{
	struct invite invite;
	bool invited;
	int rc = read_target(cli, &invite, &invited);

	rc = rc ? rc : make_or_open(cli, invite.onion);
	if (rc)
		return rc;
	if (memcmp(cli->profile->onion, invite.onion, sizeof invite.onion) != 0)
		return tell(cli, E_CONFIG, "there is a profile already, at another server");
	if (!cli->json)
		fprintf(stderr, "Registering over Tor ...\n");
	rc = invited ? tokens_keep_invite(cli->profile, invite.code) : 0;
	rc = rc ? rc : sync_register(&cli->net, cli->profile);
	if (rc) {
		tell_sync(cli, rc);
		return tell(cli, rc, "the profile is made but not registered: run init again");
	}
	show_event(cli, "registered", NULL);
	return 0;
}

int id_command(struct cli *cli)
{
	struct contact_link link;
	char text[LINK_TEXT + 1];

	profile_link(cli->profile, &link);
	link_write(text, &link);
	show_event(cli, "link", text);
	if (!cli->json)
		qr_print(stdout, text);
	return 0;
}

int send_command(struct cli *cli)
{
	int rc;

	if (cli->file)
		return send_file(cli);
	if (cli->argc != 2)
		return tell(cli, E_CONFIG, "send wants a text, or --file PATH");
	rc = sync_send(&cli->net, cli->profile, cli->argv[0], cli->argv[1]);

	if (rc == 0)
		show_event(cli, "sent", cli->argv[0]);
	return tell_sync(cli, rc);
}

int recv_command(struct cli *cli)
{
	unsigned n, sent;
	int rc = sync_flush(&cli->net, cli->profile, &sent),
	    fetched = sync_fetch(&cli->net, cli->profile, &n);
	int shown = show_unread(cli) || show_calls(cli) ? E_IO : 0,
	    kept = upkeep(&cli->net, cli->profile);

	export_daily(cli);
	if (sent)
		show_event(cli, "sent", "what waited");
	rc = rc ? rc : fetched ? fetched : shown;
	if (rc == 0 && kept)
		tell(cli, kept, "the account could not be looked after this time");
	return tell_sync(cli, rc);
}

static void on_signal(int number)
{
	(void)number;
	stop_watching = 1;
}

static void on_ready(void *userdata)
{
	show_event(userdata, "live", NULL);
}

static void on_news(void *userdata)
{
	if (show_unread(userdata) || show_calls(userdata))
		fprintf(stderr, "sotto: cannot show what has come\n");
}

int watch_command(struct cli *cli)
{
	CLEANUP(live_close) struct live *live = NULL;
	const struct live_events events = {
		.userdata = cli, .on_ready = on_ready, .on_news = on_news
	};
	int rc = show_unread(cli);

	cli->net.work_bits_most = WORK_BITS_UNASKED;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = rc ? rc : live_open(&live, &cli->net, cli->profile, &events);
	for (unsigned turns = 0; rc == 0 && !stop_watching && !panic_is_asked(); turns++) {
		rc = live_turn(live, 200);
		if (rc == 0 && turns % 16 == 0) /* who rang long enough */
			rc = show_calls(cli);
		export_daily(cli);
	}
	return tell_sync(cli, rc);
}

int log_command(struct cli *cli)
{
	struct contact c;
	int rc = contact_by_name(&c, cli->profile, cli->argv[0]);

	if (rc)
		return tell(cli, rc, "there is no contact of that name");
	return show_log(cli, &c);
}
