/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/cli/call_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *call_news_text(enum sotto_call_news news)
{
	static const char *const names[] = {
		[SOTTO_CALL_RINGS] = "calling",
		[SOTTO_CALL_CONNECTS] = "connecting",
		[SOTTO_CALL_TALKS] = "talking",
		[SOTTO_CALL_WAITS] = "nothing is heard",
		[SOTTO_CALL_SEEKS] = "the way is lost, looking for another",
		[SOTTO_CALL_OVER] = "over",
	};

	return names[news];
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

void call_end_text(char out[static CALL_TEXT], const struct sotto_call_end *end)
{
	const bool ours = end->reason != SOTTO_CALL_FORGED && !end->by_them && *end->what;
	const char *said = ours ? fault_text(end->what) : reason_text(end);

	if (said)
		snprintf(out, CALL_TEXT, "%s", said);
	else
		snprintf(out, CALL_TEXT, "calls need %s: install the package sotto-calls",
				end->what);
}

const char *call_program(char room[static CALL_PROGRAM])
{
	ssize_t n = readlink("/proc/self/exe", room, CALL_PROGRAM - sizeof "sotto-media");
	char *slash;

	if (n <= 0)
		return "/usr/lib/sotto/sotto-media";
	room[n] = '\0';
	slash = strrchr(room, '/');
	memcpy(slash + 1, "sotto-media", sizeof "sotto-media");
	return access(room, X_OK) == 0 ? room : "/usr/lib/sotto/sotto-media";
}
