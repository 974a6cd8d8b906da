-- SPDX-License-Identifier: AGPL-3.0-or-later
-- One piece of a file. No row: there is none that this secret reads.
CREATE FUNCTION chunk_get(p_id uuid, p_read bytea) RETURNS TABLE (body bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	RETURN QUERY
		SELECT c.body FROM chunk c
		WHERE c.id = p_id AND c.read_hash = p_read AND c.expires_on >= current_date;
END
$$;
REVOKE ALL ON FUNCTION chunk_get FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chunk_get TO blobd;
