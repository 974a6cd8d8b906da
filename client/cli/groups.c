/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto group: its own verbs over the groups of a profile. */
#include "client/cli/cli.h"

#include "client/lib/group.h"
#include "client/lib/outbox.h"
#include "libshared/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int tell_group(const struct cli *cli, int rc)
{
	switch (rc) {
	case GROUP_NONE:
		return tell(cli, rc, "there is no group of that name: see sotto group");
	case GROUP_EXISTS:
		return tell(cli, rc, "that name is taken, or the person is in it");
	case GROUP_FULL:
		return tell(cli, rc, "a group has at most 32 people");
	case GROUP_NOT_OURS:
		return tell(cli, rc, "only who made the group may do that");
	case GROUP_NOT_IN:
		return tell(cli, rc, "you are not in it, or nobody else has joined it yet");
	case GROUP_BAD_NAME:
		return tell(cli, rc, "a group's name is UTF-8 of 1 to 32 bytes");
	case GROUP_NOT_TEXT:
		return tell(cli, rc, "that is no text, or it is too long");
	case GROUP_NO_CONTACT:
		return tell(cli, rc, "there is nobody of that name who could be meant");
	case GROUP_NOT_WHOLE:
		return tell(cli, rc, "a part of its list is still on the way: sotto recv");
	}
	return tell_sync(cli, rc);
}

/* Waits as long as copies have times of their own; what cannot be sent now is told and stays. */
static int flush(struct cli *cli)
{
	unsigned sent;
	int64_t wait_s;
	int rc = sync_flush(&cli->net, cli->profile, &sent);

	while (rc == 0 && outbox_wait_s(&wait_s, cli->profile) == 0) {
		const struct timespec second = { wait_s > 0, 0 };

		show_event(cli, "spreading", "the copies go out within a minute");
		while (rc == 0 && outbox_wait_s(&wait_s, cli->profile) == 0) {
			nanosleep(&second, NULL);
			rc = sync_flush(&cli->net, cli->profile, &sent);
		}
	}
	return rc;
}

/* --- verbs: cli->argv[0] is the group's name ------------------------------ */

static int new_verb(struct cli *cli, const struct group *g)
{
	(void)g;
	return group_make(cli->profile, cli->argv[0]);
}

static int invite_verb(struct cli *cli, const struct group *g)
{
	return group_invite(cli->profile, g, cli->argv[1]);
}

static int remove_verb(struct cli *cli, const struct group *g)
{
	return group_remove(cli->profile, g, cli->argv[1]);
}

static int rename_verb(struct cli *cli, const struct group *g)
{
	return group_rename(cli->profile, g, cli->argv[1]);
}

static int join_verb(struct cli *cli, const struct group *g)
{
	return group_join(cli->profile, g);
}

static int leave_verb(struct cli *cli, const struct group *g)
{
	return group_leave(cli->profile, g);
}

static int send_verb(struct cli *cli, const struct group *g)
{
	return group_send(cli->profile, g, cli->argv[1], cli->fast ? 0 : GROUP_SPREAD_S);
}

static int log_verb(struct cli *cli, const struct group *g)
{
	return show_group_log(cli, g->id);
}

static const struct verb {
	const char *name, *args;
	int n_args;
	bool finds; /* the group must be there */
	const char *done;
	int (*run)(struct cli *cli, const struct group *group);
} verbs[] = {
	{ "new", "GROUP", 1, false, "made", new_verb },
	{ "invite", "GROUP NAME", 2, true, "invited", invite_verb },
	{ "join", "GROUP", 1, true, "joined", join_verb },
	{ "send", "GROUP TEXT", 2, true, "sent", send_verb },
	{ "log", "GROUP", 1, true, NULL, log_verb },
	{ "leave", "GROUP", 1, true, "left", leave_verb },
	{ "remove", "GROUP NAME", 2, true, "removed", remove_verb },
	{ "rename", "GROUP NEW-NAME", 2, true, "renamed", rename_verb },
};

static int usage(const struct cli *cli)
{
	char text[400] = "one of:";

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "\n  sotto group %s %s",
				verbs[i].name, verbs[i].args);
	return tell(cli, E_CONFIG, text);
}

/* --- all of them ----------------------------------------------------------- */

static int show_group(struct cli *cli, const struct group *g)
{
	static const char *const states[] = { "invited", "in", "over" };
	struct group_member m = { .contact = 0 };
	char line[CONTACT_NAME_MOST + 40];
	json_t *members = json_array();
	int rc;

	if (!cli->json) {
		snprintf(line, sizeof line, "%s%s", states[g->state], g->ours ? ", yours" : "");
		show_event(cli, g->name, line);
	}
	while ((rc = group_member_next(&m, cli->profile, g->id)) == 0) {
		snprintf(line, sizeof line, "%s%s", m.name, m.joined ? "" : " (has not joined)");
		if (cli->json)
			json_array_append_new(members,
					json_pack("{s:s, s:b}", "name", m.name, "joined",
							m.joined));
		else
			show_event(cli, "    ", line);
	}
	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:s, s:b, s:O}", "event", "group", "name", g->name,
				"state", states[g->state], "yours", g->ours, "members", members));
	json_decref(members);
	return rc == GROUP_NONE ? 0 : rc;
}

static int show_all(struct cli *cli)
{
	struct group g = { .name = "" };
	int rc;

	while ((rc = group_next(&g, cli->profile, g.name)) == 0) {
		rc = show_group(cli, &g);
		if (rc)
			break;
	}
	return rc == GROUP_NONE ? 0 : rc;
}

int group_command(struct cli *cli)
{
	const struct verb *verb = NULL;
	struct group g = { .id = 0 };
	int rc = 0;

	if (cli->argc == 0)
		return tell_group(cli, show_all(cli));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, cli->argv[0]) == 0)
			verb = &verbs[i];
	if (!verb || cli->argc - 1 != verb->n_args)
		return usage(cli);
	cli->argv++;
	if (verb->finds)
		rc = group_by_name(&g, cli->profile, cli->argv[0]);
	rc = rc ? rc : verb->run(cli, &g);
	if (rc)
		return tell_group(cli, rc);
	if (verb->done)
		show_event(cli, verb->done, cli->argv[0]);
	return tell_sync(cli, flush(cli));
}
