-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Keep one blob. code 0 stored, 1 same again (the first body stays), 2 mailbox full, 3 no such deposit secret.
-- The quota probe counts through the index and stops at the limit; the insert itself finds the repeat.
CREATE FUNCTION deposit(p_deposit bytea, p_id uuid, p_body bytea, p_limit integer, OUT code integer, OUT mailbox bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
DECLARE
	v_box bytea;
	v_keep smallint;
BEGIN
	SELECT m.id, m.keep_days INTO v_box, v_keep FROM mailbox m WHERE m.deposit_hash = p_deposit;
	mailbox := v_box;
	IF NOT FOUND THEN
		code := 3;
	ELSIF EXISTS (SELECT FROM blob b WHERE b.mailbox = v_box OFFSET p_limit - 1) THEN
		code := CASE WHEN EXISTS (SELECT FROM blob b WHERE b.mailbox = v_box AND b.id = p_id) THEN 1 ELSE 2 END;
	ELSE
		INSERT INTO blob (mailbox, id, expires_on, head, body)
			VALUES (v_box, p_id, current_date + v_keep, substring(p_body FOR 104), substring(p_body FROM 105))
			ON CONFLICT DO NOTHING;
		code := CASE WHEN FOUND THEN 0 ELSE 1 END;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION deposit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit TO blobd;
