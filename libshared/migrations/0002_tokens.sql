-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Anonymous tokens: what was spent, what issuing was paid with, invites, and who may register.

-- One partition an epoch, spent_<epoch>: sottoctl attaches them ahead and drops them with their key.
CREATE TABLE spent (
	epoch integer NOT NULL,
	operation smallint NOT NULL CHECK (operation BETWEEN 1 AND 6),
	token bytea NOT NULL CHECK (octet_length(token) = 32),
	request bytea NOT NULL CHECK (octet_length(request) = 32),
	PRIMARY KEY (epoch, operation, token)
) PARTITION BY LIST (epoch);
COMMENT ON TABLE spent IS 'Tokens that have paid. Nothing leads from one to whoever it was issued to.';
COMMENT ON COLUMN spent.epoch IS 'Of the issuing key: unix day / 30.';
COMMENT ON COLUMN spent.operation IS '1 account, 2 prekey, 3 mailbox, 4 inbox, 5 chunk, 6 turn.';
COMMENT ON COLUMN spent.token IS 'BLAKE2b-256 of the token.';
COMMENT ON COLUMN spent.request IS 'Hash of the request it paid for, which may be repeated.';

CREATE TABLE invite (
	uses integer NOT NULL CHECK (uses > 0),
	expires_on date NOT NULL,
	code bytea PRIMARY KEY CHECK (octet_length(code) = 32)
);
COMMENT ON TABLE invite IS 'Each use buys one account token. Accounts do not name the invite they came by.';
COMMENT ON COLUMN invite.uses IS 'How many batches it buys in all.';
COMMENT ON COLUMN invite.expires_on IS 'The last day on which it does.';
COMMENT ON COLUMN invite.code IS 'BLAKE2b-256 of the code in the link.';

-- Slots are filled without a gap: their number is what was bought. The request makes a repeat known.
CREATE TABLE issued (
	slot integer NOT NULL,
	ends_on date NOT NULL,
	payment bytea NOT NULL CHECK (octet_length(payment) = 32),
	request bytea NOT NULL CHECK (octet_length(request) = 32),
	PRIMARY KEY (payment, ends_on, slot)
);
COMMENT ON TABLE issued IS 'Batches that were paid for: by an invite, by work, out of an account''s allowance.';
COMMENT ON COLUMN issued.slot IS 'Which batch of this payment.';
COMMENT ON COLUMN issued.ends_on IS 'The last day of the invite or the work; the day of the allowance.';
COMMENT ON COLUMN issued.payment IS 'Hash of the invite''s code, of the challenge, or of account and operation.';
COMMENT ON COLUMN issued.request IS 'Hash of the request, blinded elements and all.';

CREATE TABLE policy (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	registration text NOT NULL CHECK (registration IN ('open', 'invite', 'closed'))
);
COMMENT ON TABLE policy IS 'One row.';
COMMENT ON COLUMN policy.one IS 'Always true.';
COMMENT ON COLUMN policy.registration IS 'Who may register: those who work for it, those with an invite, nobody.';
INSERT INTO policy (registration) VALUES ('invite');
