-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Credentials for a side of a call are paid: code 0, the same request again too; or 4: not paid.
CREATE FUNCTION turn_pay(p_token bytea, p_request bytea, p_epoch integer, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	code := CASE WHEN spend(6, p_token, p_request, p_epoch) = 4 THEN 4 ELSE 0 END;
END
$$;
REVOKE ALL ON FUNCTION turn_pay FROM PUBLIC;
GRANT EXECUTE ON FUNCTION turn_pay TO bridged;
