/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files: sent, listed, fetched. What was interrupted goes on when the same is asked for again. */
#include "client/cli/cli.h"

#include "client/lib/download.h"
#include "client/lib/upload.h"
#include "libshared/error.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

static int tell_transfer(const struct cli *cli, int rc)
{
	switch (rc) {
	case TRANSFER_NONE:
		return tell(cli, rc, "no such file came from a contact: see sotto files");
	case TRANSFER_FULL:
		return tell(cli, rc,
				"the server has no room for files now: the same again goes on "
				"later");
	case TRANSFER_GONE:
		return tell(cli, rc,
				"the server has that file no more: it keeps files for 21 days");
	case TRANSFER_WRONG:
		return tell(cli, rc, "what came is not the file that was announced");
	case TRANSFER_CHANGED:
		return tell(cli, rc, "the file was changed meanwhile: send it again");
	case TRANSFER_TAKEN:
		return tell(cli, rc,
				"there is a file of that name already; nothing is overwritten");
	case TRANSFER_PLACE:
		return tell(cli, rc, "there is no such place, or it cannot be read or written");
	case TRANSFER_BUSY:
		return tell(cli, rc, "another sotto is fetching it to the same place");
	case E_NET:
		tell_sync(cli, rc);
		return tell(cli, rc, "the same again goes on from here");
	}
	return tell_sync(cli, rc);
}

static void show_transfer(struct cli *cli, const struct transfer *t)
{
	const uint64_t done = (uint64_t)t->done * file_piece_contents(&t->file);

	show_progress(cli, t->file.name, done < t->file.size ? done : t->file.size, t->file.size);
}

/* --- sending ------------------------------------------------------------ */

static int upload(struct cli *cli, struct transfer *t)
{
	int rc = 0;

	while (rc == 0 && !stop) {
		show_transfer(cli, t);
		rc = upload_step(&cli->net, cli->profile, t);
	}
	if (rc != TRANSFER_DONE)
		return rc;
	show_transfer(cli, t);
	return sync_flush_contact(&cli->net, cli->profile, t->contact);
}

int send_file(struct cli *cli)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int rc;

	if (cli->argc != 1)
		return tell(cli, E_CONFIG, "send takes a text or a file, not both");
	catch_signals();
	rc = upload_begin(&t, cli->profile, cli->argv[0], cli->file);
	if (rc == TRANSFER_WRONG)
		return tell(cli, rc, "that file is too large: 64 GiB at most");
	rc = rc ? rc : upload(cli, &t);
	if (rc == 0 && stop)
		return tell(cli, E_BUSY, "stopped; the same again goes on from here");
	if (rc == 0)
		show_event(cli, "sent", t.file.name);
	return tell_transfer(cli, rc);
}

/* --- fetching ----------------------------------------------------------- */

/* Nobody needs them any more. What cannot be ended now is ended by and by. */
static int clean(struct cli *cli)
{
	bool left;

	return transfer_clean(&cli->net, cli->profile, UINT32_MAX, &left);
}

int get_command(struct cli *cli)
{
	CLEANUP(download_close) struct download d = { .folder = -1, .part = -1 };
	int id = read_number(cli->argv[0]), rc;

	if (id < 0)
		return tell(cli, E_CONFIG, "get wants the number that sotto files shows");
	catch_signals();
	rc = download_open(&d, cli->profile, id, cli->argc > 1 ? cli->argv[1] : ".");
	if (rc == TRANSFER_DONE && !*d.name)
		return tell(cli, rc, "that file was fetched already");
	while (rc == 0 && !stop) {
		show_transfer(cli, &d.transfer);
		rc = download_step(&cli->net, cli->profile, &d);
	}
	if (rc == 0)
		return tell(cli, E_BUSY, "stopped; the same again goes on from here");
	if (rc != TRANSFER_DONE)
		return tell_transfer(cli, rc);
	show_event(cli, "got", d.name);
	rc = clean(cli);
	if (rc)
		tell(cli, 0, "the server still has pieces of it; they are ended with a later recv");
	return 0;
}

/* --- listing ------------------------------------------------------------ */

static const char *state_of(const struct transfer *t)
{
	if (t->state == TRANSFER_CLOSED)
		return t->out ? "sent" : "fetched";
	if (t->out)
		return "sending";
	return t->done ? "fetching" : "waits";
}

static void show_file(const struct cli *cli, const struct transfer *t, const char *contact)
{
	const uint32_t n = file_pieces(&t->file);

	if (cli->json) {
		show_json(json_pack("{s:s, s:I, s:s, s:b, s:s, s:s, s:I, s:s, s:i, s:i}", "event",
				"file", "file", (json_int_t)t->id, "contact", contact, "out",
				(int)t->out, "name", t->file.name, "type", t->file.type, "size",
				(json_int_t)t->file.size, "state", state_of(t), "pieces", (int)n,
				"done", (int)t->done));
		return;
	}
	printf("%4lld  %-9s", (long long)t->id, state_of(t));
	if (t->state == TRANSFER_OPEN && t->done)
		printf(" %2u%%", (unsigned)(100 * (uint64_t)t->done / n));
	printf("  %s ", t->out ? "to" : "from");
	show_clean(contact);
	fputs("  ", stdout);
	show_clean(t->file.name);
	printf("  %llu bytes\n", (unsigned long long)t->file.size);
}

int files_command(struct cli *cli)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	struct contact c;
	int rc;

	while ((rc = transfer_next(&t, cli->profile, t.id)) == 0) {
		rc = contact_by_id(&c, cli->profile, t.contact);
		if (rc)
			return tell(cli, rc, "the database is damaged");
		show_file(cli, &t, c.name);
	}
	return rc == TRANSFER_NONE ? 0 : tell(cli, rc, error_text(rc));
}
