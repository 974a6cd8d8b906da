/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* All options, in one table: what is read, which commands take it, what help says. */
#include "client/cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

const struct option_row option_rows[] = {
	{ 'p', "profile", "DIR", NULL, "the profile (default: ~/.sotto)" },
	{ 's', "socks", "HOST:PORT", NULL, "Tor's SOCKS port (default: 127.0.0.1:9050)" },
	{ 'f', "passphrase-fd", "N", NULL, "read the passphrase from this descriptor" },
	{ 'd', "decoy", NULL, NULL, "use the decoy, by the profile's own passphrase" },
	{ 'a', "pacing", "fast", NULL, "no random delays; for tests" },
	{ 'j', "json", NULL, NULL, "one JSON object a line, errors too" },
	{ 'h', "help", NULL, NULL, "this list, or what a command does" },
	{ 'V', "version", NULL, NULL, "the version" },
	{ 'o', "server", "NAME.onion", "init, id, add",
			"one where anybody may register; one of yours" },
	{ 'E', "device", NULL, "init, import", "it wants the desktop's keyring too" },
	{ 'F', "file", "PATH", "send, group", "this file; again the same to go on" },
	{ 'S', "search", "WORDS", "history, group", "only what has these words" },
	{ 'N', "now", NULL, "recv", "leave no gaps between mailboxes: see man sotto" },
	{ 'D', "daily", NULL, "export", "and again every day; without FILE no more" },
	{ 'y', "yes", NULL, "verify, add", "you have compared it" },
	{ 'n', "no", NULL, "verify", "you have not: take that back" },
	{ 'v', "video", NULL, "call, answer, chat", "send pictures from a camera" },
	{ 'I', "audio-in", "WHAT", "call, answer, chat", "auto, silence, test:HZ, file:PATH.wav" },
	{ 'O', "audio-out", "WHAT", "call, answer, chat", "auto, none, file:PATH.wav" },
	{ 'P', "video-in", "WHAT", "call, answer, chat", "auto, test" },
	{ 'W', "video-out", "WHAT", "call, answer, chat", "auto, none" },
	{ 'l', "lock-after", "MINUTES", "chat",
			"ask for the passphrase after so long without a key (15); 0: never" },
	{ 'r', "ring", "SECONDS", "call, answer, chat",
			"give up calling after so long (60 at most)" },
	{ 0, NULL, NULL, NULL, NULL },
};

enum { ROWS = ARRAY_LEN(option_rows) - 1 };

_Static_assert(ROWS <= 64, "a bit each, in cli->given");

bool option_is_of(const struct option_row *row, const char *command)
{
	const size_t len = strlen(command);

	for (const char *at = row->takers; at && (at = strstr(at, command)); at += len)
		if ((at == row->takers || at[-1] == ' ') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static bool set_call(struct sotto_call_options *call, char letter, const char *value)
{
	switch (letter) {
	case 'v':
		call->video_in = call->video_in ? call->video_in : "auto";
		return true;
	case 'I':
		call->audio_in = value;
		return true;
	case 'O':
		call->audio_out = value;
		return true;
	case 'P':
		call->video_in = value;
		return true;
	case 'W':
		call->video_out = value;
		return true;
	case 'r':
		call->ring_s = read_number(value);
		return call->ring_s > 0 && call->ring_s <= SOTTO_RING_S;
	}
	return false;
}

/* False: not with that value. */
static bool set(struct cli *cli, char letter, const char *value)
{
	const struct {
		char letter;
		bool *flag;
	} flags[] = { { 'd', &cli->decoy }, { 'j', &cli->json }, { 'h', &cli->help },
		{ 'V', &cli->version }, { 'E', &cli->device }, { 'D', &cli->daily },
		{ 'y', &cli->yes }, { 'n', &cli->no }, { 'N', &cli->now } };
	const struct {
		char letter;
		const char **text;
	} texts[] = { { 'p', &cli->dir }, { 's', &cli->socks }, { 'o', &cli->server },
		{ 'F', &cli->file }, { 'S', &cli->search } };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].letter == letter) {
			*flags[i].flag = true;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].letter == letter) {
			*texts[i].text = value;
			return true;
		}
	if (letter == 'f') {
		cli->passphrase_fd = read_number(value);
		return cli->passphrase_fd >= 0;
	}
	if (letter == 'l') {
		cli->lock_after_min = read_number(value);
		return cli->lock_after_min >= 0 && cli->lock_after_min <= IDLE_MIN_MOST;
	}
	if (letter == 'a') {
		cli->fast = true;
		return strcmp(value, "fast") == 0;
	}
	return set_call(&cli->call, letter, value);
}

/* What is wrong is to be told as the whole line wants it. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int tell_unknown(const struct cli *cli, int option, const char *word)
{
	const struct option_row *row = option_rows;
	char text[300];

	if (option == ':')
		snprintf(text, sizeof text, "%.80s wants a value", word);
	else
		snprintf(text, sizeof text,
				"there is no option %.80s; a text that begins with - stands after "
				"--",
				word);
	tell(cli, SOTTO_E_ARGUMENT, text);
	while (row->name && !is_near(word + strspn(word, "-"), row->name))
		row++;
	if (option == ':' || !row->name)
		return SOTTO_E_ARGUMENT;
	snprintf(text, sizeof text, "near it: --%s", row->name);
	return tell(cli, SOTTO_E_ARGUMENT, text);
}

int options_read(struct cli *cli, int argc, char **argv)
{
	struct option options[ROWS + 1] = { { NULL, 0, NULL, 0 } };
	char text[200];
	int option, i;

	for (i = 0; i < ROWS; i++)
		options[i] = (struct option){ option_rows[i].name, option_rows[i].value != NULL,
			NULL, option_rows[i].letter };
	cli->json = wants_json(argc, argv);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		for (i = 0; i < ROWS && option_rows[i].letter != option; i++)
			;
		if (i == ROWS)
			return tell_unknown(cli, option, argv[optind - 1]);
		cli->given |= UINT64_C(1) << i;
		if (set(cli, (char)option, optarg))
			continue;
		snprintf(text, sizeof text, "--%s takes no %.80s: %s", option_rows[i].name, optarg,
				option_rows[i].help);
		return tell(cli, SOTTO_E_ARGUMENT, text);
	}
	return 0;
}

int options_suit(const struct cli *cli, const char *command)
{
	char text[120];

	for (int i = 0; i < ROWS; i++)
		if (cli->given >> i & 1 && option_rows[i].takers &&
				!option_is_of(&option_rows[i], command)) {
			snprintf(text, sizeof text, "%s takes no --%s: it is for %s", command,
					option_rows[i].name, option_rows[i].takers);
			return tell(cli, SOTTO_E_ARGUMENT, text);
		}
	return 0;
}
