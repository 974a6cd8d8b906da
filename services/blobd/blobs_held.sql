-- SPDX-License-Identifier: AGPL-3.0-or-later
-- How many blobs there are, about: what the statistics say, or the last vacuum where they were lost in a crash.
-- Nobody's row is read.
CREATE FUNCTION blobs_held(OUT n bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	SELECT greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid), 0) INTO n
		FROM pg_class c WHERE c.oid = 'sotto.blob'::regclass;
END
$$;
REVOKE ALL ON FUNCTION blobs_held FROM PUBLIC;
GRANT EXECUTE ON FUNCTION blobs_held TO blobd;
