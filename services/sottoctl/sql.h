/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Plain, blocking SQL for the administrator's commands. Errors are told on standard error. */
#ifndef SOTTO_SOTTOCTL_SQL_H
#define SOTTO_SOTTOCTL_SQL_H

#include "libshared/scope.h"

#include "services/sottoctl/sottoctl.h"

#include <libpq-fe.h>
#include <stddef.h>

DEFINE_CLEANUP(PGconn *, PQfinish)
DEFINE_CLEANUP(PGresult *, PQclear)

/* conninfo with this dbname. */
int sql_connect(PGconn **out, const char *conninfo, const char *dbname) MUST_CHECK;

/* One or more statements without parameters; `what` names them in an error. */
int sql_run(PGconn *conn, const char *what, const char *statements) MUST_CHECK;

/* One statement that counts: rows affected, or the integer in the first column of the first row. */
int sql_number(PGconn *conn, const char *statement, long *out) MUST_CHECK;

/* migrate.c: what is in the database against what is in the files. */
struct migrate_state {
	long version; /* the highest that was applied */
	long n_new, n_changed;
	int functions_are_ours;
};
int migrate_look(PGconn *conn, const struct context *context, struct migrate_state *out) MUST_CHECK;

/* A whole text file, NUL-terminated. Takes at most 1 MiB. */
int sql_read_file(char **out, const char *dir, const char *name) MUST_CHECK;

/* Names ending in ".sql" in dir, sorted, ended by NULL; free with sql_names_free. */
int sql_list(char ***out, const char *dir) MUST_CHECK;
void sql_names_free(char **names);
DEFINE_CLEANUP(char **, sql_names_free)

#endif
