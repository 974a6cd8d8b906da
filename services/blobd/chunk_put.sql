-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Keep a piece of a file for a token. code 0 stored, 1 same again (the first body stays), 2 no room, 3 id taken by
-- another, 4 not paid. One that is there needs no token. A token whose piece was ended since answers its own request.
CREATE FUNCTION chunk_put(p_id uuid, p_read bytea, p_delete bytea, p_days smallint, p_body bytea, p_full boolean,
	p_token bytea, p_request bytea, p_epoch integer, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM chunk c WHERE c.id = p_id) THEN
		code := CASE WHEN EXISTS (SELECT FROM spent s WHERE s.epoch = p_epoch AND s.operation = 5
			AND s.token = p_token AND s.request = p_request) THEN 1 WHEN p_full THEN 2
			ELSE spend(5, p_token, p_request, p_epoch) END;
		IF code > 0 THEN
			RETURN;
		END IF;
		INSERT INTO chunk (expires_on, large, id, read_hash, delete_hash, body)
			VALUES (current_date + p_days, octet_length(p_body) > 65536, p_id, p_read, p_delete, p_body)
			ON CONFLICT DO NOTHING;
		IF FOUND THEN
			RETURN;
		END IF;
		-- Made by another request meanwhile: nothing was bought.
		DELETE FROM spent s WHERE s.epoch = p_epoch AND s.operation = 5 AND s.token = p_token;
	END IF;
	code := CASE WHEN EXISTS (SELECT FROM chunk c
		WHERE c.id = p_id AND c.read_hash = p_read AND c.delete_hash = p_delete) THEN 1 ELSE 3 END;
END
$$;
REVOKE ALL ON FUNCTION chunk_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chunk_put TO blobd;
