/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The two databases of a profile, db.0 and db.1: one is in use, the other is the decoy's, or random
 * bytes, which look the same. Both have one size, which grows in steps of 4 MiB and never shrinks,
 * whichever is in use. The room of a step is unused pages within the database, so that no zeros
 * and no end of the data show.
 */
#ifndef SOTTO_PAIR_H
#define SOTTO_PAIR_H

#include "libshared/scope.h"

#include <signal.h>
#include <sqlcipher/sqlite3.h>

enum { PAIR_STEP = 4 << 20, PAIR_PATH = 4096, PAIR_PANIC = SIGUSR1 };

/* E_CONFIG: dir is too long. */
int pair_path(char out[static PAIR_PATH], const char *dir, int database) MUST_CHECK;

/* Levels the two now, and after each commit of this connection that has used up the room. Replaces
 * SQLite's own checkpoints. E_IO: there was no room on the disk; the next commit tries again. */
int pair_watch(sqlite3 *db, const char *dir, int database) MUST_CHECK;

/* That database cannot be opened any more: ends the processes that still have it open, and what is
 * left beside it. */
void pair_lose(const char *dir, int database);

/* That signal goes to every other process that has one of them open; waits a while until they have
 * let go. PAIR_PANIC: so that it destroys what it knows. */
void pair_end(const char *dir, int number);

/* Both, and the files: what is left of a profile without a key file. */
void pair_clear(const char *dir);

#endif
