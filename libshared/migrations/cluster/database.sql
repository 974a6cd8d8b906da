-- SPDX-License-Identifier: AGPL-3.0-or-later
-- As superuser, inside the database sotto: nobody but the owner may use anything, the catalogue's functions included.
-- A daemon could otherwise count and list by pg_class and pg_proc, keep large objects, take advisory locks, run DO.
DROP SCHEMA IF EXISTS public;
CREATE SCHEMA IF NOT EXISTS sotto AUTHORIZATION sotto_owner;
REVOKE ALL ON DATABASE sotto FROM PUBLIC;
GRANT CONNECT ON DATABASE sotto TO prekeyd, blobd, bridged, sotto_owner;

-- The owner keeps what everybody had, not all there is: pg_read_file or lo_export would make it a superuser.
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT oid::regprocedure AS name FROM pg_proc
			WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p'
			AND has_function_privilege('public', oid, 'EXECUTE') LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO sotto_owner', r.name);
	END LOOP;
	FOR r IN SELECT attrelid::regclass AS name, string_agg(quote_ident(attname), ', ') AS columns
			FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
			WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') AND NOT attisdropped
			AND has_column_privilege('public', attrelid, attnum, 'SELECT') GROUP BY attrelid LOOP
		EXECUTE format('GRANT SELECT (%s) ON %s TO sotto_owner', r.columns, r.name);
	END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO sotto_owner;
GRANT USAGE ON LANGUAGE plpgsql, sql TO sotto_owner;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pg_catalog FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA pg_catalog FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA information_schema FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA information_schema FROM PUBLIC;
REVOKE ALL ON LANGUAGE plpgsql, sql FROM PUBLIC;
