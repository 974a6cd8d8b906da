/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files: sent, listed, fetched. What was interrupted goes on when the same is asked for again. */
#include "client/cli/cli.h"

#include <signal.h>
#include <stdio.h>

/* It may be killed anywhere; this only ends a step in peace. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void catch_signals(void)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
}

int tell_file(const struct cli *cli, int rc)
{
	switch (rc) {
	case CLI_STOPPED:
		return tell(cli, rc, "stopped; the same again goes on from here");
	case SOTTO_NOTHING:
		return tell(cli, rc, "that file was fetched already");
	case SOTTO_NO_FILE:
		return tell(cli, rc, "there is no such file: see sotto files");
	case SOTTO_E_NETWORK:
		tell_answer(cli, rc);
		return tell(cli, rc, "the same again goes on from here");
	}
	return tell_answer(cli, rc);
}

/* --- moving ------------------------------------------------------------- */

struct moving {
	struct cli *cli;
	char name[160]; /* at last */
};

static int on_piece(void *userdata, const struct sotto_file *f)
{
	struct moving *m = userdata;

	snprintf(m->name, sizeof m->name, "%s", f->placed ? f->placed : f->name);
	if (!f->placed)
		show_progress(m->cli, f->name, f->done, f->size);
	return stop && f->state != SOTTO_FILE_WHOLE ? CLI_STOPPED : 0;
}

int send_file(struct cli *cli)
{
	struct moving m = { cli, "" };
	int rc;

	if (cli->argc != 1)
		return tell(cli, SOTTO_E_ARGUMENT, "send takes a text or a file, not both");
	catch_signals();
	rc = sotto_send_file(cli->sotto, cli->argv[0], cli->file, on_piece, &m);
	if (rc)
		return tell_file(cli, rc);
	show_event(cli, "sent", m.name);
	return 0;
}

int send_group_file(struct cli *cli)
{
	struct moving m = { cli, "" };

	catch_signals();
	return sotto_group_send_file(cli->sotto, cli->argv[0], cli->file, on_piece, &m);
}

int get_command(struct cli *cli)
{
	struct moving m = { cli, "" };
	const char *path = cli->argc > 1 ? cli->argv[1] : ".";
	int id = read_number(cli->argv[0]), rc;

	if (id < 0)
		return tell(cli, SOTTO_E_ARGUMENT, "get wants the number that sotto files shows");
	catch_signals();
	rc = sotto_get_file(cli->sotto, id, path, on_piece, &m);
	if (rc)
		return tell_file(cli, rc);
	show_event(cli, "got", m.name);
	rc = sotto_end_pieces(cli->sotto); /* nobody needs them any more */
	if (rc)
		warn(cli, "the server still has pieces of it; they are ended with a later recv");
	return 0;
}

int forget_command(struct cli *cli)
{
	int id = read_number(cli->argv[0]), rc;

	if (id < 0)
		return tell(cli, SOTTO_E_ARGUMENT,
				"forget wants the number that sotto files shows");
	rc = sotto_forget_file(cli->sotto, id);
	if (rc == SOTTO_NO_FILE)
		return tell(cli, rc, "there is no such file: see sotto files");
	if (rc == 0)
		show_event(cli, "forgotten", cli->argv[0]);
	return tell_answer(cli, rc);
}

/* --- listing ------------------------------------------------------------ */

static const char *state_of(const struct sotto_file *f)
{
	if (f->state == SOTTO_FILE_WHOLE)
		return f->out ? "sent" : "fetched";
	if (f->out)
		return "sending";
	return f->state == SOTTO_FILE_MOVES ? "fetching" : "waits";
}

static int show_file(void *userdata, const struct sotto_file *f)
{
	const struct cli *cli = userdata;

	if (cli->json) {
		show_json(json_pack("{s:s, s:I, s:s*, s:s*, s:b, s:s, s:s, s:I, s:s, s:i, s:i}",
				"event", "file", "file", (json_int_t)f->id, "contact",
				*f->contact ? f->contact : NULL, "group", f->group, "out",
				(int)f->out, "name", f->name, "type", f->type, "size",
				(json_int_t)f->size, "state", state_of(f), "pieces", (int)f->pieces,
				"done", (int)f->n_done));
		return 0;
	}
	printf("%4lld  %-9s", (long long)f->id, state_of(f));
	if (f->state != SOTTO_FILE_WHOLE && f->n_done)
		printf(" %2u%%", (unsigned)(100 * (uint64_t)f->n_done / f->pieces));
	printf("  %s ", f->out ? "to" : "from");
	if (f->group)
		show_clean(f->group);
	if (f->group && !f->out)
		putchar('/');
	show_clean(f->contact);
	fputs("  ", stdout);
	show_clean(f->name);
	printf("  %llu bytes\n", (unsigned long long)f->size);
	return 0;
}

int files_command(struct cli *cli)
{
	return tell_answer(cli, sotto_files(cli->sotto, show_file, cli));
}
