-- SPDX-License-Identifier: AGPL-3.0-or-later
-- End a mailbox with all its blobs; code is 0 whether there was one or not.
CREATE FUNCTION mailbox_end(p_mailbox bytea, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	DELETE FROM mailbox m WHERE m.id = p_mailbox;
	DELETE FROM blob b WHERE b.mailbox = p_mailbox;
	code := 0;
END
$$;
REVOKE ALL ON FUNCTION mailbox_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailbox_end TO blobd;
