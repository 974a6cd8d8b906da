-- SPDX-License-Identifier: AGPL-3.0-or-later
-- As superuser, once per cluster: the four roles. Daemons own nothing; what they may do is EXECUTE a few functions.
-- enable_seqscan off: a plan made while a table was empty would stay slow for ever.
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN VALUES ('sotto_owner', 4), ('prekeyd', 4), ('blobd', 4), ('bridged', 2) LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.column1) THEN
			EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT %s', r.column1, r.column2);
		END IF;
	END LOOP;
	FOR r IN VALUES ('prekeyd'), ('blobd'), ('bridged') LOOP
		EXECUTE format('ALTER ROLE %I SET search_path = sotto', r.column1);
		EXECUTE format('ALTER ROLE %I SET enable_seqscan = off', r.column1);
		EXECUTE format('ALTER ROLE %I SET plan_cache_mode = force_generic_plan', r.column1);
		EXECUTE format('ALTER ROLE %I SET lock_timeout = ''200ms''', r.column1);
		EXECUTE format('ALTER ROLE %I SET statement_timeout = ''2s''', r.column1);
	END LOOP;
	ALTER ROLE sotto_owner SET search_path = sotto, pg_temp;
	GRANT pg_checkpoint TO sotto_owner;
END
$$;
