/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands around contacts. */
#include "client/cli/cli.h"

#include "client/lib/store.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

int add_command(struct cli *cli)
{
	struct contact_link link;
	struct contact c;
	int rc;

	if (link_read(&link, cli->argv[1]))
		return tell(cli, E_CONFIG, "that is no contact link");
	rc = contact_add(cli->profile, cli->argv[0], &link);
	if (rc)
		return tell(cli, rc,
				rc == CONTACT_EXISTS ? "that name or person is there already"
						     : error_text(rc));
	rc = contact_by_name(&c, cli->profile, cli->argv[0]);
	rc = rc ? rc : sync_mailbox(&cli->net, cli->profile, c.id);
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
		return tell(cli, rc,
				rc == CONTACT_EXISTS ? "you have a contact of that name already"
						     : "there is no request of that name, or the "
						       "new name is empty or too long");
	rc = contact_by_name(&c, cli->profile, cli->argv[1]);
	rc = rc ? rc : sync_mailbox(&cli->net, cli->profile, c.id);
	if (rc == 0)
		show_event(cli, "accepted", cli->argv[1]);
	return tell_sync(cli, rc);
}

int block_command(struct cli *cli)
{
	int rc = contact_block(cli->profile, cli->argv[0]);

	if (rc)
		return tell(cli, rc, "there is no contact of that name");
	show_event(cli, "blocked", cli->argv[0]);
	return 0;
}

int contacts_command(struct cli *cli)
{
	static const char *const states[] = { "request", "contact", "blocked" };
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, cli->profile->db, "SELECT state, name FROM contact ORDER BY name", "");

	while (rc == 0 && sqlite3_step(s) == SQLITE_ROW)
		show_event(cli, states[sqlite3_column_int(s, 0) % 3],
				(const char *)sqlite3_column_text(s, 1));
	return rc;
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
