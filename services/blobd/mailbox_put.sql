-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Make a mailbox for a token. code 0 made, 1 same again (same id and deposit hash), 2 id or hash taken by another, 4 not
-- paid. One that is there needs no token. A token whose mailbox was ended since answers its own request as at first.
CREATE FUNCTION mailbox_put(p_mailbox bytea, p_deposit bytea, p_keep_days smallint, p_inbox boolean,
	p_token bytea, p_request bytea, p_epoch integer, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM mailbox m WHERE m.id = p_mailbox)
		AND NOT EXISTS (SELECT FROM mailbox m WHERE m.deposit_hash = p_deposit) THEN
		code := spend(3, p_token, p_request, p_epoch);
		IF code > 0 THEN
			RETURN;
		END IF;
		INSERT INTO mailbox (id, deposit_hash, keep_days, inbox)
			VALUES (p_mailbox, p_deposit, p_keep_days, p_inbox) ON CONFLICT DO NOTHING;
		IF FOUND THEN
			RETURN;
		END IF;
		-- Made by another request meanwhile: nothing was bought.
		DELETE FROM spent s WHERE s.epoch = p_epoch AND s.operation = 3 AND s.token = p_token;
	END IF;
	code := CASE WHEN EXISTS (SELECT FROM mailbox m WHERE m.id = p_mailbox AND m.deposit_hash = p_deposit)
		THEN 1 ELSE 2 END;
END
$$;
REVOKE ALL ON FUNCTION mailbox_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailbox_put TO blobd;
