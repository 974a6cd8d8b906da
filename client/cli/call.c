/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* call, answer, decline; and who rings, for `watch`. */
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
	static const char *const names[] = {
		[SOTTO_CALL_RINGS] = "calling",
		[SOTTO_CALL_CONNECTS] = "connecting",
		[SOTTO_CALL_TALKS] = "talking",
		[SOTTO_CALL_WAITS] = "nothing is heard",
		[SOTTO_CALL_SEEKS] = "the way is lost, looking for another",
		[SOTTO_CALL_OVER] = "over",
	};

	if (e->news == SOTTO_CALL_MEASURES)
		show_measures(userdata, e);
	else
		show_event(userdata, names[e->news], NULL);
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

static const char *reason_text(const struct sotto_call_end *end)
{
	switch (end->reason) {
	case SOTTO_CALL_ENDED:
		return end->by_them ? "they hung up" : "you hung up";
	case SOTTO_CALL_DECLINED:
		return "they declined";
	case SOTTO_CALL_BUSY:
		return "they are in another call";
	case SOTTO_CALL_UNABLE:
		return "their media do not work: is the package sotto-calls installed there?";
	case SOTTO_CALL_FORGED:
		return "the certificate at the other end is not the one that was named: somebody "
		       "sits in between, perhaps at the relay. Nothing was heard or sent";
	case SOTTO_CALL_GIVEN_UP:
		return end->by_them ? "they gave up" : "no answer";
	case SOTTO_CALL_LOST:
		return "the way was lost, and no other found in time";
	}
	return "over";
}

/* What of ours does not work. */
static const char *fault_text(const char *what)
{
	if (strcmp(what, "no-relay") == 0)
		return "the relay gives no place: it is full or away. Try again later";
	if (strcmp(what, "no-connection") == 0)
		return "no connection came about";
	if (strcmp(what, "media") == 0)
		return "sound or camera does not work: see --audio-in, --audio-out, --video-in";
	if (strcmp(what, "microphone") == 0)
		return "there is no such microphone or file: see --audio-in";
	if (strcmp(what, "loudspeaker") == 0)
		return "there is no such loudspeaker or file: see --audio-out";
	if (strcmp(what, "camera") == 0)
		return "there is no camera: see --video-in";
	if (strcmp(what, "screen") == 0)
		return "there is no screen: see --video-out";
	if (strcmp(what, "lost") == 0)
		return "the way was lost";
	return NULL;
}

/* 0 for a call that was one. */
static int show_end(struct cli *cli, const struct sotto_call_end *end)
{
	char text[160];
	const char *said = reason_text(end);

	if (end->reason != SOTTO_CALL_FORGED && !end->by_them && *end->what) {
		snprintf(text, sizeof text, "calls need %s: install the package sotto-calls",
				end->what);
		said = fault_text(end->what);
		said = said ? said : text;
	}
	show_event(cli, "ended", said);
	return end->reason == SOTTO_CALL_ENDED ? 0 : answer(cli, CLI_NO_CALL, said);
}

/* Beside ourselves in a build tree, or where the package puts it. */
static const char *find_program(char *room, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", room, size - sizeof "sotto-media");
	char *slash;

	if (n <= 0)
		return "/usr/lib/sotto/sotto-media";
	room[n] = '\0';
	slash = strrchr(room, '/');
	memcpy(slash + 1, "sotto-media", sizeof "sotto-media");
	return access(room, X_OK) == 0 ? room : "/usr/lib/sotto/sotto-media";
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
	char room[4096];
	int rc;

	cli->call.on_call = on_call;
	cli->call.userdata = cli;
	cli->call.program = find_program(room, sizeof room);
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
