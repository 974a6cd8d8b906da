/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The rows of a server, out of the database into an archive and back: COPY in its binary form. */
#ifndef SOTTO_SOTTOCTL_TABLES_H
#define SOTTO_SOTTOCTL_TABLES_H

#include "services/sottoctl/archive.h"
#include "services/sottoctl/progress.h"
#include "services/sottoctl/sql.h"

#include <stdbool.h>

/* How much of the rows: what can be had again by no one; with what waits; all there is. */
enum extent { EXTENT_PEOPLE, EXTENT_BLOBS, EXTENT_ALL };

/* From the snapshot of the transaction that conn is in. Told when it fails. */
int tables_write(struct archive *to, PGconn *conn, enum extent extent,
		struct progress *p) MUST_CHECK;

/* Empties all of them, in the transaction that conn is in. */
int tables_empty(PGconn *conn) MUST_CHECK;

/* One table, after its name was read. 0, a trouble, or a failure that was told. */
int table_read(struct archive *from, PGconn *conn, const char *name, struct progress *p) MUST_CHECK;

/* After the last one. `old`: what was handed out since must not come back, see tables.c. */
int tables_finish(PGconn *conn, bool old) MUST_CHECK;

#endif
