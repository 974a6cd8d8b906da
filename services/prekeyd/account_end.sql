-- SPDX-License-Identifier: AGPL-3.0-or-later
-- End an account with its bundles. code 0 ended, 3 there was none: the client gets the same answer.
CREATE FUNCTION account_end(p_account uuid, p_owner bytea, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	DELETE FROM account a WHERE a.id = p_account AND a.owner_key = p_owner;
	IF FOUND THEN
		DELETE FROM bundle b WHERE b.account = p_account;
		code := 0;
	ELSE
		code := 3;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION account_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_end TO prekeyd;
