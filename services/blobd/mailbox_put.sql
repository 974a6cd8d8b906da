-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Make a mailbox. code 0 made, 1 same again (same id and deposit hash), 2 id or hash taken by another.
CREATE FUNCTION mailbox_put(p_mailbox bytea, p_deposit bytea, p_keep_days smallint, p_inbox boolean,
	OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	INSERT INTO mailbox (id, deposit_hash, keep_days, inbox) VALUES (p_mailbox, p_deposit, p_keep_days, p_inbox)
		ON CONFLICT DO NOTHING;
	IF FOUND THEN
		code := 0;
	ELSIF EXISTS (SELECT FROM mailbox m WHERE m.id = p_mailbox AND m.deposit_hash = p_deposit) THEN
		code := 1;
	ELSE
		code := 2;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION mailbox_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailbox_put TO blobd;
