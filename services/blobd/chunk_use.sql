-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Bytes of all pieces of files; counted in an index, which takes milliseconds for each 10 GiB.
CREATE FUNCTION chunk_use(OUT bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	bytes := 65536 * (SELECT count(*) FROM chunk c WHERE NOT c.large)
		+ 1048576 * (SELECT count(*) FROM chunk c WHERE c.large);
END
$$;
REVOKE ALL ON FUNCTION chunk_use FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chunk_use TO blobd;
