-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Do these exist? Ids of 32 bytes in a row, or none and then the account with this owner. code 0, or 3: not all.
CREATE FUNCTION session_open(p_mailboxes bytea, p_account uuid, p_owner bytea, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
DECLARE
	v_n integer := octet_length(p_mailboxes) / 32;
BEGIN
	code := 0;
	IF v_n = 0 AND NOT EXISTS (SELECT FROM account a WHERE a.id = p_account AND a.owner_key = p_owner) THEN
		code := 3;
	END IF;
	FOR i IN 0 .. v_n - 1 LOOP
		IF NOT EXISTS (SELECT FROM mailbox m WHERE m.id = substring(p_mailboxes FROM i * 32 + 1 FOR 32)) THEN
			code := 3;
		END IF;
	END LOOP;
END
$$;
REVOKE ALL ON FUNCTION session_open FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_open TO bridged;
