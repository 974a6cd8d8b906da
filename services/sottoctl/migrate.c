/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Numbered tables, forward only, then all functions, in one transaction: an upgrade happens or does
 * not. A migration that was applied may not change, nor may one appear before it: hashes are kept;
 * number 0 is that of the functions' text, -1 that of what the database made of it, so that one
 * which was lost or changed is found.
 */
#include "libshared/error.h"
#include "libshared/key.h"
#include "services/sottoctl/partitions.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

/* lock_timeout: a table that we wait for is a table everybody waits for. */
/* clang-format off */
static const char begin[] =
	"BEGIN; SET LOCAL search_path = sotto, pg_temp; SET LOCAL lock_timeout = '10s'; "
	"CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, hash text NOT NULL); "
	"COMMENT ON TABLE migration IS 'What sottoctl migrate has applied.'; "
	"COMMENT ON COLUMN migration.number IS "
	"'Of the file; 0 stands for all functions, -1 for them as they are here.'; "
	"COMMENT ON COLUMN migration.hash IS 'BLAKE2b-256 of the text (-1: SHA-256), in hex.'; "
	"LOCK TABLE migration IN EXCLUSIVE MODE";
/* clang-format on */

/* A function that is no longer in the tree must not stay callable, nor block a new result type. */
/* clang-format off */
static const char drop_functions[] =
	"DO $$ DECLARE r record; BEGIN "
	"FOR r IN SELECT oid::regprocedure AS name FROM pg_proc "
	"WHERE pronamespace = 'sotto'::regnamespace LOOP "
	"EXECUTE format('DROP FUNCTION %s', r.name); END LOOP; END $$";
/* clang-format on */

/* clang-format off */
#define AS_THEY_ARE \
	"(SELECT coalesce(encode(sha256(convert_to(string_agg(" \
	"pg_get_functiondef(oid) || coalesce(proacl::text, '') || proowner::regrole, '' " \
	"ORDER BY oid::regprocedure::text), 'UTF8')), 'hex'), '') " \
	"FROM pg_proc WHERE pronamespace = 'sotto'::regnamespace)"
/* clang-format on */

struct text_hash {
	char hex[HASH_BYTES * 2 + 1];
};

static void hash_text(struct text_hash *out, const char *text)
{
	uint8_t hash[HASH_BYTES];

	hash256(hash, text, strlen(text));
	sodium_bin2hex(out->hex, sizeof out->hex, hash, sizeof hash);
}

/* *out_is: 0 new, 1 applied with this text, 2 applied with another. */
static int look_up(PGconn *conn, long number, const struct text_hash *hash, long *out_is)
{
	char query[256];

	snprintf(query, sizeof query,
			"SELECT coalesce((SELECT CASE WHEN hash = '%s' THEN 1 ELSE 2 END "
			"FROM migration WHERE number = %ld), 0)",
			hash->hex, number);
	return sql_number(conn, query, out_is);
}

static int record(PGconn *conn, long number, const struct text_hash *hash)
{
	char statement[256];

	snprintf(statement, sizeof statement,
			"INSERT INTO migration VALUES (%ld, '%s') "
			"ON CONFLICT (number) DO UPDATE SET hash = excluded.hash",
			number, hash->hex);
	return sql_run(conn, "record", statement);
}

static int refuse(const char *name, const char *why)
{
	fprintf(stderr, "sottoctl: %s: %s\n", name, why);
	return E_CONFIG;
}

static int apply_migration(PGconn *conn, const char *dir, const char *name, long *n_new)
{
	CLEANUP(scope_free) char *text = NULL;
	struct text_hash hash;
	long number = strtol(name, NULL, 10), is, last;
	int rc = sql_read_file(&text, dir, name);

	if (rc)
		return rc;
	if (number < 1)
		return refuse(name, "a migration's name begins with its number, from 1");
	hash_text(&hash, text);
	rc = look_up(conn, number, &hash, &is);
	if (rc || is == 1)
		return rc;
	if (is == 2)
		return refuse(name, "was applied with another text");
	rc = sql_number(conn, "SELECT coalesce(max(number), 0) FROM migration", &last);
	if (rc == 0 && number <= last)
		rc = refuse(name, "comes before one that was applied");
	if (rc == 0)
		rc = sql_run(conn, name, text);
	++*n_new;
	return rc ? rc : record(conn, number, &hash);
}

static int apply_migrations(PGconn *conn, const char *dir)
{
	CLEANUP(sql_names_free) char **names = NULL;
	long n_new = 0;
	int rc = sql_list(&names, dir);

	for (char **n = names; rc == 0 && *n; n++)
		rc = apply_migration(conn, dir, *n, &n_new);
	if (rc == 0)
		printf("%ld new migrations\n", n_new);
	return rc;
}

static int read_functions(char **out, const char *dir)
{
	CLEANUP(sql_names_free) char **names = NULL;
	CLEANUP(scope_free) char *all = strdup("");
	int rc = sql_list(&names, dir);

	for (char **n = names; rc == 0 && *n; n++) {
		CLEANUP(scope_free) char *text = NULL;
		char *longer = NULL;

		rc = sql_read_file(&text, dir, *n);
		if (rc == 0 && asprintf(&longer, "%s%s\n", all ? all : "", text) < 0)
			rc = E_NOMEM;
		if (rc == 0) {
			free(all);
			all = longer;
		}
	}
	if (rc == 0)
		*out = STEAL(all);
	return rc;
}

/* *out_are: 1 if the functions are those that this text makes. */
static int look_at_functions(PGconn *conn, const struct text_hash *hash, long *out_are)
{
	int rc = look_up(conn, 0, hash, out_are);

	if (rc || *out_are != 1)
		return rc;
	return sql_number(conn,
			"SELECT count(*) FROM migration WHERE number = -1 AND hash = " AS_THEY_ARE,
			out_are);
}

static int apply_functions(PGconn *conn, const char *dir)
{
	CLEANUP(scope_free) char *text = NULL;
	struct text_hash hash;
	long is;
	int rc = read_functions(&text, dir);

	if (rc)
		return rc;
	hash_text(&hash, text);
	rc = look_at_functions(conn, &hash, &is);
	if (rc == 0)
		printf("functions %s\n", is == 1 ? "unchanged" : "replaced");
	if (rc || is == 1)
		return rc;
	rc = sql_run(conn, "old functions", drop_functions);
	if (rc == 0)
		rc = sql_run(conn, "functions", text);
	rc = rc ? rc : record(conn, 0, &hash);
	return rc ? rc
		  : sql_run(conn, "record",
				    "INSERT INTO migration VALUES (-1, " AS_THEY_ARE ") "
				    "ON CONFLICT (number) DO UPDATE SET hash = excluded.hash");
}

static int look_at_migrations(PGconn *conn, const char *dir, struct migrate_state *out)
{
	CLEANUP(sql_names_free) char **names = NULL;
	int rc = sql_list(&names, dir);

	for (char **n = names; rc == 0 && *n; n++) {
		CLEANUP(scope_free) char *text = NULL;
		struct text_hash hash;
		long is = 0;

		rc = sql_read_file(&text, dir, *n);
		if (rc)
			return rc;
		hash_text(&hash, text);
		rc = look_up(conn, strtol(*n, NULL, 10), &hash, &is);
		out->n_new += is == 0;
		out->n_changed += is == 2;
	}
	return rc;
}

int migrate_look(PGconn *conn, const struct context *context, struct migrate_state *out)
{
	CLEANUP(scope_free) char *functions = NULL;
	char migrations[4096], dir[4096];
	struct text_hash hash;
	long is = 0;
	int rc;

	*out = (struct migrate_state){ 0 };
	snprintf(migrations, sizeof migrations, "%s/migrations", context->sql);
	snprintf(dir, sizeof dir, "%s/functions", context->sql);
	rc = sql_run(conn, "schema", "SET search_path = sotto, pg_temp");
	if (rc == 0)
		rc = sql_number(conn, "SELECT coalesce(max(number), 0) FROM migration",
				&out->version);
	if (rc == 0)
		rc = look_at_migrations(conn, migrations, out);
	if (rc == 0)
		rc = read_functions(&functions, dir);
	if (rc)
		return rc;
	hash_text(&hash, functions);
	rc = look_at_functions(conn, &hash, &is);
	out->functions_are_ours = is == 1;
	return rc;
}

int migrate_command(const struct context *context)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	char migrations[4096], functions[4096];
	int rc = sql_connect(&conn, context->database, "sotto");

	snprintf(migrations, sizeof migrations, "%s/migrations", context->sql);
	snprintf(functions, sizeof functions, "%s/functions", context->sql);
	if (rc == 0)
		rc = sql_run(conn, "begin", begin);
	if (rc == 0)
		rc = apply_migrations(conn, migrations);
	if (rc == 0)
		rc = partitions_attach(conn, (uint64_t)time(NULL) / DAY_S);
	if (rc == 0)
		rc = sql_run(conn, "schema",
				"GRANT USAGE ON SCHEMA sotto TO prekeyd, blobd, bridged");
	if (rc == 0)
		rc = apply_functions(conn, functions);
	return rc ? rc : sql_run(conn, "commit", "COMMIT");
}
