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

static const struct command {
	const char *name, *args, *help;
	int (*run)(const struct context *context);
} commands[] = {
	{ "init", "", "make this machine a server, or repair it; as root, after installing",
			init_command },
	{ "cluster", "", "make roles and database; as PostgreSQL's superuser, once",
			cluster_command },
	{ "migrate", "", "apply migrations and functions; as sotto_owner, at every upgrade",
			migrate_command },
	{ "sweep", "", "delete what has expired, and commit times; as sotto_owner, from a timer",
			sweep_command },
	{ "keys", "DIR", "make the daemons' credentials below DIR, keeping those that exist",
			keys_command },
	{ "rotate", "DIR", "renew the keys of anonymous tokens below DIR; then restart the daemons",
			rotate_command },
	{ "invite", "[--uses N] [--days N]", "make an invite and print its link; as sotto_owner",
			invite_command },
	{ "policy", "[open|invite|closed]",
			"say or set who may register; as sotto_owner, holds at once",
			policy_command },
	{ "status", "[--json]", "how the server is now; status 0: well, 3: look at it, 4: bad",
			status_command },
	{ "doctor", "[--json] [--local]",
			"test every part, through Tor too; each finding with its remedy",
			doctor_command },
	{ "backup", "[--blobs] FILE|-", "keys, addresses, accounts, mailboxes: one encrypted file",
			backup_command },
	{ "restore", "FILE|-", "a server out of such a file, or of a move's", restore_command },
	{ "move", "--to FILE|-", "the whole server to another host; this one is off for good",
			move_command },
	{ "top", "", "load, latency and refusals of the last hour, or of --since and --until",
			top_command },
};

static int usage(FILE *to)
{
	fprintf(to,
			"usage: sottoctl [--database CONNINFO] [--sql DIR] [--config FILE] "
			"COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %-21s %s\n", commands[i].name, commands[i].args,
				commands[i].help);
	fprintf(to,
			"\nCONNINFO names host, port and user as libpq does; the database is "
			"always sotto.\n");
	return to == stdout ? 0 : 2;
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
	int option, rc;

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
			rc = commands[i].run(&context);
			return rc < 0 ? 1 : rc;
		}
	return usage(stderr);
}
