-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Pieces of files. Whoever made a piece or was given its secrets reads or ends it; nothing says who that is.

CREATE TABLE chunk (
	expires_on date NOT NULL,
	large boolean NOT NULL,
	id uuid PRIMARY KEY,
	read_hash bytea NOT NULL CHECK (octet_length(read_hash) = 32),
	delete_hash bytea NOT NULL CHECK (octet_length(delete_hash) = 32),
	body bytea NOT NULL CHECK (octet_length(body) = CASE WHEN large THEN 1048576 ELSE 65536 END)
);
ALTER TABLE chunk ALTER body SET STORAGE EXTERNAL;
COMMENT ON TABLE chunk IS 'Encrypted pieces of files, of two sizes, out of line and not compressed.';
COMMENT ON COLUMN chunk.expires_on IS 'The last day on which it is kept.';
COMMENT ON COLUMN chunk.large IS 'Which of the two sizes.';
COMMENT ON COLUMN chunk.id IS 'The sender''s Idempotency-Key.';
COMMENT ON COLUMN chunk.read_hash IS 'BLAKE2b-256 of the secret that reads it.';
COMMENT ON COLUMN chunk.delete_hash IS 'BLAKE2b-256 of the secret that ends it.';
COMMENT ON COLUMN chunk.body IS 'Ciphertext.';

-- How much there is, without reading a row.
CREATE INDEX chunk_large ON chunk (large);
