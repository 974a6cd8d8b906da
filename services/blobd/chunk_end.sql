-- SPDX-License-Identifier: AGPL-3.0-or-later
-- End a piece of a file; code is 0 whether this secret ended one or not.
CREATE FUNCTION chunk_end(p_id uuid, p_delete bytea, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	DELETE FROM chunk c WHERE c.id = p_id AND c.delete_hash = p_delete;
	code := 0;
END
$$;
REVOKE ALL ON FUNCTION chunk_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chunk_end TO blobd;
