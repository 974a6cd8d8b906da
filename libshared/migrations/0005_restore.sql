-- SPDX-License-Identifier: AGPL-3.0-or-later
-- A backup has no bundles: an account that was restored has none at all until its owner's client comes by.
ALTER TABLE account ALTER last_resort DROP NOT NULL;
COMMENT ON COLUMN account.last_resort IS 'Sealed bundle for when no one-time bundle is left; NULL: restored, not refilled yet.';
