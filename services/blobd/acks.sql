-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Forget these blobs of this mailbox. Unknown ids and mailboxes are fine: code is always 0.
CREATE FUNCTION ack(p_mailbox bytea, p_ids uuid[], OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	DELETE FROM blob b WHERE b.mailbox = p_mailbox AND b.id = ANY (p_ids);
	code := 0;
END
$$;
REVOKE ALL ON FUNCTION ack FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ack TO blobd;
