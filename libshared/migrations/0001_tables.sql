-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The tables. No time is finer than a day, no row holds a network address, no number of these reaches a client.
-- No foreign keys: they would lock mailbox rows and cost a fifth of the deposits; the sweep deletes orphans.
-- No surrogate keys: a short one would save 126 bytes a blob, and tell in which order mailboxes were made.

CREATE TABLE mailbox (
	made_on date NOT NULL DEFAULT current_date,
	seen_on date NOT NULL DEFAULT current_date,
	keep_days smallint NOT NULL CHECK (keep_days BETWEEN 1 AND 21),
	inbox boolean NOT NULL,
	id bytea NOT NULL CHECK (octet_length(id) = 32),
	deposit_hash bytea NOT NULL CHECK (octet_length(deposit_hash) = 32),
	PRIMARY KEY (id),
	EXCLUDE USING hash (deposit_hash WITH =)
) WITH (fillfactor = 90);
COMMENT ON TABLE mailbox IS 'Where blobs wait. One per pair of contacts and direction; nothing says whose.';
COMMENT ON COLUMN mailbox.made_on IS 'Day of making.';
COMMENT ON COLUMN mailbox.seen_on IS 'Day of the owner''s last fetch; after 90 days the sweep ends the mailbox.';
COMMENT ON COLUMN mailbox.keep_days IS 'How long its blobs are kept.';
COMMENT ON COLUMN mailbox.inbox IS 'Deposits by strangers: will need a token.';
COMMENT ON COLUMN mailbox.id IS 'BLAKE2b-256 of the owner''s public key.';
COMMENT ON COLUMN mailbox.deposit_hash IS 'BLAKE2b-256 of the deposit secret. Unique, else mail could be diverted.';

-- Cache 1: a larger one buys nothing and would mix the order of two instances.
CREATE SEQUENCE blob_seq AS bigint;
COMMENT ON SEQUENCE blob_seq IS 'Order of arrival, over all mailboxes.';

-- 4096 bytes as 104 inline and 3992 out of line: two whole TOAST chunks, a fifth smaller on disk than one column.
CREATE TABLE blob (
	mailbox bytea NOT NULL CHECK (octet_length(mailbox) = 32),
	seq bigint NOT NULL DEFAULT nextval('sotto.blob_seq'),
	id uuid NOT NULL,
	expires_on date NOT NULL,
	head bytea NOT NULL CHECK (octet_length(head) = 104),
	body bytea NOT NULL CHECK (octet_length(body) = 3992),
	PRIMARY KEY (mailbox, seq),
	UNIQUE (mailbox, id)
);
ALTER TABLE blob ALTER head SET STORAGE PLAIN, ALTER body SET STORAGE EXTERNAL;
COMMENT ON TABLE blob IS 'Sealed packets of one size.';
COMMENT ON COLUMN blob.mailbox IS 'mailbox.id';
COMMENT ON COLUMN blob.seq IS 'Order of arrival; never leaves the database.';
COMMENT ON COLUMN blob.id IS 'The sender''s Idempotency-Key.';
COMMENT ON COLUMN blob.expires_on IS 'Day of arrival and the mailbox''s keep_days.';
COMMENT ON COLUMN blob.head IS 'Bytes 0 to 103.';
COMMENT ON COLUMN blob.body IS 'Bytes 104 to 4095.';

CREATE TABLE account (
	id uuid PRIMARY KEY,
	generation bigint NOT NULL DEFAULT 0,
	next_number bigint NOT NULL DEFAULT 1,
	made_on date NOT NULL DEFAULT current_date,
	seen_on date NOT NULL DEFAULT current_date,
	owner_key bytea NOT NULL CHECK (octet_length(owner_key) = 32),
	last_resort bytea NOT NULL CHECK (octet_length(last_resort) = 2048)
) WITH (fillfactor = 80);
ALTER TABLE account ALTER last_resort SET STORAGE EXTERNAL;
COMMENT ON TABLE account IS 'Exists so that strangers who hold a contact link can start a conversation.';
COMMENT ON COLUMN account.id IS 'Random UUID made by the client.';
COMMENT ON COLUMN account.generation IS 'Of the bundles; rises when the client renews its signed prekey.';
COMMENT ON COLUMN account.next_number IS 'Of the next one-time bundle; never starts again.';
COMMENT ON COLUMN account.made_on IS 'Day of registration.';
COMMENT ON COLUMN account.seen_on IS 'Day of the owner''s last request; after 90 days the sweep ends the account.';
COMMENT ON COLUMN account.owner_key IS 'X25519 public key.';
COMMENT ON COLUMN account.last_resort IS 'Sealed bundle for when no one-time bundle is left.';

CREATE TABLE bundle (
	account uuid NOT NULL,
	number bigint NOT NULL,
	generation bigint NOT NULL,
	token bytea CHECK (octet_length(token) = 32),
	head bytea NOT NULL CHECK (octet_length(head) = 52),
	body bytea NOT NULL CHECK (octet_length(body) = 1996),
	PRIMARY KEY (account, number)
) WITH (fillfactor = 80);
ALTER TABLE bundle ALTER head SET STORAGE PLAIN, ALTER body SET STORAGE EXTERNAL;
COMMENT ON TABLE bundle IS 'One-time prekey bundles, sealed: the server holds nobody''s public keys.';
COMMENT ON COLUMN bundle.account IS 'account.id';
COMMENT ON COLUMN bundle.number IS 'Order of handing out.';
COMMENT ON COLUMN bundle.generation IS 'Which signed prekey it belongs to.';
COMMENT ON COLUMN bundle.token IS 'Hash of the request it was handed to; NULL: not handed out.';
COMMENT ON COLUMN bundle.head IS 'Bytes 0 to 51.';
COMMENT ON COLUMN bundle.body IS 'Bytes 52 to 2047.';

CREATE TABLE handout (
	token bytea PRIMARY KEY CHECK (octet_length(token) = 32),
	account uuid NOT NULL,
	made_on date NOT NULL DEFAULT current_date
);
COMMENT ON TABLE handout IS 'Requests that got a bundle, so that a repeat gets the same one. Swept after a day.';
COMMENT ON COLUMN handout.token IS 'The request hash, until tokens exist.';
COMMENT ON COLUMN handout.account IS 'account.id';
COMMENT ON COLUMN handout.made_on IS 'Day of handing out.';
