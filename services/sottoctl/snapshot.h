/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What backup, restore and move share: their options, and the whole content of an archive. */
#ifndef SOTTO_SOTTOCTL_SNAPSHOT_H
#define SOTTO_SOTTOCTL_SNAPSHOT_H

#include "services/sottoctl/archive.h"
#include "services/sottoctl/files.h"
#include "services/sottoctl/progress.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/tables.h"

enum { TICKET_BYTES = 16 };

struct snapshot { /* one such command */
	const struct context *context;
	const char *command;
	const char *path; /* "-": standard input or output */
	struct lock lock;
	struct places places;
	struct progress progress;
	bool blobs, as_backup, back, never_received;
	bool no_units; /* whoever calls stops and starts the parts */
	uint64_t began_ms;
};

/* Options in letters: b --blobs, r --recipient, i --identity, a --as-backup, m those of move. 2 */
int snapshot_options(
		struct snapshot *s, const struct context *context, const char *letters) MUST_CHECK;

/*
 * The output, made new with mode 0600; never an existing file, nor a terminal. Whoever fails
 * afterwards removes it with snapshot_drop.
 */
int snapshot_output(const struct snapshot *s, int *out_fd) MUST_CHECK;
void snapshot_drop(const struct snapshot *s);

/* All but the end. Told when it fails. */
int snapshot_write(struct archive *to, struct snapshot *s, enum extent extent) MUST_CHECK;

struct snapshot_head { /* as the archive has it, before the files */
	bool complete; /* a move */
	uint32_t schema;
	uint8_t ticket[TICKET_BYTES]; /* tells one move from another */
	char made_by[64];
};

/* 0, a trouble, or E_IO. */
int snapshot_read_head(struct snapshot_head *out, struct archive *from) MUST_CHECK;

/* The highest migration that this program's files have. */
int snapshot_schema(const struct context *context, uint32_t *out) MUST_CHECK;

#endif
