-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who may register: registration 0 open, 1 invite, 2 closed.
CREATE FUNCTION server_policy(OUT registration integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	SELECT CASE p.registration WHEN 'open' THEN 0 WHEN 'invite' THEN 1 ELSE 2 END INTO registration FROM policy p;
END
$$;
REVOKE ALL ON FUNCTION server_policy FROM PUBLIC;
GRANT EXECUTE ON FUNCTION server_policy TO prekeyd;
