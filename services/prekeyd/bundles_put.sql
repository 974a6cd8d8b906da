-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Refill or renewal. code 0 taken, 1 nothing changed, 3 no such account. p_bundles is 50 bundles of 2048 in a row.
-- Taken only if p_from is the next number, the generation is not older and there is room: 100 are held at most.
CREATE FUNCTION bundles_put(p_account uuid, p_owner bytea, p_generation bigint, p_from bigint,
	p_last_resort bytea, p_bundles bytea, OUT code integer, OUT generation bigint, OUT next_number bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	SELECT a.generation, a.next_number INTO generation, next_number
		FROM account a WHERE a.id = p_account AND a.owner_key = p_owner FOR UPDATE;
	IF NOT FOUND THEN
		code := 3;
		RETURN;
	END IF;
	UPDATE account a SET seen_on = current_date WHERE a.id = p_account AND a.seen_on < current_date;
	IF p_from <> next_number OR p_generation < generation OR (p_generation = generation AND
		EXISTS (SELECT FROM bundle b WHERE b.account = p_account AND b.token IS NULL OFFSET 50)) THEN
		code := 1;
		RETURN;
	END IF;
	DELETE FROM bundle b WHERE b.account = p_account AND b.generation < p_generation AND b.token IS NULL;
	INSERT INTO bundle (account, number, generation, head, body)
		SELECT p_account, p_from + i, p_generation, substring(p_bundles FROM i * 2048 + 1 FOR 52),
			substring(p_bundles FROM i * 2048 + 53 FOR 1996)
		FROM generate_series(0, 49) i;
	generation := p_generation;
	next_number := p_from + 50;
	UPDATE account a SET generation = p_generation, next_number = p_from + 50, last_resort = p_last_resort
		WHERE a.id = p_account;
	code := 0;
END
$$;
REVOKE ALL ON FUNCTION bundles_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bundles_put TO prekeyd;
