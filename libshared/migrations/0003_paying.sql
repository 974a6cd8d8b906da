-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Bundles are handed out for a token; that it is spent tells of a repeat.
ALTER TABLE bundle ADD taken_on date;
UPDATE bundle SET taken_on = current_date WHERE token IS NOT NULL;
COMMENT ON COLUMN bundle.token IS 'BLAKE2b-256 of the token it was handed out for; NULL: not handed out.';
COMMENT ON COLUMN bundle.taken_on IS 'Day of handing out; a day or two later the sweep deletes the row.';
COMMENT ON COLUMN mailbox.inbox IS 'Deposits by strangers: each costs a token.';
DROP TABLE handout;
