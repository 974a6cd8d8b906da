/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Roles and database in a PostgreSQL cluster of our own. May run again: it makes only what is missing. */
#include "libshared/error.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <stdio.h>

static int apply(PGconn *conn, const struct context *context, const char *name)
{
	CLEANUP(scope_free) char *text = NULL;
	char dir[4096];
	int rc;

	snprintf(dir, sizeof dir, "%s/cluster", context->sql);
	rc = sql_read_file(&text, dir, name);
	return rc ? rc : sql_run(conn, name, text);
}

static int make_database(PGconn *conn)
{
	long n = 0;
	int rc = sql_number(conn, "SELECT count(*) FROM pg_database WHERE datname = 'sotto'", &n);

	if (rc || n)
		return rc;
	return sql_run(conn, "database", "CREATE DATABASE sotto OWNER sotto_owner TEMPLATE template0 "
		"ENCODING 'UTF8' LOCALE 'C'");
}

int cluster_command(const struct context *context)
{
	CLEANUP(PQfinish) PGconn *admin = NULL;
	CLEANUP(PQfinish) PGconn *inside = NULL;
	int rc = sql_connect(&admin, context->database, "postgres");

	if (rc == 0)
		rc = apply(admin, context, "roles.sql");
	if (rc == 0)
		rc = make_database(admin);
	if (rc == 0)
		rc = sql_run(admin, "database", "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC");
	if (rc == 0)
		rc = sql_connect(&inside, context->database, "sotto");
	if (rc == 0)
		rc = apply(inside, context, "database.sql");
	if (rc == 0)
		printf("roles and database are there\n");
	return rc;
}
