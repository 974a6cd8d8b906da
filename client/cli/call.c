/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* call, answer, decline; and who rings, for `watch`. */
#include "client/cli/call_text.h"
#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_calling;

static void on_signal(int number)
{
	(void)number;
	stop_calling = 1;
}

/* --- who calls ---------------------------------------------------------- */

static int show_call(void *userdata, const struct sotto_ring *ring)
{
	const struct cli *cli = userdata;
	const char *event = ring->missed ? "missed call" : "call";

	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:b}", "event", event, "contact", ring->contact,
				"video", ring->video));
	else
		show_event(cli, event, ring->contact);
	return 0;
}

int show_calls(struct cli *cli)
{
	return sotto_rings(cli->sotto, show_call, cli);
}

/* --- the call ----------------------------------------------------------- */

static void show_measures(const struct cli *cli, const struct sotto_call_event *e)
{
	if (cli->json) {
		puts(e->measures);
		fflush(stdout);
		return;
	}
	fprintf(stderr,
			"%sdelay %.0f ms, jitter %.0f ms, %lld packets, %lld lost, %.0f "
			"kbit/s%s",
			isatty(STDERR_FILENO) ? "\r\033[K" : "", e->delay_ms, e->jitter_ms,
			(long long)e->n_received, (long long)e->n_lost, e->kbit_s,
			isatty(STDERR_FILENO) ? "" : "\n");
}

static int on_call(void *userdata, const struct sotto_call_event *e)
{
	if (e->news == SOTTO_CALL_MEASURES)
		show_measures(userdata, e);
	else
		show_event(userdata, call_news_text(e->news), NULL);
	return 0;
}

/* Lines that a person types. No more input is no wish to hang up. */
static void listen_to_person(struct cli *cli, struct sotto_call *call, bool *muted)
{
	struct pollfd fd = { STDIN_FILENO, POLLIN, 0 };
	char line[64];
	ssize_t n = poll(&fd, 1, 0) == 1 ? read(STDIN_FILENO, line, sizeof line) : 0;

	for (ssize_t i = 0; i < n; i++) {
		if ((i > 0 && line[i - 1] != '\n') || (i + 1 < n && line[i + 1] != '\n'))
			continue; /* not a line of its own */
		if (line[i] == 'h')
			stop_calling = 1;
		if (line[i] != 'm')
			continue;
		*muted = !*muted;
		sotto_call_mute(call, *muted);
		show_event(cli, *muted ? "muted" : "not muted", NULL);
	}
}

/* 0 for a call that was one. */
static int show_end(struct cli *cli, const struct sotto_call_end *end)
{
	char said[CALL_TEXT];

	call_end_text(said, end);
	show_event(cli, "ended", said);
	return end->reason == SOTTO_CALL_ENDED ? 0 : answer(cli, CLI_NO_CALL, said);
}

static int tell_call(struct cli *cli, int rc)
{
	switch (rc) {
	case SOTTO_E_ARGUMENT:
		return tell(cli, rc, "no such source or sink: sotto --help says which there are");
	case SOTTO_NO_MEDIA:
		return tell(cli, rc, "calls need the package sotto-calls");
	}
	return tell_answer(cli, rc);
}

static int talk(struct cli *cli, struct sotto_call *call)
{
	struct sotto_call_end end = { .by_them = false };
	bool muted = false;
	int rc = 0;

	while (rc == 0 && !sotto_call_is_over(call, &end)) {
		if (stop_calling || panic_is_asked())
			sotto_call_hang_up(call);
		rc = sotto_call_turn(call, 100);
		listen_to_person(cli, call, &muted);
	}
	return rc ? tell_call(cli, rc) : show_end(cli, &end);
}

static void close_ref(struct sotto_call **call)
{
	sotto_call_close(*call);
}

typedef int begin_call(struct sotto_call **out, struct sotto *sotto, const char *contact,
		const struct sotto_call_options *options);

static int run(struct cli *cli, begin_call *begin)
{
	__attribute__((cleanup(close_ref))) struct sotto_call *call = NULL;
	char room[CALL_PROGRAM];
	int rc;

	cli->call.on_call = on_call;
	cli->call.userdata = cli;
	cli->call.program = call_program(room);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = begin(&call, cli->sotto, cli->argc ? cli->argv[0] : NULL, &cli->call);
	return rc ? tell_call(cli, rc) : talk(cli, call);
}

/* Somebody who is calling us just now is answered. */
int call_command(struct cli *cli)
{
	return run(cli, sotto_call_to);
}

int answer_command(struct cli *cli)
{
	return run(cli, sotto_call_answer);
}

int decline_command(struct cli *cli)
{
	int rc = sotto_call_decline(cli->sotto, cli->argc ? cli->argv[0] : NULL);

	if (rc == 0)
		show_event(cli, "declined", NULL);
	return tell_answer(cli, rc);
}
