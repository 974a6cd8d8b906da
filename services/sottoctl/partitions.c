/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Attaching a table that is already there takes a lock that goes beside the daemons' own; making or
 * dropping a partition takes one that everybody queues behind, so it is tried for a moment at a
 * time.
 */
#include "services/sottoctl/partitions.h"

#include "libshared/error.h"
#include "libshared/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EPOCHS_AHEAD = 2, DROP_TRIES = 50 };

#define LOCK_NOT_AVAILABLE "55P03"
#define STEM "spent_"

static int attach(PGconn *conn, uint32_t epoch)
{
	char statement[512];
	long n = 0;
	int rc;

	snprintf(statement, sizeof statement,
			"SELECT count(*) FROM pg_tables WHERE schemaname = 'sotto' "
			"AND tablename = 'spent_%" PRIu32 "'",
			epoch);
	rc = sql_number(conn, statement, &n);
	if (rc || n)
		return rc;
	snprintf(statement, sizeof statement,
			"CREATE TABLE spent_%" PRIu32 " (LIKE spent INCLUDING ALL, "
			"CHECK (epoch = %" PRIu32 ")); "
			"COMMENT ON TABLE spent_%" PRIu32 " IS 'Partition of spent.'; "
			"ALTER TABLE spent ATTACH PARTITION spent_%" PRIu32
			" FOR VALUES IN (%" PRIu32 ")",
			epoch, epoch, epoch, epoch, epoch);
	return sql_run(conn, "partition", statement);
}

int partitions_attach(PGconn *conn, uint64_t day)
{
	uint32_t now = token_epoch(day);
	int rc = 0;

	if (now && token_epoch_counts(now - 1, day))
		rc = attach(conn, now - 1);
	for (uint32_t i = 0; rc == 0 && i <= EPOCHS_AHEAD; i++)
		rc = attach(conn, now + i);
	return rc;
}

static int drop(PGconn *conn, const char *name)
{
	char statement[128];

	snprintf(statement, sizeof statement, "SET lock_timeout = '100ms'; DROP TABLE %s", name);
	for (int i = 0; i < DROP_TRIES; i++) {
		CLEANUP(PQclear) PGresult *r = PQexec(conn, statement);
		const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

		if (PQresultStatus(r) == PGRES_COMMAND_OK)
			return 0;
		if (!state || strcmp(state, LOCK_NOT_AVAILABLE) != 0) {
			fprintf(stderr, "sottoctl: partition: %s", PQerrorMessage(conn));
			return E_DB;
		}
	}
	return 0;
}

int partitions_drop(PGconn *conn, uint64_t day)
{
	CLEANUP(PQclear)
	PGresult *r = PQexec(conn,
			"SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
			"WHERE inhparent = 'sotto.spent'::regclass");
	int rc = 0;

	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		fprintf(stderr, "sottoctl: partitions: %s", PQerrorMessage(conn));
		return E_DB;
	}
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		const char *name = PQgetvalue(r, i, 0);
		uint64_t epoch;

		if (strncmp(name, STEM, strlen(STEM)) != 0)
			continue; /* none of ours */
		epoch = strtoul(name + strlen(STEM), NULL, 10);
		if (epoch < token_epoch(day) && !token_epoch_counts((uint32_t)epoch, day))
			rc = drop(conn, name);
	}
	return rc ? rc : sql_run(conn, "settings", "SET lock_timeout = 0");
}
