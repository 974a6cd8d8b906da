/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A server out of one file. Files wait in memory and rows in a transaction until the end of the
 * file has been authenticated; then the transaction commits and folders change place. Whatever goes
 * wrong before, all is as it was; afterwards it may be run again. Of a backup, which is old,
 * nothing is taken that could be handed out or spent twice; a move is taken whole, once.
 */
#include "libshared/error.h"
#include "services/sottoctl/hold.h"
#include "services/sottoctl/init.h"
#include "services/sottoctl/run.h"
#include "services/sottoctl/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct restore {
	struct snapshot *s;
	struct archive *from;
	struct snapshot_head head;
	struct files *files;
	bool old;      /* not the present state: a backup, or a move taken as one */
	bool was_up;   /* the units ran before */
	bool is_done;  /* from here on there is no way back, only again */
	enum hold was; /* held before */
};

static int tell(const char *what, const char *remedy)
{
	fprintf(stderr, "sottoctl: restore: %s\n  do: %s\n", what, remedy);
	return E_CONFIG;
}

/* --- moves that were received ------------------------------------------- */

static void tickets_path(char out[static 4096], const struct restore *r)
{
	const char *config = r->s->places.config, *slash = strrchr(config, '/');

	snprintf(out, 4096, "%.*smoves-received", slash ? (int)(slash - config + 1) : 0, config);
}

static void ticket_text(char out[static 2 * TICKET_BYTES + 1], const struct restore *r)
{
	sodium_bin2hex(out, 2 * TICKET_BYTES + 1, r->head.ticket, sizeof r->head.ticket);
}

static bool ticket_is_used(const struct restore *r)
{
	CLEANUP(scope_free) char *known = NULL;
	char path[4096], ticket[2 * TICKET_BYTES + 1];

	tickets_path(path, r);
	ticket_text(ticket, r);
	return file_read(&known, path) == 0 && strstr(known, ticket);
}

static int ticket_keep(const struct restore *r)
{
	CLEANUP(scope_free) char *known = NULL;
	CLEANUP(scope_free) char *all = NULL;
	char path[4096], ticket[2 * TICKET_BYTES + 1];
	bool changed = false;

	tickets_path(path, r);
	ticket_text(ticket, r);
	if (file_read(&known, path))
		known = strdup("");
	if (!known || asprintf(&all, "%s%s\n", known, ticket) < 0)
		return E_NOMEM;
	return file_place(path, all, 0644, &changed);
}

/* --- before anything changes --------------------------------------------- */

static int read_start(struct restore *r)
{
	uint32_t schema = 0;
	int rc = snapshot_read_head(&r->head, r->from);

	rc = rc ? rc : snapshot_schema(r->s->context, &schema);
	if (rc == 0 && r->head.schema > schema) {
		fprintf(stderr,
				"sottoctl: restore: the file is of %s, schema %u; this is schema "
				"%u\n",
				r->head.made_by, r->head.schema, schema);
		return TROUBLE_NEWER;
	}
	r->old = !r->head.complete || r->s->as_backup;
	if (rc == 0 && !r->old && ticket_is_used(r))
		return TROUBLE_USED;
	return rc ? rc : files_read(r->files, r->from);
}

/* Of a move that is taken as a backup: the issuing keys are not. */
static void forget_token_keys(struct files *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		const char *last = strrchr(f->list[i].name, '/');

		if (last && strcmp(last, "/token-keys") == 0)
			sodium_free(f->list[i].b);
		else
			f->list[kept++] = f->list[i];
	}
	f->n = kept;
}

static int check_place(struct restore *r)
{
	r->was = r->s->no_units ? HOLD_NOT : hold_read(r->s->places.config);
	if (r->was == HOLD_MOVING || (r->was == HOLD_MOVED && r->old))
		return tell("this server was moved to another host, which has its addresses now",
				"restore there; or, if that host is gone for good, sottoctl move "
				"--back --never-received, then restore");
	if (!r->s->no_units && geteuid() != 0)
		return tell("must be run by root", "become root");
	return 0;
}

/* --- the change ---------------------------------------------------------- */

static int stop_server(struct restore *r)
{
	int rc = hold_set(r->s->places.config, HOLD_RESTORING);

	rc = rc ? rc : units_stop(&r->was_up);
	return rc ? rc : init_database(r->s->context);
}

/* All tables, and the end of the file. */
static int load(struct restore *r, PGconn *conn)
{
	char name[32];
	int rc;

	while ((rc = archive_read_text(r->from, name, sizeof name)) == 0 && *name) {
		rc = table_read(r->from, conn, name, &r->s->progress);
		if (rc)
			return rc;
	}
	return rc ? rc : archive_end(r->from);
}

static int change(struct restore *r)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	int rc = sql_connect(&conn, r->s->context->database, "sotto");

	rc = rc ? rc : sql_run(conn, "begin", "BEGIN");
	rc = rc ? rc : tables_empty(conn);
	rc = rc ? rc : load(r, conn);
	rc = rc ? rc : tables_finish(conn, r->old);
	rc = rc ? rc : files_stage(r->files, &r->s->places);
	rc = rc ? rc : progress_step(&r->s->progress, "commit", archive_bytes(r->from));
	if (rc)
		return rc;
	r->is_done = true; /* whether the commit came about may stay unknown */
	rc = sql_run(conn, "commit", "COMMIT");
	rc = rc ? rc : files_place(r->files, &r->s->places);
	if (rc == 0 && r->old)
		rc = rotate_below(r->s->places.keys);
	return rc || r->old ? rc : ticket_keep(r);
}

/* Nothing was changed: it goes on as it was. */
static void go_back(const struct restore *r)
{
	files_unstage(r->files, &r->s->places);
	if (r->s->no_units)
		return;
	if (hold_set(r->s->places.config, r->was) == 0 && r->was_up && units_start())
		fprintf(stderr,
				"sottoctl: restore: the server was not started again\n  do: "
				"sottoctl init\n");
}

static int run(struct restore *r)
{
	int rc = check_place(r);

	if (rc)
		return rc;
	if (r->old)
		forget_token_keys(r->files);
	if (!r->s->no_units)
		rc = stop_server(r);
	rc = rc ? rc : change(r);
	progress_end(&r->s->progress);
	if (rc && !r->is_done) {
		go_back(r);
		rc = trouble_tell("restore", rc);
		fprintf(stderr, "sottoctl: restore: nothing was changed\n");
	} else if (rc) {
		return tell("was interrupted while things took their places",
				"run it again with the same file; until then the server stays off");
	}
	return rc;
}

/* --- the command --------------------------------------------------------- */

static int open_input(const struct snapshot *s, int *out_fd, uint64_t *out_total)
{
	struct stat st = { 0 };
	int fd = strcmp(s->path, "-") == 0 ? dup(STDIN_FILENO)
					   : open(s->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(stderr, "sottoctl: %s: %s\n", s->path, strerror(errno));
		return E_IO;
	}
	*out_total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	*out_fd = fd;
	return 0;
}

static int finish(struct restore *r)
{
	const struct snapshot *s = r->s;

	fprintf(stderr, "sottoctl: restore: %s, %.1f MiB, in %.1f s\n",
			r->old ? "as a backup: bundles, tokens and invites are gone, people's "
				 "clients bring new ones"
			       : "a move, complete",
			(double)archive_bytes(r->from) / 1048576,
			(double)(progress_now_ms() - s->began_ms) / 1000);
	if (s->no_units)
		return 0;
	return hold_set(s->places.config, HOLD_NOT) ? E_IO : init_again(s->context);
}

int restore_command(const struct context *context)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	CLEANUP(archive_close) struct archive *from = NULL;
	CLEANUP(files_free) struct files *files = calloc(1, sizeof *files);
	CLEANUP(key_wipe) struct key key = { { 0 } };
	struct archive_head head;
	struct snapshot s;
	struct restore r = { .s = &s, .files = files };
	uint64_t total = 0;
	int rc = snapshot_options(&s, context, "iapkou");

	if (rc)
		return rc;
	rc = files ? open_input(&s, &fd, &total) : E_NOMEM;
	rc = rc ? rc : lock_open(&key, &head, fd, &s.lock);
	progress_begin(&s.progress, total);
	rc = rc ? rc : archive_open(&from, fd, &key, &head);
	r.from = from;
	rc = rc ? rc : read_start(&r);
	if (rc) {
		rc = trouble_tell("restore", rc);
		fprintf(stderr, "sottoctl: restore: nothing was changed\n");
		return rc;
	}
	rc = run(&r);
	return rc ? rc : finish(&r);
}
