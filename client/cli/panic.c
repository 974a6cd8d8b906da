/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Panic, by command or by signal. A handler destroys the slots itself: the command under way may be
 * waiting for Tor. */
#include "client/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int asked;
static const char *folder; /* for the handler, as is the next */
static struct sotto *_Atomic stops;

/* Both make system calls at most. */
/* NOLINTBEGIN(bugprone-signal-handler, cert-sig30-c) */
static void on_signal(int number)
{
	int error = errno;
	struct sotto *sotto = atomic_load(&stops);

	(void)number;
	if (sotto_destroy(folder)) {
		/* panic_finish tries again, and tells */
	}
	asked = 1;
	if (sotto)
		sotto_stop(sotto);
	errno = error;
}
/* NOLINTEND(bugprone-signal-handler, cert-sig30-c) */

void panic_on_signal(const struct cli *cli)
{
	folder = cli->dir;
	signal(SIGUSR1, on_signal);
}

void panic_stops(struct sotto *sotto)
{
	atomic_store(&stops, sotto);
	if (sotto && asked) /* a moment before */
		sotto_stop(sotto);
}

bool panic_is_asked(void)
{
	return asked;
}

struct ending {
	const struct cli *cli;
	bool destroyed;
	uint32_t n_ended, n_left;
};

static void on_panic(void *userdata, uint32_t n_ended, uint32_t n_left)
{
	struct ending *e = userdata;

	e->n_ended = n_ended;
	e->n_left = n_left;
	if (e->destroyed)
		return;
	e->destroyed = true;
	show_event(e->cli, "destroyed", NULL);
	if (n_left)
		show_step(e->cli, "Asking the server for a minute at most; it may be interrupted");
}

static int end_locked(struct cli *cli)
{
	int rc = sotto_panic_locked(cli->dir);

	show_event(cli, "destroyed", NULL);
	return rc;
}

int panic_finish(struct cli *cli)
{
	struct ending e = { .cli = cli };
	char text[160];
	int rc;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	rc = cli->sotto ? sotto_panic_telling(cli->sotto, on_panic, &e) : end_locked(cli);
	if (rc && rc != SOTTO_REFUSED)
		return tell(cli, rc,
				"not all of the key file could be destroyed: is the disk "
				"read-only?");
	if (rc) {
		snprintf(text, sizeof text,
				"the server could not be asked for %u of %u: they end by "
				"themselves after 90 days",
				e.n_left, e.n_left + e.n_ended);
		return tell(cli, rc, text);
	}
	if (e.n_ended)
		show_event(cli, "ended at the server", NULL);
	return 0;
}

/* Unlocked is a profile that the keyring has, or a process: then that one asks. */
int panic_command(struct cli *cli)
{
	const struct sotto_options options = options_of(cli);

	if (sotto_open(&cli->sotto, &options, NULL) == 0)
		panic_stops(cli->sotto);
	return panic_finish(cli);
}
