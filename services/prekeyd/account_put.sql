-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Register for a token. code 0 made, 1 same owner again (the first bundle stays), 2 taken by another owner, 4 not paid.
-- Who owns the account needs no token. A token whose account was ended since answers its own request as at first.
CREATE FUNCTION account_put(p_account uuid, p_owner bytea, p_last_resort bytea,
	p_token bytea, p_request bytea, p_epoch integer,
	OUT code integer, OUT generation bigint, OUT next_number bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	code := 1;
	IF NOT EXISTS (SELECT FROM account a WHERE a.id = p_account) THEN
		code := spend(1, p_token, p_request, p_epoch);
		IF code = 4 THEN
			RETURN;
		END IF;
		IF code = 0 THEN
			INSERT INTO account (id, owner_key, last_resort) VALUES (p_account, p_owner, p_last_resort)
				ON CONFLICT DO NOTHING;
			IF NOT FOUND THEN -- made by another request meanwhile: nothing was bought
				DELETE FROM spent s WHERE s.epoch = p_epoch AND s.operation = 1 AND s.token = p_token;
				code := 1;
			END IF;
		END IF;
	END IF;
	SELECT a.generation, a.next_number INTO generation, next_number
		FROM account a WHERE a.id = p_account AND a.owner_key = p_owner;
	IF NOT FOUND THEN
		IF EXISTS (SELECT FROM account a WHERE a.id = p_account) THEN
			code := 2;
		END IF;
		generation := 0;
		next_number := 1;
	END IF;
END
$$;
REVOKE ALL ON FUNCTION account_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_put TO prekeyd;
