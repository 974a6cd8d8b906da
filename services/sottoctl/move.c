/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * All of a server to another host, with its two addresses. It is stopped and held first; then its
 * last state is written; then it is held for good; and only then comes the last piece, without
 * which nobody takes the file. So at no moment can both hosts answer: whatever fails before that
 * piece, the file is worth nothing and this server goes on; after it, this one never starts again.
 */
#include "libshared/error.h"
#include "services/sottoctl/hold.h"
#include "services/sottoctl/init.h"
#include "services/sottoctl/run.h"
#include "services/sottoctl/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int tell(const char *what, const char *remedy)
{
	fprintf(stderr, "sottoctl: move: %s\n  do: %s\n", what, remedy);
	return E_CONFIG;
}

static int check(const struct snapshot *s, enum hold held)
{
	if (!s->no_units && geteuid() != 0)
		return tell("must be run by root", "become root");
	if (s->back && held == HOLD_NOT)
		return tell("this server was not moved", "sottoctl status");
	if (s->back && held == HOLD_MOVED && !s->never_received)
		return tell("if another host took the file, both would answer to one address",
				"only if none did or ever will: sottoctl move --back "
				"--never-received");
	if (s->back && held == HOLD_RESTORING)
		return tell("a restore was interrupted", "run it again");
	if (!s->back && held != HOLD_NOT)
		return tell("this server is held already: it was moved, or a restore or move was "
			    "interrupted",
				"sottoctl init says which");
	return 0;
}

/* --- there --------------------------------------------------------------- */

static int write_all(struct snapshot *s, struct archive *to, int fd)
{
	int rc = snapshot_write(to, s, EXTENT_ALL);

	rc = rc ? rc : progress_step(&s->progress, "end", archive_bytes(to));
	rc = rc ? rc : hold_set(s->places.config, HOLD_MOVED);
	rc = rc ? rc : archive_end(to);
	if (rc == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		rc = E_IO; /* EINVAL: a pipe */
	return rc;
}

static void go_on(const struct snapshot *s, bool was_up)
{
	snapshot_drop(s);
	if (hold_set(s->places.config, HOLD_NOT) == 0 && was_up && units_start())
		fprintf(stderr,
				"sottoctl: move: the server was not started again\n  do: sottoctl "
				"init\n");
	fprintf(stderr,
			"sottoctl: move: failed: what was written is worth nothing, and this "
			"server goes on\n");
}

static int there(struct snapshot *s, int fd, const struct key *key, const struct archive_head *head)
{
	CLEANUP(archive_close) struct archive *to = NULL;
	const char *const disable[] = { "systemctl", "--quiet", "disable", "sotto.target", NULL };
	bool was_up = false;
	int rc = archive_create(&to, fd, key, head);

	s->began_ms = progress_now_ms();
	rc = rc ? rc : hold_set(s->places.config, HOLD_MOVING);
	if (!s->no_units)
		rc = rc ? rc : units_stop(&was_up);
	rc = rc ? rc : write_all(s, to, fd);
	progress_end(&s->progress);
	if (rc) {
		go_on(s, was_up);
		return rc;
	}
	fprintf(stderr,
			"sottoctl: move: %.1f MiB, %.1f s after the stop; this server is off for "
			"good\n  do: sottoctl restore on the other host; when it answers, apt "
			"purge sotto-server here\n",
			(double)archive_bytes(to) / 1048576,
			(double)(progress_now_ms() - s->began_ms) / 1000);
	return s->no_units ? 0 : run_program(disable);
}

/* --- back ---------------------------------------------------------------- */

static int back(const struct snapshot *s)
{
	int rc = hold_set(s->places.config, HOLD_NOT);

	return rc || s->no_units ? rc : init_again(s->context);
}

int move_command(const struct context *context)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	CLEANUP(key_wipe) struct key key = { { 0 } };
	struct archive_head head;
	struct snapshot s;
	int rc = snapshot_options(&s, context, "rptBnkou");

	if (rc)
		return rc;
	rc = check(&s, hold_read(s.places.config));
	if (rc || s.back)
		return rc ? rc : back(&s);
	rc = lock_make(&key, &head, &s.lock);
	rc = rc ? rc : snapshot_output(&s, &fd);
	if (rc)
		return rc;
	progress_begin(&s.progress, 0);
	return there(&s, fd, &key, &head);
}
