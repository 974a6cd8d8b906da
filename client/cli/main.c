/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto: the reference client's command line. A table of commands; usage is printed from it. */
#include "client/cli/cli.h"

#include <getopt.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const struct command {
	const char *name, *args;
	int n_args, n_more; /* must be given, may be given besides */
	bool opens;	    /* wants an open profile */
	const char *help;
	int (*run)(struct cli *cli);
} commands[] = {
	{ "init", "[INVITE]", 0, 1, false, "make a profile and register where the invite says",
			init_command },
	{ "id", "", 0, 0, true, "your contact link, as text and QR code", id_command },
	{ "add", "NAME LINK", 2, 0, true, "add a person by contact link, or a picture of its code",
			add_command },
	{ "accept", "REQUEST NAME", 2, 0, true, "accept a request under a name of yours",
			accept_command },
	{ "requests", "", 0, 0, true, "strangers who have written", requests_command },
	{ "block", "NAME", 1, 0, true, "never hear of that person again", block_command },
	{ "unblock", "NAME", 1, 0, true, "hear of them again", unblock_command },
	{ "rename", "NAME NEW-NAME", 2, 0, true, "call somebody otherwise", rename_command },
	{ "end", "NAME", 1, 0, true, "forget a person, all that was said, and their mailbox",
			end_command },
	{ "contacts", "", 0, 0, true, "who is there", contacts_command },
	{ "verify", "NAME [SAID]", 1, VERIFY_WORDS, true,
			"the safety number to compare with that person", verify_command },
	{ "send", "NAME TEXT", 1, 1, true, "send a message, or a file with --file", send_command },
	{ "files", "", 0, 0, true, "files that came or are sent, and how far", files_command },
	{ "get", "FILE [PATH]", 1, 1, true, "fetch a file by its number, into a folder",
			get_command },
	{ "recv", "", 0, 0, true, "fetch what has come, send what waits", recv_command },
	{ "watch", "", 0, 0, true, "stay and show messages as they come", watch_command },
	{ "call", "NAME", 1, 0, true, "talk to a person; a line m mutes, h hangs up",
			call_command },
	{ "answer", "[NAME]", 0, 1, true, "answer who calls", answer_command },
	{ "decline", "[NAME]", 0, 1, true, "tell who calls that you will not answer",
			decline_command },
	{ "chat", "", 0, 0, false, "write and read, with the whole screen", chat_command },
	{ "log", "NAME", 1, 0, true, "the conversation with a person", log_command },
	{ "history", "[NAME]", 0, 1, true, "the same with times, states and gaps; --search WORDS",
			history_command },
	{ "edit", "NAME N TEXT", 3, 0, true, "change your message of number N: see history",
			edit_command },
	{ "delete", "NAME N", 2, 0, true, "take your message or file of number N back",
			delete_command },
	{ "timer", "NAME TIME|off", 2, 0, true, "messages disappear after 30s, 5m, 8h, 7d, 4w",
			timer_command },
	{ "receipts", "NAME on|off", 2, 0, true, "tell that person, later, what has come",
			receipts_command },
	{ "group", "[VERB ...]", 0, 3, true,
			"groups: new, invite, join, send, log, leave, remove, ...", group_command },
	{ "server", "[VERB ...]", 0, 2, true, "where you are registered: move INVITE, forget NAME",
			server_command },
	{ "unlock", "[MINUTES]", 0, 1, false, "ask for no passphrase until idle for so long",
			unlock_command },
	{ "lock", "", 0, 0, false, "ask for it again", lock_command },
	{ "doctor", "", 0, 0, true, "what is wrong with the profile, Tor, the server",
			doctor_command },
	{ "trace", "COMMAND", 1, 64, false, "run a command where only that port can be reached",
			trace_command },
	{ "passwd", "", 0, 0, false, "change the passphrase", passwd_command },
	{ "export", "[FILE]", 0, 1, true, "the profile into one encrypted file; see --daily",
			export_command },
	{ "import", "FILE", 1, 0, false, "a profile out of such a file", import_command },
	{ "panic", "", 0, 0, false, "destroy the profile, here and at its server", panic_command },
	{ "duress", "", 0, 0, false, "set a passphrase that opens a decoy and destroys the rest",
			duress_command },
};

static int usage(FILE *to)
{
	fprintf(to, "usage: sotto [options] COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-9s %-13s %s\n", commands[i].name, commands[i].args,
				commands[i].help);
	fprintf(to,
			"\n  --profile DIR         the profile (default: ~/.sotto)\n"
			"  --socks HOST:PORT     Tor's SOCKS port (default: 127.0.0.1:9050)\n"
			"  --server NAME.onion   init: a server where anybody may register\n"
			"  --file PATH           send: this file; again the same to go on\n"
			"  --search WORDS        history: only what has these words\n"
			"  --decoy               use the decoy, by the profile's own passphrase\n"
			"  --device              init, import: wants the desktop's keyring "
			"too\n"
			"  --daily               export: and again every day; without FILE no "
			"more\n"
			"  --passphrase-fd N     read the passphrase from this descriptor\n"
			"  --pacing fast         no random delays; for tests\n"
			"  --yes, --no           verify: you have compared it; take that back\n"
			"  --json                one JSON object a line\n"
			"\ncall and answer:\n"
			"  --video               send pictures from a camera\n"
			"  --audio-in WHAT       auto, silence, test:HZ, file:PATH.wav\n"
			"  --audio-out WHAT      auto, none, file:PATH.wav\n"
			"  --video-in WHAT       auto, test\n"
			"  --video-out WHAT      auto, none\n"
			"  --ring SECONDS        give up calling after so long (60 at most)\n");
	fprintf(to,
			"\nexamples:\n"
			"    sotto init INVITE                  register where that invite is "
			"from\n"
			"    sotto add bob bob.png              a person, by a picture of the "
			"link's QR "
			"code\n"
			"    sotto send bob 'at nine?'          and what has come: sotto recv\n"
			"    sotto send bob - <letter.txt       a text that no list of processes "
			"shows\n"
			"    sotto timer bob 1d                 messages of both disappear after a "
			"day\n"
			"    sotto --json watch | program       for a program, one object a "
			"line\n");
	return to == stdout ? 0 : 2;
}

int read_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text && !*end && n >= 0 && n <= INT_MAX ? (int)n : -1;
}

/* Nothing of this process may end up in a core file or be read by a debugger. */
static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
}

static void close_profile(struct cli *cli)
{
	panic_stops(NULL);
	sotto_close(STEAL(cli->sotto));
}

static int run(struct cli *cli, const struct command *command)
{
	char host[HOST_MOST], port[PORT_MOST];
	int rc;

	if (cli->argc < command->n_args || cli->argc > command->n_args + command->n_more)
		return usage(stderr);
	if (command->run == panic_command && sotto_destroy(cli->dir)) {
		/* Before anything else, which may fail; the command tells. */
	}
	panic_on_signal(cli);
	if (!read_socks(host, port, cli->socks))
		return tell(cli, 2, "--socks wants HOST:PORT");
	rc = command->opens ? open_profile(cli) : 0;
	rc = rc ? rc : command->run(cli);
	if (panic_is_asked())
		rc = panic_finish(cli);
	close_profile(cli);
	return rc ? 1 : 0;
}

int cli_run(struct cli *cli)
{
	const char *name = *cli->argv++;

	cli->argc--;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return run(cli, &commands[i]);
	return usage(stderr);
}

static int read_call_option(struct sotto_call_options *call, int option)
{
	if (option == 'v')
		call->video_in = call->video_in ? call->video_in : "auto";
	else if (option == 'I')
		call->audio_in = optarg;
	else if (option == 'O')
		call->audio_out = optarg;
	else if (option == 'V')
		call->video_in = optarg;
	else if (option == 'W')
		call->video_out = optarg;
	else if (option == 'r')
		call->ring_s = read_number(optarg);
	else
		return -1;
	return call->ring_s > 0 && call->ring_s <= SOTTO_RING_S ? 0 : -1;
}

static int read_options(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "socks", required_argument, NULL, 's' },
		{ "server", required_argument, NULL, 'o' },
		{ "file", required_argument, NULL, 'F' },
		{ "search", required_argument, NULL, 'S' },
		{ "decoy", no_argument, NULL, 'd' },
		{ "daily", no_argument, NULL, 'D' },
		{ "device", no_argument, NULL, 'E' },
		{ "passphrase-fd", required_argument, NULL, 'f' },
		{ "pacing", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "yes", no_argument, NULL, 'y' },
		{ "no", no_argument, NULL, 'n' },
		{ "video", no_argument, NULL, 'v' },
		{ "audio-in", required_argument, NULL, 'I' },
		{ "audio-out", required_argument, NULL, 'O' },
		{ "video-in", required_argument, NULL, 'V' },
		{ "video-out", required_argument, NULL, 'W' },
		{ "ring", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'p')
			cli->dir = optarg;
		else if (option == 's')
			cli->socks = optarg;
		else if (option == 'o')
			cli->server = optarg;
		else if (option == 'F')
			cli->file = optarg;
		else if (option == 'S')
			cli->search = optarg;
		else if (option == 'd')
			cli->decoy = true;
		else if (option == 'D')
			cli->daily = true;
		else if (option == 'E')
			cli->device = true;
		else if (option == 'f')
			cli->passphrase_fd = read_number(optarg);
		else if (option == 'a')
			cli->fast = strcmp(optarg, "fast") == 0;
		else if (option == 'j')
			cli->json = true;
		else if (option == 'y')
			cli->yes = true;
		else if (option == 'n')
			cli->no = true;
		else if (read_call_option(&cli->call, option))
			return usage(option == 'h' ? stdout : stderr);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct cli cli = { .socks = "127.0.0.1:9050",
		.passphrase_fd = -1,
		.call = { .size = sizeof(struct sotto_call_options),
				.ring_s = SOTTO_RING_S,
				.audio_in = "auto",
				.audio_out = "auto" } };
	char home[4096];
	int rc;

	harden();
	snprintf(home, sizeof home, "%s/.sotto", getenv("HOME") ? getenv("HOME") : ".");
	cli.dir = home;
	rc = read_options(&cli, argc, argv);
	if (rc >= 0)
		return rc;
	if (optind == argc || sodium_init() < 0)
		return usage(stderr);
	cli.argc = argc - optind;
	cli.argv = argv + optind;
	return cli_run(&cli);
}
