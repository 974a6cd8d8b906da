-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Where an account stands. code 0, or 3 no such account.
CREATE FUNCTION bundles_count(p_account uuid, p_owner bytea,
	OUT code integer, OUT generation bigint, OUT next_number bigint, OUT n_left integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	UPDATE account a SET seen_on = current_date
		WHERE a.id = p_account AND a.owner_key = p_owner AND a.seen_on < current_date;
	SELECT a.generation, a.next_number INTO generation, next_number
		FROM account a WHERE a.id = p_account AND a.owner_key = p_owner;
	IF NOT FOUND THEN
		code := 3;
		RETURN;
	END IF;
	code := 0;
	SELECT count(*) INTO n_left FROM bundle b WHERE b.account = p_account AND b.token IS NULL;
END
$$;
REVOKE ALL ON FUNCTION bundles_count FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bundles_count TO prekeyd;
