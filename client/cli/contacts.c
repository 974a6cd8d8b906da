/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands around contacts. */
#include "client/cli/cli.h"

#include <stdio.h>

static int tell_contact(const struct cli *cli, int rc)
{
	switch (rc) {
	case SOTTO_NO_CONTACT:
		return tell(cli, rc, "there is nobody of that name");
	case SOTTO_EXISTS:
		return tell(cli, rc, "that name is taken");
	case SOTTO_BAD_NAME:
		return tell(cli, rc, "a name is UTF-8 of 1 to 64 bytes");
	case SOTTO_BAD_LINK:
		return tell(cli, rc, "that is no contact link");
	}
	return tell_answer(cli, rc);
}

/* --- adding ------------------------------------------------------------- */

static int tell_has_person(void *userdata, const struct sotto_contact *c)
{
	char said[320];

	if (c->state == SOTTO_BLOCKED)
		return tell(userdata, SOTTO_EXISTS, "you have blocked this person: sotto unblock");
	snprintf(said, sizeof said, "you have this person already, as %s", c->name);
	return tell(userdata, SOTTO_EXISTS, said);
}

static int tell_has_name(void *userdata, const struct sotto_contact *c)
{
	char said[320];

	snprintf(said, sizeof said,
			"THE %s THAT YOU KNOW HAS ANOTHER KEY%s. This is a new device, or somebody "
			"who wants to be taken for them: ask, not by way of this link. Add it "
			"under another name; it is not verified",
			c->name, c->trust == SOTTO_VERIFIED ? ", which you have verified" : "");
	return tell(userdata, SOTTO_EXISTS, said);
}

/* The person is there already, or the name belongs to another key. */
static int tell_exists(struct cli *cli, const char *link)
{
	int rc = sotto_whose_link(cli->sotto, link, tell_has_person, cli);

	if (rc == SOTTO_NO_CONTACT)
		rc = sotto_find(cli->sotto, cli->argv[0], tell_has_name, cli);
	return rc == SOTTO_EXISTS ? rc : tell_contact(cli, rc);
}

/* Done here; only the mailbox is made later. */
static bool is_added(int rc)
{
	return rc != SOTTO_EXISTS && rc != SOTTO_BAD_NAME && rc != SOTTO_BAD_LINK &&
			rc != SOTTO_OWN_LINK && rc != SOTTO_NO_HOME;
}

int add_command(struct cli *cli)
{
	char text[SCAN_TEXT_MOST + 1], server[SERVER_ROOM];
	int rc = read_said(text, cli, cli->argv[1]), noted = 0;

	if (rc)
		return rc;
	rc = cli->server ? server_named(server, cli, cli->server) : 0;
	if (rc)
		return rc;
	rc = sotto_add_at(cli->sotto, cli->argv[0], text, cli->server ? server : NULL);
	if (rc == SOTTO_EXISTS)
		return tell_exists(cli, text);
	if (cli->yes && is_added(rc))
		noted = sotto_verify(cli->sotto, cli->argv[0], true);
	rc = rc ? rc : noted;
	if (rc)
		return tell_contact(cli, rc);
	show_event(cli, "added", cli->argv[0]);
	return 0;
}

/* --- changing ----------------------------------------------------------- */

/* What was done with whom, or why not. */
static int done(const struct cli *cli, int rc, const char *event)
{
	if (rc)
		return tell_contact(cli, rc);
	show_event(cli, event, cli->argv[0]);
	return 0;
}

int accept_command(struct cli *cli)
{
	int rc = sotto_accept(cli->sotto, cli->argv[0], cli->argv[1]);

	if (rc)
		return tell_contact(cli, rc);
	show_event(cli, "accepted", cli->argv[1]);
	return 0;
}

int block_command(struct cli *cli)
{
	return done(cli, sotto_block(cli->sotto, cli->argv[0]), "blocked");
}

int unblock_command(struct cli *cli)
{
	return done(cli, sotto_unblock(cli->sotto, cli->argv[0]), "unblocked");
}

int rename_command(struct cli *cli)
{
	return done(cli, sotto_rename(cli->sotto, cli->argv[0], cli->argv[1]), "renamed");
}

int end_command(struct cli *cli)
{
	int rc = sotto_end(cli->sotto, cli->argv[0]);

	if (rc == SOTTO_NO_CONTACT)
		return tell(cli, rc, "there is no contact of that name");
	if (rc)
		tell(cli, rc, "the mailbox is ended as soon as the server can be reached");
	show_event(cli, "ended", cli->argv[0]);
	return 0;
}

/* --- listing ------------------------------------------------------------ */

static int show_contact(void *userdata, const struct sotto_contact *c)
{
	static const char *const states[] = { "request", "contact", "blocked" };
	static const char *const trust[] = { "", "   (verified)",
		"   (VERIFIED ANOTHER KEY THAN THIS ONE)" };
	const struct cli *cli = userdata;
	char text[SOTTO_NAME_MOST + 64];

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:b, s:I, s:s}", "event",
				states[c->state], "text", c->name, "verified",
				c->trust == SOTTO_VERIFIED, "key_changed",
				c->trust == SOTTO_KEY_CHANGED, "unread", (json_int_t)c->n_unread,
				"waiting", (json_int_t)c->n_waiting, "missing",
				(json_int_t)c->n_missing, "receipts", (int)c->receipts, "timer",
				(json_int_t)c->timer_s, "server", c->server));
		return 0;
	}
	snprintf(text, sizeof text, "%s%s", c->name, trust[c->trust]);
	show_event(cli, states[c->state], text);
	return 0;
}

int contacts_command(struct cli *cli)
{
	return tell_answer(cli, sotto_contacts(cli->sotto, show_contact, cli));
}
