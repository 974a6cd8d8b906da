/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a timer does as the owner role: attach and drop partitions; delete what has expired, some
 * pages at a time, so that no daemon waits long and each table is read once; vacuum; leave the
 * write-ahead log's segment, which holds commit times, and checkpoint, which unlinks it.
 */
#include "libshared/error.h"
#include "libshared/journal.h"
#include "services/sottoctl/partitions.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400 };
enum { BITE_PAGES = 256 }; /* 2 MiB: at most some ten thousand rows in one transaction */

/* In this order: whoever ends an owner leaves orphans for a later row. */
/* clang-format off */
static const struct {
	const char *table, *dead;
} sweeps[] = {
	{ "mailbox", "seen_on < current_date - 90" },
	{ "account", "seen_on < current_date - 90" },
	{ "blob", "expires_on < current_date OR "
		"NOT EXISTS (SELECT FROM mailbox m WHERE m.id = t.mailbox)" },
	/* Two days more, so that a lost reply costs nothing. */
	{ "invite", "expires_on < current_date - 2" },
	{ "issued", "ends_on < current_date - 2" },
	{ "chunk", "expires_on < current_date" },
	{ "bundle", "NOT EXISTS (SELECT FROM account a WHERE a.id = t.account) OR "
		"taken_on < current_date - 1" },
};
/* clang-format on */

static int sweep_table(PGconn *conn, const char *table, const char *dead, long *total)
{
	char statement[512];
	long n_pages = 0, n = 0;
	int rc;

	snprintf(statement, sizeof statement,
			"SELECT pg_relation_size('%s') / current_setting('block_size')::bigint",
			table);
	rc = sql_number(conn, statement, &n_pages);
	for (long page = 0; rc == 0 && page < n_pages; page += BITE_PAGES) {
		snprintf(statement, sizeof statement,
				"DELETE FROM %s t WHERE ctid >= '(%ld,0)' AND ctid < '(%ld,0)' AND "
				"(%s)",
				table, page, page + BITE_PAGES, dead);
		rc = sql_number(conn, statement, &n);
		*total += rc ? 0 : n;
	}
	return rc;
}

static int forget(PGconn *conn)
{
	/* In the order of hashes: that of coming would lead from an invite to its account. */
	int rc = sql_run(conn, "order", "CLUSTER issued USING issued_pkey");

	if (rc == 0)
		rc = sql_run(conn, "vacuum", "VACUUM");
	if (rc == 0)
		rc = sql_run(conn, "log switch", "SELECT pg_switch_wal()");
	return rc ? rc : sql_run(conn, "checkpoint", "CHECKPOINT");
}

int sweep_command(const struct context *context)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	struct journal journal = journal_open("sottoctl", "sweep");
	const uint64_t day = (uint64_t)time(NULL) / DAY_S;
	long total = 0;
	int rc = sql_connect(&conn, context->database, "sotto");

	/* Else every bite would hash the whole of the other table. */
	if (rc == 0)
		rc = sql_run(conn, "settings",
				"SET search_path = sotto, pg_temp; SET enable_seqscan = off; "
				"SET enable_hashjoin = off; SET enable_mergejoin = off");
	if (rc == 0)
		rc = partitions_attach(conn, day);
	if (rc == 0)
		rc = partitions_drop(conn, day);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(sweeps); i++)
		rc = sweep_table(conn, sweeps[i].table, sweeps[i].dead, &total);
	if (rc == 0)
		rc = forget(conn);
	if (rc == 0)
		journal_say(&journal, EVENT_SWEPT, "%ld rows", total);
	return rc;
}
