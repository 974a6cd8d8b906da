/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who may register. A row of the database, so it holds at once, for all instances alike. */
#include "libshared/error.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <stdio.h>
#include <string.h>

static const char *const policies[] = { "open", "invite", "closed" };

static int set(PGconn *conn, const char *wanted)
{
	char statement[80];

	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		if (strcmp(wanted, policies[i]) == 0) {
			snprintf(statement, sizeof statement,
					"UPDATE sotto.policy SET registration = '%s'", policies[i]);
			return sql_run(conn, "policy", statement);
		}
	fprintf(stderr, "sottoctl: the policy is open, invite or closed\n");
	return E_CONFIG;
}

static int show(PGconn *conn)
{
	CLEANUP(PQclear) PGresult *r = PQexec(conn, "SELECT registration FROM sotto.policy");

	if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) {
		fprintf(stderr, "sottoctl: policy: %s", PQerrorMessage(conn));
		return E_DB;
	}
	puts(PQgetvalue(r, 0, 0));
	return 0;
}

int policy_command(const struct context *context)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	int rc;

	rc = sql_connect(&conn, context->database, "sotto");
	if (rc == 0 && context->argc == 1)
		rc = set(conn, context->argv[0]);
	return rc ? rc : show(conn);
}
