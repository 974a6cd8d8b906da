-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Hand out one sealed bundle for a token: code 0 with it and how many are left (20 stands for 20 or more), 3 no such
-- account, or one that was restored and not refilled yet, 4 not paid. Each one-time bundle goes to exactly one token, then the last resort to all others. The token is
-- spent first: a second request with the same one waits for the first to commit and then sees what that one got.
CREATE FUNCTION bundle_take(p_account uuid, p_token bytea, p_request bytea, p_epoch integer,
	OUT code integer, OUT bundle bytea, OUT n_left integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
DECLARE
	v_last_resort bytea;
BEGIN
	SELECT a.last_resort INTO v_last_resort FROM account a WHERE a.id = p_account;
	IF v_last_resort IS NULL THEN
		code := 3;
		RETURN;
	END IF;
	code := spend(2, p_token, p_request, p_epoch);
	IF code = 4 THEN
		RETURN;
	END IF;
	IF code = 0 THEN
		UPDATE bundle b SET token = p_token, taken_on = current_date
			WHERE b.account = p_account AND b.number = (SELECT f.number FROM bundle f
				WHERE f.account = p_account AND f.token IS NULL
				ORDER BY f.number LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING b.head || b.body INTO bundle;
	ELSE
		SELECT b.head || b.body INTO bundle FROM bundle b WHERE b.account = p_account AND b.token = p_token;
	END IF;
	code := 0;
	bundle := coalesce(bundle, v_last_resort);
	SELECT count(*) INTO n_left
		FROM (SELECT FROM bundle b WHERE b.account = p_account AND b.token IS NULL LIMIT 20) few;
END
$$;
REVOKE ALL ON FUNCTION bundle_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bundle_take TO prekeyd;
