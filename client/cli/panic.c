/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Panic, by command or by signal. A handler destroys the slots itself: the command under way may be
 * waiting for Tor. */
#include "client/lib/panic.h"

#include "client/cli/cli.h"
#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "libshared/error.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int asked;
static const char *folder; /* for the handler */

/* vault_destroy makes system calls only. */
/* NOLINTBEGIN(bugprone-signal-handler, cert-sig30-c) */
static void on_panic(int number)
{
	int error = errno;

	(void)number;
	if (vault_destroy(folder)) {
		/* panic_finish tries again, and tells */
	}
	asked = 1;
	errno = error;
}
/* NOLINTEND(bugprone-signal-handler, cert-sig30-c) */

void panic_on_signal(struct cli *cli)
{
	folder = cli->dir;
	cli->net.stop = &asked;
	signal(PAIR_PANIC, on_panic);
}

bool panic_is_asked(void)
{
	return asked;
}

static void on_destroyed(const struct panic *panic)
{
	const struct cli *cli = panic->userdata;

	show_event(cli, "destroyed", NULL);
	if (panic->n_left && !cli->json)
		fprintf(stderr,
				"Asking the server for a minute at most; it may be interrupted "
				"...\n");
}

int panic_finish(struct cli *cli)
{
	struct panic what = {
		.dir = cli->dir,
		.net = &cli->net,
		.userdata = cli,
		.on_destroyed = on_destroyed,
	};
	char text[160];
	int rc;

	what.profile = STEAL(cli->profile);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	rc = panic(&what);
	if (rc)
		return tell(cli, rc,
				"not all of the key file could be destroyed: is the disk "
				"read-only?");
	if (what.n_left) {
		snprintf(text, sizeof text,
				"the server could not be asked for %u of %u: they end by "
				"themselves after 90 days",
				what.n_left, what.n_left + what.n_ended);
		return tell(cli, SYNC_REFUSED, text);
	}
	if (what.n_ended)
		show_event(cli, "ended at the server", NULL);
	return 0;
}

/* Unlocked is a profile that the keyring has, or a process: then that one asks. */
int panic_command(struct cli *cli)
{
	CLEANUP(vault_wipe) struct vault vault = { 0 };
	bool kept = keyring_use(&vault, cli->dir) == 0;

	if (!kept || profile_open(&cli->profile, cli->dir, &vault))
		pair_panic(cli->dir);
	return panic_finish(cli);
}
