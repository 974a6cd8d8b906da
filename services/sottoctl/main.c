/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sottoctl: what the administrator types. A table of commands; usage is printed from it. */
#include "services/sottoctl/init.h"
#include "services/sottoctl/sottoctl.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#ifndef SOTTO_SQL_DIR
#define SOTTO_SQL_DIR "/usr/lib/sotto/sql"
#endif

/* OWN: options, read by the command itself. */
enum { OWN = -1 };

static const struct command {
	const char *name, *args;
	int least, most; /* arguments, none of them an option */
	const char *help;
	int (*run)(const struct context *context);
} commands[] = {
	{ "init", "", 0, 0, "make this machine a server, or repair it; as root, after installing",
			init_command },
	{ "cluster", "", 0, 0, "make roles and database; as PostgreSQL's superuser, once",
			cluster_command },
	{ "migrate", "", 0, 0, "apply migrations and functions; as sotto_owner, at every upgrade",
			migrate_command },
	{ "sweep", "", 0, 0,
			"delete what has expired, and commit times; as sotto_owner, from a timer",
			sweep_command },
	{ "keys", "DIR", 1, 1, "make the daemons' credentials below DIR, keeping those that exist",
			keys_command },
	{ "rotate", "DIR", 1, 1,
			"renew the keys of anonymous tokens below DIR; then restart the daemons",
			rotate_command },
	{ "invite", "[--uses N] [--days N]", OWN, OWN,
			"make an invite and print its link; as sotto_owner", invite_command },
	{ "policy", "[open|invite|closed]", 0, 1,
			"say or set who may register; as sotto_owner, holds at once",
			policy_command },
	{ "status", "[--json] [--keys DIR] [--run DIR] [--directory DIR]", OWN, OWN,
			"how the server is now; status 0: well, 3: look at it, 4: bad",
			status_command },
	{ "doctor",
			"[--json] [--local] [--keys DIR] [--run DIR] [--directory DIR] "
			"[--socks PATH]",
			OWN, OWN, "test every part, through Tor too; each finding with its remedy",
			doctor_command },
	{ "top",
			"[--since TIME] [--until TIME] [--step SPAN] [--once] [--json] "
			"[--directory DIR]\n\n"
			"TIME: -2h, today, 10:00, 2026-11-25 10:00; SPAN: 60s, 5min",
			OWN, OWN, "load, latency and refusals of the last hour, or another time",
			top_command },
	{ "backup",
			"[--blobs] [--recipient AGE | --passphrase-fd N] [--keys DIR] "
			"[--onions DIR] FILE|-",
			OWN, OWN, "keys, addresses, accounts, mailboxes: one encrypted file",
			backup_command },
	{ "restore",
			"[--as-backup] [--identity FILE | --passphrase-fd N] [--keys DIR] "
			"[--onions DIR] [--no-units] FILE|-",
			OWN, OWN, "a server out of such a file, or of a move's", restore_command },
	{ "move",
			"[--recipient AGE | --passphrase-fd N] [--keys DIR] [--onions DIR] "
			"[--no-units] --to FILE|-\n"
			"       sottoctl move --back [--never-received]",
			OWN, OWN, "the whole server to another host; this one is off for good",
			move_command },
};

static int usage(FILE *to)
{
	fprintf(to,
			"usage: sottoctl [--database CONNINFO] [--sql DIR] [--config FILE] "
			"COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to,
			"\nCONNINFO names host, port and user as libpq does; the database is "
			"always sotto.\n`sottoctl COMMAND --help` says what a command takes, "
			"sottoctl(8) everything.\n");
	return to == stdout ? 0 : 2;
}

static int run(const struct command *command, const struct context *context)
{
	const char *first = context->argc ? context->argv[0] : "";
	int rc;

	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
		printf("usage: sottoctl %s %s\n\n%s\n", command->name, command->args,
				command->help);
		return 0;
	}
	if (command->least != OWN &&
			(context->argc < command->least || context->argc > command->most ||
					*first == '-'))
		return usage_wrong(context);
	rc = command->run(context);
	return rc < 0 ? 1 : rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "database", required_argument, NULL, 'd' },
		{ "sql", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct context context = {
		.database = INIT_OWNER, .sql = SOTTO_SQL_DIR, .config = "/etc/sotto/sotto.conf"
	};
	int option;

	while ((option = getopt_long(argc, argv, "+d:s:c:h", options, NULL)) != -1) {
		if (option == 'd')
			context.database = optarg;
		else if (option == 's')
			context.sql = optarg;
		else if (option == 'c')
			context.config = optarg;
		else
			return usage(option == 'h' ? stdout : stderr);
	}
	if (optind == argc || sodium_init() < 0)
		return usage(stderr);
	context.argc = argc - optind - 1;
	context.argv = argv + optind + 1;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, argv[optind]) == 0) {
			context.args = commands[i].args;
			return run(&commands[i], &context);
		}
	return usage(stderr);
}
