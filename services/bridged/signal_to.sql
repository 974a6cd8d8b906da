-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Whose mailbox has this deposit secret? code 0 and the mailbox, or 3: nobody's. Nothing is written.
CREATE FUNCTION signal_to(p_deposit bytea, OUT code integer, OUT mailbox bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	SELECT m.id INTO mailbox FROM mailbox m WHERE m.deposit_hash = p_deposit;
	code := CASE WHEN FOUND THEN 0 ELSE 3 END;
END
$$;
REVOKE ALL ON FUNCTION signal_to FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal_to TO bridged;
