/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Section [sotto] of sotto.conf(5), the same for the three daemons and sottoctl. */
#ifndef SOTTO_SETTINGS_H
#define SOTTO_SETTINGS_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/token.h"

struct engine_settings {
	char database[512]; /* libpq conninfo; the user is the daemon's role */
	char broker[108];   /* path of the broker's socket for daemons */
	char onion_api[ONION_TEXT + 1];
	char onion_live[ONION_TEXT + 1];
	int circuit_line;
	long circuit_connections, circuit_requests, circuit_burst; /* of one circuit: budget.h */
	long connections;
	long deadline_ms;
	long batch_calls;
	long mailbox_limit;  /* blobs a mailbox takes before it is full */
	char disk_path[256]; /* in the file system that the database fills */
	long disk_reserve_mb, blob_budget_mb, memory_mb; /* overload.h */
	long chunk_mb;					 /* for all pieces of files together */
	long measure_ms;
	long metrics_s; /* between two records of metrics */
	long sessions;	/* live ones that bridged holds */
	long work_bits; /* zero bits that a challenge asks for in quiet times */
	long work_rate; /* challenges solved a minute; above, they are harder */
	long allowance[TOKEN_OPERATIONS + 1];		/* batches an account gets a day */
	struct key prekeyd_key, blobd_key, bridged_key; /* public server keys */
};

/* As options_load: E_CONFIG with the line that is wrong (0: something is missing), or E_IO. */
int settings_load(const char *path, struct engine_settings *out, unsigned *out_line) MUST_CHECK;

#endif
