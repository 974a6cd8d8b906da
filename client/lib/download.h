/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fetching a file into a folder. Until it is whole it has a name there that nobody can guess; then
 * it gets its own, and never that of a file that is there already. Nothing is made outside the
 * folder, whatever the sender called it.
 */
#ifndef SOTTO_DOWNLOAD_H
#define SOTTO_DOWNLOAD_H

#include "client/lib/transfer.h"

struct download {
	struct transfer transfer;
	int folder, part; /* descriptors */
	char part_name[48];
	char name[FILE_NAME_MOST + 16]; /* what it shall be, or is, called */
	bool is_named;			/* by us: then that name or none */
};

/* path: a folder, or a name in one that does not exist yet. Goes on where an earlier process
 * stopped. TRANSFER_NONE, TRANSFER_PLACE, TRANSFER_TAKEN, TRANSFER_BUSY; TRANSFER_DONE: it was
 * fetched already. */
int download_open(struct download *out, struct profile *profile, int64_t id,
		const char *path) MUST_CHECK;
void download_close(struct download *download);
static inline __attribute__((unused)) void download_close_ref(struct download *download)
{
	download_close(download);
}

/* A piece; TRANSFER_DONE: the file is whole, its hash is right and it has its name (in name).
 * TRANSFER_GONE, TRANSFER_WRONG, SYNC_REFUSED. */
int download_step(struct net *net, struct profile *profile, struct download *download) MUST_CHECK;

#endif
