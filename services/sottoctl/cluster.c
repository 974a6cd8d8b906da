/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Roles and database in a PostgreSQL cluster of our own, as its superuser. May run again (after an
 * upgrade of PostgreSQL it must: new functions of the catalogue are everybody's): it makes and
 * closes only what is missing.
 */
#include "libshared/error.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <stdio.h>

/*
 * Daemons own nothing; what they may do is EXECUTE a few functions. enable_seqscan off: a plan made
 * while a table was empty would scan it for ever. force_generic_plan: custom plans cost a factor
 * of 2.5.
 */
/* clang-format off */
static const char roles[] =
	"DO $$\n"
	"DECLARE\n"
	"  r record;\n"
	"BEGIN\n"
	"  FOR r IN VALUES ('sotto_owner', 4), ('prekeyd', 4), ('blobd', 4), ('bridged', 2) LOOP\n"
	"    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.column1) THEN\n"
	"      EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT %s', r.column1, r.column2);\n"
	"    END IF;\n"
	"  END LOOP;\n"
	"  FOR r IN VALUES ('prekeyd'), ('blobd'), ('bridged') LOOP\n"
	"    EXECUTE format('ALTER ROLE %I SET search_path = sotto', r.column1);\n"
	"    EXECUTE format('ALTER ROLE %I SET enable_seqscan = off', r.column1);\n"
	"    EXECUTE format('ALTER ROLE %I SET plan_cache_mode = force_generic_plan', r.column1);\n"
	"    EXECUTE format('ALTER ROLE %I SET lock_timeout = ''200ms''', r.column1);\n"
	"    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''2s''', r.column1);\n"
	"  END LOOP;\n"
	"  ALTER ROLE sotto_owner SET search_path = sotto, pg_temp;\n"
	"  GRANT pg_checkpoint TO sotto_owner;\n"
	"END\n"
	"$$;\n";
/* clang-format on */

/*
 * Nobody but the owner may use anything, the catalogue's functions included: a daemon could
 * otherwise count and list by pg_class and pg_proc, keep large objects, take advisory locks, run
 * DO. The owner keeps what everybody had, not all there is: pg_read_file or lo_export would make it
 * a superuser.
 */
/* clang-format off */
static const char database[] =
	"DROP SCHEMA IF EXISTS public;\n"
	"CREATE SCHEMA IF NOT EXISTS sotto AUTHORIZATION sotto_owner;\n"
	"REVOKE ALL ON DATABASE sotto FROM PUBLIC;\n"
	"GRANT CONNECT ON DATABASE sotto TO prekeyd, blobd, bridged, sotto_owner;\n"
	"DO $$\n"
	"DECLARE\n"
	"  r record;\n"
	"BEGIN\n"
	"  FOR r IN SELECT oid::regprocedure AS name FROM pg_proc\n"
	"      WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p'\n"
	"      AND has_function_privilege('public', oid, 'EXECUTE') LOOP\n"
	"    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO sotto_owner', r.name);\n"
	"  END LOOP;\n"
	"  FOR r IN SELECT attrelid::regclass AS name, string_agg(quote_ident(attname), ', ') AS columns\n"
	"      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid\n"
	"      WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')\n"
	"        AND NOT attisdropped\n"
	"      AND has_column_privilege('public', attrelid, attnum, 'SELECT') GROUP BY attrelid LOOP\n"
	"    EXECUTE format('GRANT SELECT (%s) ON %s TO sotto_owner', r.columns, r.name);\n"
	"  END LOOP;\n"
	"END\n"
	"$$;\n"
	"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO sotto_owner;\n"
	"GRANT USAGE ON LANGUAGE plpgsql, sql TO sotto_owner;\n"
	"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pg_catalog FROM PUBLIC;\n"
	"REVOKE ALL ON ALL TABLES IN SCHEMA pg_catalog FROM PUBLIC;\n"
	"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA information_schema FROM PUBLIC;\n"
	"REVOKE ALL ON ALL TABLES IN SCHEMA information_schema FROM PUBLIC;\n"
	"REVOKE ALL ON LANGUAGE plpgsql, sql FROM PUBLIC;\n";
/* clang-format on */

static int make_database(PGconn *conn)
{
	long n = 0;
	int rc = sql_number(conn, "SELECT count(*) FROM pg_database WHERE datname = 'sotto'", &n);

	if (rc || n)
		return rc;
	return sql_run(conn, "database",
			"CREATE DATABASE sotto OWNER sotto_owner TEMPLATE template0 "
			"ENCODING 'UTF8' LOCALE 'C'");
}

int cluster_command(const struct context *context)
{
	CLEANUP(PQfinish) PGconn *admin = NULL;
	CLEANUP(PQfinish) PGconn *inside = NULL;
	int rc = sql_connect(&admin, context->database, "postgres");

	if (rc == 0)
		rc = sql_run(admin, "roles", roles);
	if (rc == 0)
		rc = make_database(admin);
	if (rc == 0)
		rc = sql_run(admin, "database",
				"REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC");
	if (rc == 0)
		rc = sql_connect(&inside, context->database, "sotto");
	if (rc == 0)
		rc = sql_run(inside, "privileges", database);
	if (rc == 0)
		printf("roles and database are there\n");
	return rc;
}
