/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* call, answer, decline; and who rings, for `watch`. */
#include "client/cli/cli.h"

#include "libshared/error.h"

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

static int show_call(struct cli *cli, const struct call_heard *h, enum calls_news news)
{
	const bool rings = news == CALLS_RINGS;
	struct contact c;

	if (contact_by_id(&c, cli->profile, h->contact))
		return 0; /* ended meanwhile */
	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:b}", "event", rings ? "call" : "missed call",
				"contact", c.name, "video", h->signal.video));
	else
		show_event(cli, rings ? "call" : "missed call", c.name);
	return 0;
}

/* While there is a call it is for that one to say that we are busy. */
int show_calls(struct cli *cli)
{
	struct call_heard h;
	enum calls_news news;
	int rc = calls_is_locked(cli->profile) ? CALLS_NONE : 0;

	while (rc == 0) {
		rc = calls_tell(&h, &news, cli->profile);
		rc = rc ? rc : show_call(cli, &h, news);
	}
	return rc == CALLS_NONE ? 0 : rc;
}

/* --- the call ----------------------------------------------------------- */

static void show_measures(const struct cli *cli, const json_t *stats)
{
	json_t *copy;

	if (cli->json) {
		copy = json_copy((json_t *)stats);
		show_json(copy);
		return;
	}
	fprintf(stderr,
			"%sdelay %.0f ms, jitter %.0f ms, %lld packets, %lld lost, %.0f "
			"kbit/s%s",
			isatty(STDERR_FILENO) ? "\r\033[K" : "",
			json_number_value(json_object_get(stats, "delay_ms")),
			json_number_value(json_object_get(stats, "jitter_ms")),
			(long long)json_integer_value(json_object_get(stats, "received")),
			(long long)json_integer_value(json_object_get(stats, "lost")),
			json_number_value(json_object_get(stats, "kbit_s")),
			isatty(STDERR_FILENO) ? "" : "\n");
}

static void on_news(void *userdata, enum call_news news, const json_t *detail)
{
	static const char *const names[] = {
		[CALL_CALLS] = "calling",
		[CALL_CONNECTS] = "connecting",
		[CALL_TALKS] = "talking",
		[CALL_WAITS] = "nothing is heard",
		[CALL_SEEKS] = "the way is lost, looking for another",
		[CALL_OVER] = "over",
	};

	if (news == CALL_MEASURES)
		show_measures(userdata, detail);
	else
		show_event(userdata, names[news], NULL);
}

/* Lines that a person types. No more input is no wish to hang up. */
static void listen_to_person(struct cli *cli, struct call *call, bool *muted)
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
		call_mute(call, *muted);
		show_event(cli, *muted ? "muted" : "not muted", NULL);
	}
}

static const char *reason_text(const struct call_end *end)
{
	switch (end->reason) {
	case CALL_ENDED:
		return end->by_them ? "they hung up" : "you hung up";
	case CALL_DECLINED:
		return "they declined";
	case CALL_BUSY:
		return "they are in another call";
	case CALL_UNABLE:
		return "their media do not work: is the package sotto-calls installed there?";
	case CALL_FORGED:
		return "the certificate at the other end is not the one that was named: somebody "
		       "sits in between, perhaps at the relay. Nothing was heard or sent";
	case CALL_GIVEN_UP:
		return end->by_them ? "they gave up" : "no answer";
	case CALL_LOST:
		return "the way was lost, and no other found in time";
	case CALL_REASONS:
		break;
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
	if (strcmp(what, "lost") == 0)
		return "the way was lost";
	return NULL;
}

/* 0 for a call that was one. */
static int show_end(struct cli *cli, const struct call_end *end)
{
	char text[160];
	const char *fault;

	if (end->reason != CALL_FORGED && !end->by_them && *end->what) {
		fault = fault_text(end->what);
		snprintf(text, sizeof text, "calls need %s: install the package sotto-calls",
				end->what);
		show_event(cli, "ended", fault ? fault : text);
	} else {
		show_event(cli, "ended", reason_text(end));
	}
	return end->reason == CALL_ENDED ? 0 : SYNC_REFUSED;
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
	if (rc == CALL_TAKEN)
		return tell(cli, rc, "you are in a call");
	if (rc == CALL_NO_MEDIA)
		return tell(cli, rc, "calls need the package sotto-calls");
	if (rc == CALL_NO_CONTACT)
		return tell(cli, rc, "there is no accepted contact of that name");
	return tell_sync(cli, rc);
}

static int talk(struct cli *cli, struct call *call)
{
	struct call_end end = { .by_them = false };
	bool muted = false;
	int rc = 0;

	while (rc == 0 && !call_is_over(call, &end)) {
		if (stop_calling || panic_is_asked())
			call_hang_up(call);
		rc = call_turn(call, 100);
		listen_to_person(cli, call, &muted);
	}
	if (rc)
		return tell_call(cli, rc);
	return show_end(cli, &end);
}

/* One of the words, or what begins with one that ends in ":". */
static bool is_one_of(const char *what, const char *const words[])
{
	for (; *words; words++) {
		size_t len = strlen(*words);

		if (strncmp(what, *words, len) == 0 &&
				((*words)[len - 1] == ':') == (what[len] != '\0'))
			return true;
	}
	return false;
}

static int check_options(struct cli *cli)
{
	static const char *const sources[] = { "auto", "silence", "test:", "file:", NULL };
	static const char *const sinks[] = { "auto", "none", "file:", NULL };
	static const char *const cameras[] = { "auto", "test", NULL };
	static const char *const screens[] = { "auto", "none", NULL };
	const struct call_options *o = &cli->call;

	return is_one_of(o->audio_in, sources) && is_one_of(o->audio_out, sinks) &&
					(!o->video_in || is_one_of(o->video_in, cameras)) &&
					(!o->video_out || is_one_of(o->video_out, screens))
			? 0
			: tell(cli, E_CONFIG,
					  "no such source or sink: sotto --help says which there "
					  "are");
}

static int run(struct cli *cli, int64_t contact, const struct call_heard *ringing)
{
	CLEANUP(call_close) struct call *call = NULL;
	char room[4096];
	int rc = check_options(cli);

	if (rc)
		return rc;
	cli->call.on_news = on_news;
	cli->call.userdata = cli;
	cli->call.program = find_program(room, sizeof room);
	cli->net.work_bits_most = WORK_BITS_UNASKED;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = call_open(&call, &cli->net, cli->profile, &cli->call);
	rc = rc ? rc : call_begin(call, contact, ringing);
	return rc ? tell_call(cli, rc) : talk(cli, call);
}

/* Somebody who is calling us just now is answered. */
int call_command(struct cli *cli)
{
	struct contact c;
	struct call_heard h;
	int rc = contact_by_name(&c, cli->profile, cli->argv[0]);

	if (rc)
		return tell_call(cli, rc > 0 ? CALL_NO_CONTACT : rc);
	rc = calls_ringing(&h, cli->profile, c.id);
	if (rc < 0)
		return tell_call(cli, rc);
	return run(cli, c.id, rc == 0 ? &h : NULL);
}

static int find_ringing(struct cli *cli, struct call_heard *out)
{
	struct contact c = { .id = 0 };
	int rc = cli->argc ? contact_by_name(&c, cli->profile, cli->argv[0]) : 0;

	if (rc)
		return tell_call(cli, rc > 0 ? CALL_NO_CONTACT : rc);
	rc = calls_ringing(out, cli->profile, c.id);
	return rc ? tell(cli, rc, "nobody is calling") : 0;
}

int answer_command(struct cli *cli)
{
	struct call_heard h = { .id = 0 };
	int rc = find_ringing(cli, &h);

	return rc ? rc : run(cli, h.contact, &h);
}

int decline_command(struct cli *cli)
{
	struct call_heard h = { .id = 0 };
	int rc = find_ringing(cli, &h);

	rc = rc ? rc : calls_settle(cli->profile, h.contact, h.signal.call);
	if (rc)
		return rc;
	rc = call_refuse(&cli->net, cli->profile, &h, CALL_DECLINED);
	if (rc == 0)
		show_event(cli, "declined", NULL);
	return tell_sync(cli, rc);
}
