/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keys, settings, both onion services, accounts and mailboxes in one encrypted file; blobs if
 * asked for. The server runs on: the rows are those of one moment.
 */
#include "libshared/error.h"
#include "services/sottoctl/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int write_all(
		struct snapshot *s, int fd, const struct key *key, const struct archive_head *head)
{
	CLEANUP(archive_close) struct archive *to = NULL;
	int rc = archive_create(&to, fd, key, head);

	rc = rc ? rc : snapshot_write(to, s, s->blobs ? EXTENT_BLOBS : EXTENT_PEOPLE);
	rc = rc ? rc : archive_end(to);
	if (rc == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		rc = E_IO; /* EINVAL: a pipe */
	progress_end(&s->progress);
	if (rc == 0)
		fprintf(stderr, "sottoctl: backup: %.1f MiB, %s blobs, in %.1f s\n",
				(double)archive_bytes(to) / 1048576, s->blobs ? "with" : "without",
				(double)(progress_now_ms() - s->began_ms) / 1000);
	return rc;
}

int backup_command(const struct context *context)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	CLEANUP(key_wipe) struct key key = { { 0 } };
	struct archive_head head;
	struct snapshot s;
	int rc = snapshot_options(&s, context, "brpko");

	if (rc)
		return rc;
	rc = lock_make(&key, &head, &s.lock);
	rc = rc ? rc : snapshot_output(&s, &fd);
	if (rc)
		return rc;
	progress_begin(&s.progress, 0);
	rc = write_all(&s, fd, &key, &head);
	if (rc) {
		snapshot_drop(&s);
		fprintf(stderr, "sottoctl: backup: failed (%s): there is no file\n",
				error_text(rc));
	}
	return rc;
}
