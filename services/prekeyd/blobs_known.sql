-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The same as blobs_held, for prekeyd, which tells everybody how many a mailbox takes at present.
CREATE FUNCTION blobs_known(OUT n bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = sotto, pg_temp AS $$
BEGIN
	n := blobs_held();
END
$$;
REVOKE ALL ON FUNCTION blobs_known FROM PUBLIC;
GRANT EXECUTE ON FUNCTION blobs_known TO prekeyd;
