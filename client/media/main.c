/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sotto-media: the media of one call, for `sotto call` and `sotto answer`, which hold the keys. It
 * has none: what decodes a stranger's bytes is not where secrets are, and it has no network
 * (sandbox.h). One JSON object a line: commands on standard input, events on standard output
 * (docs/protocol.md, "Media"). Descriptor 3 takes the listening socket behind which the relay is.
 */
#include "client/media/engine.h"
#include "client/media/pipeline.h"
#include "client/media/sandbox.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WAY_FD = 3, LINE_MOST = 65536 };

struct media {
	GMainLoop *loop;
	struct engine *engine;
	int port;
	json_t *started; /* holds the options' texts */
};

static struct media media;

/* --- events ------------------------------------------------------------- */

static void tell(json_t *event) /* takes it */
{
	char *text = json_dumps(event, JSON_COMPACT);

	if (text)
		puts(text);
	fflush(stdout);
	free(text);
	json_decref(event);
}

static void on_local(const char *sdp)
{
	tell(json_pack("{s:s, s:s}", "event", "local", "sdp", sdp));
}

static void on_verified(void)
{
	tell(json_pack("{s:s}", "event", "verified"));
}

static void on_waiting(void)
{
	tell(json_pack("{s:s}", "event", "waiting"));
}

static void on_stats(const struct engine_stats *s)
{
	tell(json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "event", "stats",
			"received", (json_int_t)s->received, "lost", (json_int_t)s->lost, "sent",
			(json_int_t)s->sent, "frames", (json_int_t)s->frames, "jitter_ms",
			s->jitter_ms, "round_trip_ms", s->round_trip_ms, "delay_ms", s->delay_ms,
			"kbit_s", s->kbit_s));
}

static void on_ended(const char *why)
{
	tell(json_pack("{s:s, s:s}", "event", "ended", "why", why));
	g_main_loop_quit(media.loop);
}

/* --- commands ----------------------------------------------------------- */

static const char *text_or(const json_t *command, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(command, name));

	return text ? text : otherwise;
}

static void start(json_t *command)
{
	static const struct engine_events events = { on_local, on_verified, on_stats, on_waiting,
		on_ended };
	const struct engine_options options = {
		.offers = json_is_true(json_object_get(command, "offers")),
		.user = text_or(command, "user", ""),
		.password = text_or(command, "password", ""),
		.port = media.port,
		.audio_in = text_or(command, "audio_in", "auto"),
		.audio_out = text_or(command, "audio_out", "auto"),
		.video_in = text_or(command, "video_in", NULL),
		.video_out = text_or(command, "video_out", "none"),
	};

	if (media.engine)
		return;
	media.started = json_incref(command);
	media.engine = engine_new(&options, &events);
}

static void take(const char *line)
{
	json_t *command = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *what = text_or(command, "do", "");
	bool refused = !command;

	if (strcmp(what, "start") == 0)
		start(command);
	else if (strcmp(what, "end") == 0)
		g_main_loop_quit(media.loop);
	else if (media.engine && strcmp(what, "mute") == 0)
		engine_mute(media.engine, json_is_true(json_object_get(command, "on")));
	else if (media.engine && strcmp(what, "remote") == 0)
		refused = engine_remote(media.engine, text_or(command, "sdp", "")) != 0;
	if (refused)
		tell(json_pack("{s:s}", "event", "refused"));
	json_decref(command);
}

/* The end of standard input is the end of the call: who started us is gone. */
static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer userdata)
{
	static char line[LINE_MOST];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, line + used, sizeof line - 1 - used);
	char *end;

	(void)channel;
	(void)condition;
	(void)userdata;
	if (n <= 0) {
		g_main_loop_quit(media.loop);
		return G_SOURCE_REMOVE;
	}
	used += (size_t)n;
	line[used] = '\0';
	while ((end = memchr(line, '\n', used))) {
		*end = '\0';
		take(line);
		used -= (size_t)(end + 1 - line);
		memmove(line, end + 1, used + 1);
	}
	return G_SOURCE_CONTINUE;
}

int main(void)
{
	const struct rlimit none = { 0, 0 };
	const char *missing;
	GIOChannel *input;
	int rc = sandbox_enter(WAY_FD, &media.port);

	rc = rc ? rc : sandbox_narrow();
	setrlimit(RLIMIT_CORE, &none);
	unsetenv("G_MESSAGES_DEBUG"); /* libnice would print passwords */
	unsetenv("GST_DEBUG");
	if (rc == 0)
		gst_init(NULL, NULL);
	missing = rc ? "a sandbox, which this kernel does not allow" : pipeline_missing();
	if (missing) {
		tell(json_pack("{s:s, s:s, s:s}", "event", "ended", "why", "missing", "what",
				missing));
		return 1;
	}
	media.loop = g_main_loop_new(NULL, FALSE);
	input = g_io_channel_unix_new(STDIN_FILENO);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, NULL);
	g_io_channel_unref(input);
	tell(json_pack("{s:s}", "event", "ready"));
	g_main_loop_run(media.loop);
	engine_free(media.engine);
	json_decref(media.started);
	return 0;
}
