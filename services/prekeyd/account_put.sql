-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Register. code 0 made, 1 same owner again (the first bundle stays), 2 taken by another owner.
CREATE FUNCTION account_put(p_account uuid, p_owner bytea, p_last_resort bytea,
	OUT code integer, OUT generation bigint, OUT next_number bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	INSERT INTO account (id, owner_key, last_resort) VALUES (p_account, p_owner, p_last_resort)
		ON CONFLICT DO NOTHING;
	code := CASE WHEN FOUND THEN 0 ELSE 1 END;
	SELECT a.generation, a.next_number INTO generation, next_number
		FROM account a WHERE a.id = p_account AND a.owner_key = p_owner;
	IF NOT FOUND THEN
		code := 2;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION account_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_put TO prekeyd;
