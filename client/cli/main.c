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

const struct command commands[] = {
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
	{ "forget", "FILE", 1, 0, true, "forget a file by its number, and its line in the history",
			forget_command },
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
	{ "group", "[VERB ...]", 0, 4, true,
			"groups: new, invite, join, send, log, edit, delete, ...", group_command },
	{ "server", "[VERB ...]", 0, 3, true, "where you live: add, main, use, leave, move, forget",
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
	{ "help", "[COMMAND]", 0, 1, false, "what a command does; or errors: what can go wrong",
			help_command },
	{ NULL, NULL, 0, 0, false, NULL, NULL },
};

int read_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text && !*end && n >= 0 && n <= INT_MAX ? (int)n : -1;
}

/* Nothing of this process may end up in a core file or in swap, or be read by a debugger. */
static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
	memory_lock();
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

	if (cli->help)
		return help_page(cli, command);
	if (cli->argc < command->n_args || cli->argc > command->n_args + command->n_more)
		return help_wrong(cli, command);
	if (command->run == panic_command && sotto_destroy(cli->dir)) {
		/* Before anything else, which may fail; the command tells. */
	}
	rc = command->run == trace_command || command->run == panic_command
			? 0
			: options_suit(cli, command->name);
	if (rc)
		return rc;
	panic_on_signal(cli);
	if (!read_socks(host, port, cli->socks))
		return tell(cli, SOTTO_E_ARGUMENT, "--socks wants HOST:PORT");
	rc = command->opens ? open_profile(cli) : 0;
	rc = rc ? rc : command->run(cli);
	if (panic_is_asked())
		rc = panic_finish(cli);
	close_profile(cli);
	return rc;
}

int cli_run(struct cli *cli)
{
	const struct command *command = commands;
	const char *name = *cli->argv++;

	cli->argc--;
	while (command->name && strcmp(command->name, name) != 0)
		command++;
	return tell_finish(cli, command->name ? run(cli, command) : help_unknown(cli, name));
}

int main(int argc, char **argv)
{
	struct cli cli = { .socks = "127.0.0.1:9050",
		.passphrase_fd = -1,
		.lock_after_min = IDLE_MIN,
		.call = { .size = sizeof(struct sotto_call_options),
				.ring_s = SOTTO_RING_S,
				.audio_in = "auto",
				.audio_out = "auto" } };
	struct failure failure = { "", "" };
	char home[4096];
	int rc;

	harden();
	snprintf(home, sizeof home, "%s/.sotto", getenv("HOME") ? getenv("HOME") : ".");
	cli.dir = home;
	cli.failure = &failure;
	rc = options_read(&cli, argc, argv);
	if (rc)
		return tell_finish(&cli, rc);
	if (cli.version) {
		if (cli.json)
			show_event(&cli, "version", sotto_version());
		else
			printf("sotto %s\n", sotto_version());
		return 0;
	}
	if (optind == argc && cli.help) {
		help_all(&cli, stdout);
		return 0;
	}
	if (optind == argc) {
		if (!cli.json)
			help_all(&cli, stderr);
		return tell_finish(&cli, answer(&cli, SOTTO_E_ARGUMENT, "a command is missing"));
	}
	if (sodium_init() < 0)
		return tell_finish(&cli, SOTTO_E_CRYPTO);
	cli.argc = argc - optind;
	cli.argv = argv + optind;
	return cli_run(&cli);
}
