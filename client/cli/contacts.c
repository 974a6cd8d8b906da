/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands around contacts. */
#include "client/cli/cli.h"

#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <stdio.h>

static int tell_contact(const struct cli *cli, int rc)
{
	switch (rc) {
	case CONTACT_NONE:
		return tell(cli, rc, "there is nobody of that name");
	case CONTACT_EXISTS:
		return tell(cli, rc, "that name is taken");
	case CONTACT_BAD_NAME:
		return tell(cli, rc, "a name is UTF-8 of 1 to 64 bytes");
	case CONTACT_SELF:
		return tell(cli, rc, "that link is your own");
	}
	return tell_sync(cli, rc);
}

/* The person is there already, or the name belongs to another key. */
static int tell_exists(struct cli *cli, const struct contact_link *link)
{
	struct contact c;
	char said[320];
	int rc = contact_by_link(&c, cli->profile, link);

	if (rc == 0 && c.state == CONTACT_BLOCKED)
		return tell(cli, CONTACT_EXISTS, "you have blocked this person: sotto unblock");
	if (rc == 0) {
		snprintf(said, sizeof said, "you have this person already, as %s", c.name);
		return tell(cli, CONTACT_EXISTS, said);
	}
	rc = rc < 0 ? rc : contact_by_name(&c, cli->profile, cli->argv[0]);
	if (rc)
		return tell_contact(cli, rc);
	snprintf(said, sizeof said,
			"THE %s THAT YOU KNOW HAS ANOTHER KEY%s. This is a new device, or somebody "
			"who wants to be taken for them: ask, not by way of this link. Add it "
			"under another name; it is not verified",
			c.name, c.trust == CONTACT_VERIFIED ? ", which you have verified" : "");
	return tell(cli, CONTACT_EXISTS, said);
}

int add_command(struct cli *cli)
{
	struct contact_link link;
	struct contact c;
	char text[SCAN_TEXT_MOST + 1];
	int rc = read_said(text, cli, cli->argv[1]);

	if (rc)
		return rc;
	if (link_read(&link, text))
		return tell(cli, E_CONFIG, "that is no contact link");
	rc = contact_add(cli->profile, cli->argv[0], &link);
	if (rc == CONTACT_EXISTS)
		return tell_exists(cli, &link);
	rc = rc ? rc : contact_by_name(&c, cli->profile, cli->argv[0]);
	if (rc == 0 && cli->yes)
		rc = contact_verify(cli->profile, &c, true);
	if (rc)
		return tell_contact(cli, rc);
	rc = sync_mailbox(&cli->net, cli->profile, c.id);
	if (rc)
		return tell_sync(cli, rc);
	show_event(cli, "added", cli->argv[0]);
	return 0;
}

int accept_command(struct cli *cli)
{
	struct contact c;
	int rc = contact_accept(cli->profile, cli->argv[0], cli->argv[1]);

	if (rc)
		return tell_contact(cli, rc);
	rc = contact_by_name(&c, cli->profile, cli->argv[1]);
	rc = rc ? rc : sync_mailbox(&cli->net, cli->profile, c.id);
	if (rc == 0)
		show_event(cli, "accepted", cli->argv[1]);
	return tell_sync(cli, rc);
}

/* What was done with whom, or why not. */
static int done(const struct cli *cli, int rc, const char *event)
{
	if (rc)
		return tell_contact(cli, rc);
	show_event(cli, event, cli->argv[0]);
	return 0;
}

int block_command(struct cli *cli)
{
	return done(cli, contact_block(cli->profile, cli->argv[0]), "blocked");
}

int unblock_command(struct cli *cli)
{
	return done(cli, contact_unblock(cli->profile, cli->argv[0]), "unblocked");
}

int rename_command(struct cli *cli)
{
	return done(cli, contact_rename(cli->profile, cli->argv[0], cli->argv[1]), "renamed");
}

static void show_contact(const struct cli *cli, const struct contact *c)
{
	static const char *const states[] = { "request", "contact", "blocked" };
	static const char *const trust[] = { "", "   (verified)",
		"   (VERIFIED ANOTHER KEY THAN THIS ONE)" };
	char text[CONTACT_NAME_MOST + 64];

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:b, s:b}", "event", states[c->state], "text",
				c->name, "verified", c->trust == CONTACT_VERIFIED, "key_changed",
				c->trust == CONTACT_KEY_CHANGED));
		return;
	}
	snprintf(text, sizeof text, "%s%s", c->name, trust[c->trust]);
	show_event(cli, states[c->state], text);
}

int contacts_command(struct cli *cli)
{
	struct contact c = { .name = "" };
	int rc;

	while ((rc = contact_next(&c, cli->profile, c.name)) == 0)
		show_contact(cli, &c);
	return rc == CONTACT_NONE ? 0 : rc;
}

int end_command(struct cli *cli)
{
	int rc = upkeep_end_contact(&cli->net, cli->profile, cli->argv[0]);

	if (rc == SYNC_NO_CONTACT)
		return tell(cli, rc, "there is no contact of that name");
	if (rc)
		tell(cli, rc, "the mailbox is ended as soon as the server can be reached");
	show_event(cli, "ended", cli->argv[0]);
	return 0;
}
