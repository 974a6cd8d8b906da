-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Keep one blob. code 0 stored, 1 same again (the first body stays), 2 mailbox full, 3 no such deposit secret, 4 not paid:
-- an inbox costs a token, other mailboxes do not look at it.
-- The quota probe counts through the index and stops at the limit; the insert itself finds the repeat.
CREATE FUNCTION deposit(p_deposit bytea, p_id uuid, p_body bytea, p_limit integer,
	p_token bytea, p_request bytea, p_epoch integer, OUT code integer, OUT mailbox bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
DECLARE
	v_box bytea;
	v_keep smallint;
	v_inbox boolean;
BEGIN
	-- What a token has paid for stays done, even if it was fetched and the mailbox is full of others by now.
	IF p_token IS NOT NULL AND EXISTS (SELECT FROM spent s WHERE s.epoch = p_epoch AND s.operation = 4
		AND s.token = p_token AND s.request = p_request) THEN
		code := 1;
		RETURN;
	END IF;
	SELECT m.id, m.keep_days, m.inbox INTO v_box, v_keep, v_inbox FROM mailbox m WHERE m.deposit_hash = p_deposit;
	mailbox := v_box;
	IF NOT FOUND THEN
		code := 3;
		RETURN;
	END IF;
	IF EXISTS (SELECT FROM blob b WHERE b.mailbox = v_box OFFSET p_limit - 1) THEN
		code := CASE WHEN EXISTS (SELECT FROM blob b WHERE b.mailbox = v_box AND b.id = p_id) THEN 1 ELSE 2 END;
		RETURN;
	END IF;
	IF v_inbox THEN
		IF EXISTS (SELECT FROM blob b WHERE b.mailbox = v_box AND b.id = p_id) THEN
			code := 1;
			RETURN;
		END IF;
		code := spend(4, p_token, p_request, p_epoch);
		IF code > 0 THEN
			RETURN;
		END IF;
	END IF;
	INSERT INTO blob (mailbox, id, expires_on, head, body)
		VALUES (v_box, p_id, current_date + v_keep, substring(p_body FOR 104), substring(p_body FROM 105))
		ON CONFLICT DO NOTHING;
	code := CASE WHEN FOUND THEN 0 ELSE 1 END;
END
$$;
REVOKE ALL ON FUNCTION deposit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deposit TO blobd;
