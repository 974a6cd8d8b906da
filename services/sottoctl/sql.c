/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Blocking SQL and the files it comes from. Trusts the administrator's files. */
#include "services/sottoctl/sql.h"

#include "libshared/error.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 1 << 20 };

static void ignore_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

int sql_connect(PGconn **out, const char *conninfo, const char *dbname)
{
	/* expand_dbname lets the conninfo stand in the dbname; the later one wins. */
	const char *const keys[] = { "dbname", "dbname", "application_name", NULL };
	const char *const values[] = { conninfo, dbname, "sottoctl", NULL };
	CLEANUP(PQfinish) PGconn *conn = PQconnectdbParams(keys, values, 1);

	if (PQstatus(conn) != CONNECTION_OK) {
		fprintf(stderr,
				"sottoctl: %s  do: run it as root, on the server; if PostgreSQL is "
				"down: sottoctl doctor\n",
				PQerrorMessage(conn));
		return E_DB;
	}
	PQsetNoticeProcessor(conn, ignore_notice, NULL);
	*out = STEAL(conn);
	return 0;
}

int sql_run(PGconn *conn, const char *what, const char *statements)
{
	CLEANUP(PQclear) PGresult *r = PQexec(conn, statements);
	ExecStatusType status = PQresultStatus(r);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return 0;
	fprintf(stderr, "sottoctl: %s: %s", what, PQerrorMessage(conn));
	return E_DB;
}

int sql_number(PGconn *conn, const char *statement, long *out)
{
	CLEANUP(PQclear) PGresult *r = PQexec(conn, statement);
	ExecStatusType status = PQresultStatus(r);

	if (status == PGRES_COMMAND_OK) {
		*out = strtol(PQcmdTuples(r), NULL, 10);
		return 0;
	}
	if (status == PGRES_TUPLES_OK && PQntuples(r) > 0) {
		*out = strtol(PQgetvalue(r, 0, 0), NULL, 10);
		return 0;
	}
	fprintf(stderr, "sottoctl: %s", PQerrorMessage(conn));
	return E_DB;
}

static int read_all(char **out, FILE *file)
{
	CLEANUP(scope_free) char *text = malloc(FILE_MOST + 1);
	size_t n;

	if (!text)
		return E_NOMEM;
	n = fread(text, 1, FILE_MOST, file);
	if (ferror(file) || !feof(file))
		return E_IO;
	text[n] = '\0';
	*out = STEAL(text);
	return 0;
}

int sql_read_file(char **out, const char *dir, const char *name)
{
	char path[4096];
	FILE *file;
	int rc = E_IO;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return E_CONFIG;
	file = fopen(path, "re");
	if (file) {
		rc = read_all(out, file);
		fclose(file);
	}
	if (rc)
		fprintf(stderr, "sottoctl: cannot read %s\n", path);
	return rc;
}

static int is_sql(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

int sql_list(char ***out, const char *dir)
{
	struct dirent **entries;
	CLEANUP(sql_names_free) char **names = NULL;
	int n = scandir(dir, &entries, is_sql, alphasort);

	if (n < 0) {
		fprintf(stderr, "sottoctl: cannot read the directory %s\n", dir);
		return E_IO;
	}
	names = calloc((size_t)n + 1, sizeof *names);
	for (int i = 0; i < n; i++) {
		if (names)
			names[i] = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	for (int i = 0; names && i < n; i++)
		if (!names[i])
			return E_NOMEM;
	if (!names)
		return E_NOMEM;
	*out = STEAL(names);
	return 0;
}

void sql_names_free(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}
