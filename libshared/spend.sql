-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Spend a token inside the function that it pays for; no daemon may call it. code 0 spent now, 1 spent before by this
-- very request, 4 there is none, or another request spent it. Whoever spends the same at this moment is waited for.
CREATE FUNCTION spend(p_operation integer, p_token bytea, p_request bytea, p_epoch integer, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	IF p_token IS NULL THEN
		code := 4;
		RETURN;
	END IF;
	INSERT INTO spent (epoch, operation, token, request) VALUES (p_epoch, p_operation, p_token, p_request)
		ON CONFLICT DO NOTHING;
	IF FOUND THEN
		code := 0;
	ELSIF EXISTS (SELECT FROM spent s WHERE s.epoch = p_epoch AND s.operation = p_operation
		AND s.token = p_token AND s.request = p_request) THEN
		code := 1;
	ELSE
		code := 4;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION spend FROM PUBLIC;
