-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The oldest 8 blobs in order of arrival. No row: no such mailbox; one row of NULLs: it is empty.
CREATE FUNCTION "fetch"(p_mailbox bytea) RETURNS TABLE (id uuid, body bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	UPDATE mailbox m SET seen_on = current_date WHERE m.id = p_mailbox AND m.seen_on < current_date;
	RETURN QUERY
		SELECT o.id, o.head || o.body
		FROM mailbox m
		LEFT JOIN LATERAL (SELECT * FROM blob b WHERE b.mailbox = m.id ORDER BY b.seq LIMIT 8) o ON true
		WHERE m.id = p_mailbox
		ORDER BY o.seq;
END
$$;
REVOKE ALL ON FUNCTION "fetch" FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "fetch" TO blobd;
