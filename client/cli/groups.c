/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto group: its own verbs over the groups of a profile. */
#include "client/cli/cli.h"
#include "client/cli/span.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int tell_group(const struct cli *cli, int rc)
{
	switch (rc) {
	case SOTTO_NO_GROUP:
		return tell(cli, rc, "there is no group of that name: see sotto group");
	case SOTTO_EXISTS:
		return tell(cli, rc, "that name is taken, or the person is in it");
	case SOTTO_BAD_NAME:
		return tell(cli, rc, "a group's name is UTF-8 of 1 to 32 bytes");
	case SOTTO_NOT_TEXT:
		return tell(cli, rc, "that is no text");
	case SOTTO_NO_CONTACT:
		return tell(cli, rc, "there is nobody of that name who could be meant");
	case SOTTO_NO_MESSAGE:
		return tell(cli, rc,
				"there is no such message of yours: see sotto group history GROUP");
	case SOTTO_TOO_LONG:
		return tell_span(cli, rc);
	case SOTTO_STILL_IN:
		return tell(cli, rc, "you are still in it: sotto group leave GROUP");
	case SOTTO_NOT_WHOLE:
		return tell(cli, rc, "a part of its list is still on the way: sotto recv");
	}
	return cli->file ? tell_file(cli, rc) : tell_answer(cli, rc);
}

/* Waits as long as copies have times of their own; what cannot be sent now is told and stays. */
static int flush(struct cli *cli)
{
	int64_t wait_s;
	int rc = sotto_flush(cli->sotto, NULL);

	while (rc == 0 && sotto_group_wait_s(cli->sotto, &wait_s) == 0) {
		const struct timespec second = { wait_s > 0, 0 };

		show_event(cli, "spreading", "the copies go out within a minute");
		while (rc == 0 && sotto_group_wait_s(cli->sotto, &wait_s) == 0) {
			nanosleep(&second, NULL);
			rc = sotto_flush(cli->sotto, NULL);
		}
	}
	return rc;
}

/* --- verbs: cli->argv[0] is the group's name ------------------------------ */

static int new_verb(struct cli *cli)
{
	return sotto_group_make(cli->sotto, cli->argv[0]);
}

static int invite_verb(struct cli *cli)
{
	return sotto_group_invite(cli->sotto, cli->argv[0], cli->argv[1]);
}

static int remove_verb(struct cli *cli)
{
	return sotto_group_remove(cli->sotto, cli->argv[0], cli->argv[1]);
}

static int rename_verb(struct cli *cli)
{
	return sotto_group_rename(cli->sotto, cli->argv[0], cli->argv[1]);
}

static int timer_verb(struct cli *cli)
{
	return sotto_group_set_timer(cli->sotto, cli->argv[0], span_read(cli->argv[1]));
}

static int join_verb(struct cli *cli)
{
	return sotto_group_join(cli->sotto, cli->argv[0]);
}

static int leave_verb(struct cli *cli)
{
	return sotto_group_leave(cli->sotto, cli->argv[0]);
}

static int forget_verb(struct cli *cli)
{
	return sotto_group_forget(cli->sotto, cli->argv[0]);
}

static int send_verb(struct cli *cli)
{
	CLEANUP(text_free) char *text = NULL;
	int rc = cli->file ? 0 : text_read(&text, cli->argv[1]);

	if (cli->file)
		return send_group_file(cli);
	return rc ? rc : sotto_group_write(cli->sotto, cli->argv[0], text);
}

static int log_verb(struct cli *cli)
{
	return sotto_group_history(cli->sotto, cli->argv[0], NULL, show_message, cli);
}

static int history_verb(struct cli *cli)
{
	return sotto_group_search(cli->sotto, cli->argv[0], cli->search, show_line, cli);
}

static int edit_verb(struct cli *cli)
{
	CLEANUP(text_free) char *text = NULL;
	int rc = text_read(&text, cli->argv[2]);

	return rc ? rc
		  : sotto_group_edit(cli->sotto, cli->argv[0], read_number(cli->argv[1]), text);
}

static int delete_verb(struct cli *cli)
{
	return sotto_group_delete(cli->sotto, cli->argv[0], read_number(cli->argv[1]));
}

static int show_copy(void *userdata, const struct sotto_copy *c)
{
	const struct cli *cli = userdata;

	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:s, s:b, s:b}", "event", "copy", "contact",
				c->name, "state", state_words[c->state], "in", c->in, "blocked",
				c->blocked));
	else
		show_event(cli, c->name,
				c->state != SOTTO_NEVER	     ? state_words[c->state]
						: c->blocked ? "never: you have blocked them"
						: c->in	     ? "never: they were out of the group"
							     : "never: they are out of the group");
	return 0;
}

static int info_verb(struct cli *cli)
{
	return sotto_group_copies(
			cli->sotto, cli->argv[0], read_number(cli->argv[1]), show_copy, cli);
}

static const struct verb {
	const char *name, *args;
	int n_args;
	const char *done;
	int (*run)(struct cli *cli);
} verbs[] = {
	{ "new", "GROUP", 1, "made", new_verb },
	{ "invite", "GROUP NAME", 2, "invited", invite_verb },
	{ "join", "GROUP", 1, "joined", join_verb },
	{ "send", "GROUP TEXT|--file PATH", 2, "sent", send_verb },
	{ "log", "GROUP", 1, NULL, log_verb },
	{ "history", "GROUP", 1, NULL, history_verb },
	{ "info", "GROUP N", 2, NULL, info_verb },
	{ "edit", "GROUP N TEXT", 3, "edited", edit_verb },
	{ "delete", "GROUP N", 2, "deleted", delete_verb },
	{ "leave", "GROUP", 1, "left", leave_verb },
	{ "forget", "GROUP", 1, "forgotten", forget_verb },
	{ "remove", "GROUP NAME", 2, "removed", remove_verb },
	{ "rename", "GROUP NEW-NAME", 2, "renamed", rename_verb },
	{ "timer", "GROUP TIME|off", 2, "timer set", timer_verb },
};

void group_verbs(char *out, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_LEN(verbs) && used < room; i++)
		used += (size_t)snprintf(out + used, room - used, "sotto group %s %s\n",
				verbs[i].name, verbs[i].args);
}

/* --- all of them ----------------------------------------------------------- */

struct listing {
	const struct cli *cli;
	json_t *members; /* of one group */
};

static int show_member(void *userdata, const struct sotto_member *m)
{
	const struct listing *l = userdata;
	char line[SOTTO_NAME_MOST + 40];

	if (l->cli->json) {
		json_array_append_new(l->members,
				json_pack("{s:s, s:b}", "name", m->name, "joined", m->joined));
		return 0;
	}
	snprintf(line, sizeof line, "%s%s", m->name, m->joined ? "" : " (has not joined)");
	show_event(l->cli, "    ", line);
	return 0;
}

static int show_group(void *userdata, const struct sotto_group *g)
{
	static const char *const states[] = { "invited", "in", "over" };
	const struct cli *cli = userdata;
	struct listing l = { cli, json_array() };
	char line[80], span[SPAN_ROOM];
	int rc;

	span_write(span, g->timer_s);
	if (!cli->json) {
		snprintf(line, sizeof line, "%s%s%s%s", states[g->state], g->ours ? ", yours" : "",
				g->timer_s ? ", timer " : "", g->timer_s ? span : "");
		show_event(cli, g->name, line);
	}
	rc = sotto_members(cli->sotto, g->name, show_member, &l);
	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:s, s:b, s:I, s:O}", "event", "group", "name",
				g->name, "state", states[g->state], "yours", g->ours, "timer",
				(json_int_t)g->timer_s, "members", l.members));
	json_decref(l.members);
	return rc;
}

int group_command(struct cli *cli)
{
	const struct verb *verb = NULL;
	int rc;

	if (cli->argc == 0)
		return tell_group(cli, sotto_groups(cli->sotto, show_group, cli));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, cli->argv[0]) == 0)
			verb = &verbs[i];
	if (!verb || (cli->file && verb->run != send_verb) ||
			cli->argc - 1 != verb->n_args - (cli->file != NULL))
		return help_verbs(cli, "group");
	cli->argv++;
	rc = verb->run(cli);
	if (rc)
		return tell_group(cli, rc);
	if (!verb->done)
		return 0;
	show_event(cli, verb->done, cli->argv[0]);
	return tell_answer(cli, flush(cli));
}
