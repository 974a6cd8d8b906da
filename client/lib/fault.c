/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SOTTO_FAULT=3 kills at the third point; with SOTTO_FAULT_LOSES the third answer is lost instead.
 * The point's name is written to SOTTO_FAULT_LOG. A transaction is named by the tables it changes.
 */
#include "client/lib/fault.h"

#ifdef FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME = 256 };

static _Thread_local char tables[NAME]; /* each thread has a database of its own */
static atomic_long n_points;

static void note(const char *name)
{
	const char *path = getenv("SOTTO_FAULT_LOG");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", name);
	close(fd);
}

/* True: this is the one. */
static bool is_here(const char *name)
{
	const char *which = getenv("SOTTO_FAULT");

	if (!which || atomic_fetch_add(&n_points, 1) + 1 != atol(which))
		return false;
	note(name);
	return true;
}

static void point(const char *when, const char *what)
{
	char name[NAME + 32];

	snprintf(name, sizeof name, "%s %s", when, what);
	if (!getenv("SOTTO_FAULT_LOSES") && is_here(name))
		raise(SIGKILL);
}

/* --- transactions ------------------------------------------------------- */

static void on_change(
		void *data, int operation, const char *db, const char *table, sqlite3_int64 row)
{
	const size_t used = strlen(tables);

	(void)data;
	(void)operation;
	(void)db;
	(void)row;
	if (!strstr(tables, table))
		snprintf(tables + used, sizeof tables - used, "%s%s", used ? ", " : "", table);
}

static int on_commit(void *data)
{
	(void)data;
	point("before storing", *tables ? tables : "nothing");
	return 0;
}

static void on_rollback(void *data)
{
	(void)data;
	tables[0] = '\0';
}

void fault_watch(sqlite3 *db)
{
	tables[0] = '\0';
	sqlite3_update_hook(db, on_change, NULL);
	sqlite3_commit_hook(db, on_commit, NULL);
	sqlite3_rollback_hook(db, on_rollback, NULL);
}

void fault_committed(void)
{
	point("after storing", *tables ? tables : "nothing");
	tables[0] = '\0';
}

/* --- requests ----------------------------------------------------------- */

/* Ids are left out. */
static void name_request(char out[static NAME], const char *method, const char *path)
{
	size_t used = (size_t)snprintf(out, NAME, "%s ", method);

	for (const char *at = path; *at && used < NAME - 4;) {
		size_t len = strcspn(at + 1, "/") + 1;

		used += (size_t)snprintf(
				out + used, NAME - used, len > 17 ? "/*" : "%.*s", (int)len, at);
		at += len;
	}
}

void fault_before(const char *method, const char *path)
{
	char name[NAME];

	name_request(name, method, path);
	point("before", name);
}

bool fault_after(const char *method, const char *path)
{
	char name[NAME];

	name_request(name, method, path);
	point("after", name);
	return getenv("SOTTO_FAULT_LOSES") && is_here(name);
}

#endif
