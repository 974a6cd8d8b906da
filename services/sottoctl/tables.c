/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A backup is old when it is restored. So it has no bundles, neither one-time nor last-resort, no
 * tokens spent or issued, no invites, and no days on which people were seen: who restores it
 * cannot hand out or take twice what is not in it, and nobody's 90 days ran while there was no
 * server. A move has everything.
 */
#include "services/sottoctl/tables.h"

#include "libshared/error.h"
#include "libshared/token.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DAY_S = 86400,
	FRAME_MOST = 4 << 20,
	FRAME_LEAST = 1 << 15,
	NAME_ROOM = 32,
	COLUMNS_ROOM = 256
};

/* More than an account puts between two backups. */
#define NUMBERS_SKIPPED (1 << 20)

struct table {
	const char *name, *columns;
	enum extent from, to;
};

/* clang-format off */
static const struct table tables[] = {
	{ "policy", "one, registration", EXTENT_PEOPLE, EXTENT_ALL },
	{ "mailbox", "made_on, keep_days, inbox, id, deposit_hash", EXTENT_PEOPLE, EXTENT_BLOBS },
	{ "mailbox", "made_on, seen_on, keep_days, inbox, id, deposit_hash", EXTENT_ALL, EXTENT_ALL },
	{ "account", "id, generation, next_number, made_on, owner_key", EXTENT_PEOPLE, EXTENT_BLOBS },
	{ "account", "id, generation, next_number, made_on, seen_on, owner_key, last_resort",
		EXTENT_ALL, EXTENT_ALL },
	{ "blob", "mailbox, seq, id, expires_on, head, body", EXTENT_BLOBS, EXTENT_ALL },
	{ "chunk", "expires_on, large, id, read_hash, delete_hash, body", EXTENT_BLOBS, EXTENT_ALL },
	{ "bundle", "account, number, generation, token, taken_on, head, body", EXTENT_ALL, EXTENT_ALL },
	{ "spent", "epoch, operation, token, request", EXTENT_ALL, EXTENT_ALL },
	{ "invite", "uses, expires_on, code", EXTENT_ALL, EXTENT_ALL },
	{ "issued", "slot, ends_on, payment, request", EXTENT_ALL, EXTENT_ALL },
};
/* clang-format on */

static int fail(PGconn *conn, const char *table)
{
	fprintf(stderr, "sottoctl: %s: %s", table, PQerrorMessage(conn));
	return E_DB;
}

/* --- out ----------------------------------------------------------------- */

/* One frame; an empty one ends the table. */
static int write_frame(struct archive *to, const char *bytes, uint32_t len)
{
	int rc = archive_write_u32(to, len);

	return rc || !len ? rc : archive_write(to, bytes, len);
}

static int copy_out(struct archive *to, PGconn *conn, const struct table *table, struct progress *p)
{
	int n, rc = 0;

	for (;;) {
		char *row = NULL;

		n = PQgetCopyData(conn, &row, 0);
		if (n <= 0)
			break;
		if (rc == 0)
			rc = write_frame(to, row, (uint32_t)n);
		if (rc == 0)
			rc = progress_step(p, table->name, archive_bytes(to));
		PQfreemem(row);
		if (rc)
			return rc;
	}
	return n == -1 ? write_frame(to, NULL, 0) : fail(conn, table->name);
}

/* Epochs that are over have no partition where the rows will go. */
static void say_copy(char *out, size_t room, const struct table *table)
{
	const uint64_t day = (uint64_t)time(NULL) / DAY_S;
	const uint32_t epoch = token_epoch(day);
	const uint32_t first = epoch && token_epoch_counts(epoch - 1, day) ? epoch - 1 : epoch;
	char only[48] = "";

	if (strcmp(table->name, "spent") == 0)
		snprintf(only, sizeof only, " WHERE epoch >= %" PRIu32, first);
	snprintf(out, room, "COPY (SELECT %s FROM sotto.%s%s) TO STDOUT (FORMAT binary)",
			table->columns, table->name, only);
}

static int write_table(
		struct archive *to, PGconn *conn, const struct table *table, struct progress *p)
{
	CLEANUP(PQclear) PGresult *started = NULL;
	CLEANUP(PQclear) PGresult *ended = NULL;
	char statement[512];
	int rc;

	say_copy(statement, sizeof statement, table);
	started = PQexec(conn, statement);
	if (PQresultStatus(started) != PGRES_COPY_OUT)
		return fail(conn, table->name);
	rc = archive_write_text(to, table->name);
	rc = rc ? rc : archive_write_text(to, table->columns);
	rc = rc ? rc : copy_out(to, conn, table, p);
	if (rc)
		return rc; /* the connection is given up with it */
	ended = PQgetResult(conn);
	if (PQresultStatus(ended) != PGRES_COMMAND_OK)
		return fail(conn, table->name);
	PQclear(PQgetResult(conn));
	return 0;
}

int tables_write(struct archive *to, PGconn *conn, enum extent extent, struct progress *p)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(tables); i++)
		if (extent >= tables[i].from && extent <= tables[i].to)
			rc = write_table(to, conn, &tables[i], p);
	return rc ? rc : archive_write_text(to, "");
}

/* --- in ------------------------------------------------------------------ */

int tables_empty(PGconn *conn)
{
	return sql_run(conn, "old rows",
			"SET LOCAL lock_timeout = '20s'; SET LOCAL search_path = sotto, pg_temp; "
			"TRUNCATE policy, mailbox, account, blob, chunk, bundle, spent, invite, "
			"issued");
}

/* A table of ours, and columns that can be nothing but names. */
static bool is_sound(const char *name, const char *columns)
{
	size_t i = 0;

	while (i < ARRAY_LEN(tables) && strcmp(tables[i].name, name) != 0)
		i++;
	return i < ARRAY_LEN(tables) &&
			columns[strspn(columns, "abcdefghijklmnopqrstuvwxyz_, ")] == '\0';
}

static int copy_in(struct archive *from, PGconn *conn, const char *name, struct progress *p)
{
	CLEANUP(scope_free) uint8_t *frame = NULL;
	uint32_t len = 0, room = 0;
	int rc;

	while ((rc = archive_read_u32(from, &len)) == 0 && len) {
		if (len > FRAME_MOST)
			return TROUBLE_CHANGED;
		if (len > room) {
			free(frame);
			room = len > FRAME_LEAST ? FRAME_MOST : FRAME_LEAST;
			frame = malloc(room);
		}
		if (!frame)
			return E_NOMEM;
		rc = archive_read(from, frame, len);
		if (rc)
			return rc;
		if (PQputCopyData(conn, (const char *)frame, (int)len) != 1)
			return fail(conn, name);
		rc = progress_step(p, name, archive_bytes(from));
		if (rc)
			return rc;
	}
	return rc;
}

int table_read(struct archive *from, PGconn *conn, const char *name, struct progress *p)
{
	CLEANUP(PQclear) PGresult *started = NULL;
	CLEANUP(PQclear) PGresult *ended = NULL;
	char columns[COLUMNS_ROOM], statement[512];
	int rc = archive_read_text(from, columns, sizeof columns);

	if (rc)
		return rc;
	if (!is_sound(name, columns))
		return TROUBLE_NEWER;
	snprintf(statement, sizeof statement, "COPY sotto.%s (%s) FROM STDIN (FORMAT binary)", name,
			columns);
	started = PQexec(conn, statement);
	if (PQresultStatus(started) != PGRES_COPY_IN)
		return fail(conn, name);
	rc = copy_in(from, conn, name, p);
	if (rc)
		return rc; /* the connection is given up with it */
	if (PQputCopyEnd(conn, NULL) != 1)
		return fail(conn, name);
	ended = PQgetResult(conn);
	if (PQresultStatus(ended) != PGRES_COMMAND_OK)
		return fail(conn, name);
	PQclear(PQgetResult(conn));
	return 0;
}

/*
 * No bundles that were put after the backup was made can be put again, byte for byte, when they
 * have been handed out: they name another number. Drawn, so that of two restores of one backup the
 * second does not go on where the first did.
 */
static int make_old(PGconn *conn)
{
	char statement[320];

	snprintf(statement, sizeof statement,
			"TRUNCATE bundle, spent, invite, issued; "
			"UPDATE account SET last_resort = NULL, seen_on = current_date, "
			"next_number = "
			"next_number + %d + %" PRIu32 "::bigint; "
			"UPDATE mailbox SET seen_on = current_date WHERE seen_on < current_date",
			NUMBERS_SKIPPED, randombytes_random());
	return sql_run(conn, "what is old", statement);
}

int tables_finish(PGconn *conn, bool old)
{
	int rc = sql_run(conn, "order of arrival",
			"SELECT setval('blob_seq', coalesce(max(seq), 0) + 1) FROM blob");

	return rc || !old ? rc : make_old(conn);
}
