/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An archive holds a head, files, and tables, each list ended by an empty name. */
#include "services/sottoctl/snapshot.h"

#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#ifndef SOTTO_VERSION
#define SOTTO_VERSION "sotto 0.1.0"
#endif

static int take(struct snapshot *s, int option)
{
	switch (option) {
	case 'b':
		s->blobs = true;
		break;
	case 'r':
		s->lock.recipient = optarg;
		break;
	case 'i':
		s->lock.identity = optarg;
		break;
	case 'a':
		s->as_backup = true;
		break;
	case 't':
		s->path = optarg;
		break;
	case 'B':
		s->back = true;
		break;
	case 'n':
		s->never_received = true;
		break;
	case 'p':
		s->lock.passphrase_fd = (int)strtol(optarg, NULL, 10);
		break;
	case 'k':
		s->places.keys = optarg;
		break;
	case 'o':
		s->places.onions = optarg;
		break;
	case 'u':
		s->no_units = true;
		break;
	default:
		return usage_wrong(s->context);
	}
	return 0;
}

int snapshot_options(struct snapshot *s, const struct context *context, const char *letters)
{
	static const struct option options[] = {
		{ "blobs", no_argument, NULL, 'b' },
		{ "recipient", required_argument, NULL, 'r' },
		{ "identity", required_argument, NULL, 'i' },
		{ "as-backup", no_argument, NULL, 'a' },
		{ "to", required_argument, NULL, 't' },
		{ "back", no_argument, NULL, 'B' },
		{ "never-received", no_argument, NULL, 'n' },
		{ "passphrase-fd", required_argument, NULL, 'p' },
		{ "keys", required_argument, NULL, 'k' },
		{ "onions", required_argument, NULL, 'o' },
		{ "no-units", no_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*s = (struct snapshot){ .context = context,
		.command = context->argv[-1],
		.lock = { .passphrase_fd = -1 },
		.places = { context->config, "/etc/sotto/keys", "/var/lib/tor-instances/sotto" } };
	s->began_ms = progress_now_ms();
	optind = 0;
	while ((option = getopt_long(context->argc + 1, context->argv - 1, "", options, NULL)) !=
			-1)
		if (option == '?' || !strchr(letters, option) || take(s, option))
			return usage_wrong(s->context);
	if (!s->path && optind == context->argc)
		s->path = context->argv[optind++ - 1];
	return optind == context->argc + 1 && (s->path != NULL) != s->back
			? 0
			: usage_wrong(s->context);
}

/* --- output -------------------------------------------------------------- */

int snapshot_output(const struct snapshot *s, int *out_fd)
{
	if (strcmp(s->path, "-") == 0) {
		if (isatty(STDOUT_FILENO)) {
			fprintf(stderr,
					"sottoctl: standard output is a terminal: name a file, or "
					"a pipe\n");
			return E_CONFIG;
		}
		*out_fd = dup(STDOUT_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO); /* of the programs that are run */
	} else {
		*out_fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (*out_fd >= 0)
		return 0;
	fprintf(stderr, "sottoctl: %s: %s%s\n", s->path, strerror(errno),
			errno == EEXIST ? ": nothing is overwritten, name another" : "");
	return E_IO;
}

void snapshot_drop(const struct snapshot *s)
{
	if (strcmp(s->path, "-") != 0)
		unlink(s->path);
}

int snapshot_schema(const struct context *context, uint32_t *out)
{
	CLEANUP(sql_names_free) char **names = NULL;
	char dir[4096];
	int rc;

	snprintf(dir, sizeof dir, "%s/migrations", context->sql);
	rc = sql_list(&names, dir);
	*out = 0;
	for (char **n = names; rc == 0 && *n; n++)
		*out = (uint32_t)strtoul(*n, NULL, 10);
	return rc;
}

static int write_head(struct archive *to, const struct snapshot *s, bool complete)
{
	uint8_t ticket[TICKET_BYTES];
	uint32_t schema = 0;
	int rc = snapshot_schema(s->context, &schema);

	randombytes_buf(ticket, sizeof ticket);
	rc = rc ? rc : archive_write_u32(to, complete);
	rc = rc ? rc : archive_write_u32(to, schema);
	rc = rc ? rc : archive_write(to, ticket, sizeof ticket);
	return rc ? rc : archive_write_text(to, SOTTO_VERSION);
}

int snapshot_write(struct archive *to, struct snapshot *s, enum extent extent)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	int rc = sql_connect(&conn, s->context->database, "sotto");

	rc = rc ? rc
		: sql_run(conn, "snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
	rc = rc ? rc : write_head(to, s, extent == EXTENT_ALL);
	rc = rc ? rc : files_write(to, &s->places, extent == EXTENT_ALL);
	return rc ? rc : tables_write(to, conn, extent, &s->progress);
}

/* --- input --------------------------------------------------------------- */

int snapshot_read_head(struct snapshot_head *out, struct archive *from)
{
	uint32_t complete = 0;
	int rc = archive_read_u32(from, &complete);

	rc = rc ? rc : archive_read_u32(from, &out->schema);
	rc = rc ? rc : archive_read(from, out->ticket, sizeof out->ticket);
	rc = rc ? rc : archive_read_text(from, out->made_by, sizeof out->made_by);
	out->complete = complete == 1;
	return rc || complete <= 1 ? rc : TROUBLE_NEWER;
}
