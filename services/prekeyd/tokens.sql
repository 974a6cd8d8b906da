-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Pay for a batch of tokens. code 0 paid, 1 it was, by this very request, 3 not paid.
-- p_kind 1, invite: p_payment is the hash of its code; how often and until when it pays stands in its row.
-- p_kind 2, work: the hash of its challenge. p_open: it counts only where everybody may register.
-- p_kind 3, allowance: the hash of account and operation.
-- p_limit batches are bought with it until p_day (a unix day); 0: it is over, only a repeat is answered.
-- Two that pay at once with the same thing meet in its next slot: the second waits, and looks again.
CREATE FUNCTION tokens_pay(p_payment bytea, p_request bytea, p_kind smallint, p_open boolean, p_limit integer,
	p_day integer, p_account uuid, p_owner bytea, OUT code integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
DECLARE
	v_registration text;
	v_limit integer := p_limit;
	v_ends_on date := date '1970-01-01' + p_day;
	v_slot integer;
BEGIN
	SELECT p.registration INTO v_registration FROM policy p;
	IF p_kind = 1 THEN
		SELECT i.uses, i.expires_on INTO v_limit, v_ends_on FROM invite i
			WHERE i.code = p_payment AND i.expires_on >= current_date AND v_registration <> 'closed';
		IF NOT FOUND THEN
			v_limit := 0;
		END IF;
	ELSIF p_kind = 2 THEN
		IF p_open AND v_registration <> 'open' THEN
			v_limit := 0;
		END IF;
	ELSE
		UPDATE account a SET seen_on = current_date
			WHERE a.id = p_account AND a.owner_key = p_owner AND a.seen_on < current_date;
		IF NOT EXISTS (SELECT FROM account a WHERE a.id = p_account AND a.owner_key = p_owner) THEN
			v_limit := 0;
		END IF;
	END IF;
	LOOP
		IF EXISTS (SELECT FROM issued i WHERE i.payment = p_payment AND i.request = p_request) THEN
			code := 1;
			RETURN;
		END IF;
		SELECT coalesce(max(i.slot) + 1, 0) INTO v_slot
			FROM issued i WHERE i.payment = p_payment AND i.ends_on = v_ends_on;
		IF v_slot >= v_limit THEN
			code := 3;
			RETURN;
		END IF;
		INSERT INTO issued (slot, ends_on, payment, request) VALUES (v_slot, v_ends_on, p_payment, p_request)
			ON CONFLICT DO NOTHING;
		IF FOUND THEN
			code := 0;
			RETURN;
		END IF;
	END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tokens_pay FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tokens_pay TO prekeyd;
