/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bundles: made, signed, sealed; opened, checked. What is opened comes from a server that may lie.
 */
#include "client/lib/bundle.h"

#include "client/lib/signal_provider.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

enum {
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	PLAIN_BYTES = BUNDLE_BYTES - NONCE - TAG,
	SIGNED_BYTES = PLAIN_BYTES -
			SIGNATURE_BYTES, /* fields, then zeros; the signature covers all of it */
	BUNDLE_VERSION = 1,
};

#define PURPOSE "sotto/bundle/v1"

SIGNAL_DEFINE_OWNED(ec_public_key)
SIGNAL_DEFINE_OWNED(ec_private_key)
SIGNAL_DEFINE_OWNED(ec_key_pair)
SIGNAL_DEFINE_OWNED(session_pre_key)
SIGNAL_DEFINE_OWNED(session_signed_pre_key)

bool guard_is_low_order(const uint8_t key[static 32])
{
	static const uint8_t any[32] = { 8 }; /* clamped by the multiplication */
	uint8_t shared[32];

	return crypto_scalarmult(shared, any, key) != 0;
}

/* --- signatures --------------------------------------------------------- */

static void signed_message(uint8_t out[static sizeof PURPOSE - 1 + UUID_BYTES + SIGNED_BYTES],
		const uint8_t *uuid, const uint8_t *fields)
{
	memcpy(out, PURPOSE, sizeof PURPOSE - 1);
	memcpy(out + sizeof PURPOSE - 1, uuid, UUID_BYTES);
	memcpy(out + sizeof PURPOSE - 1 + UUID_BYTES, fields, SIGNED_BYTES);
}

static int sign(struct profile *p, uint8_t out[static SIGNATURE_BYTES], const uint8_t *message,
		size_t len)
{
	SIGNAL_OWNED(ec_private_key) *secret = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *signature = NULL;
	uint8_t bytes[32];
	const struct q_blob into = { bytes, sizeof bytes };
	int rc = q_blob(&into, p->db, "SELECT value FROM meta WHERE name = 'identity secret'", "");

	if (rc)
		return E_IO;
	rc = curve_decode_private_point(&secret, bytes, sizeof bytes, p->signal);
	sodium_memzero(bytes, sizeof bytes);
	if (rc || curve_calculate_signature(p->signal, &signature, secret, message, len) ||
			signal_buffer_len(signature) != SIGNATURE_BYTES)
		return E_CRYPTO;
	memcpy(out, signal_buffer_data(signature), SIGNATURE_BYTES);
	return 0;
}

static bool verify(struct profile *p, const uint8_t identity[static 32], const uint8_t *message,
		size_t len, const uint8_t *signature)
{
	SIGNAL_OWNED(ec_public_key) *key = NULL;
	uint8_t serialised[33] = { 0x05 };

	memcpy(serialised + 1, identity, 32);
	return curve_decode_point(&key, serialised, sizeof serialised, p->signal) == 0 &&
			curve_verify_signature(key, message, len, signature, SIGNATURE_BYTES) == 1;
}

/* --- bytes -------------------------------------------------------------- */

static void write_fields(uint8_t out[static SIGNED_BYTES], const struct bundle *b)
{
	struct writer w = writer_over(out, SIGNED_BYTES);

	writer_u8(&w, BUNDLE_VERSION);
	writer_copy(&w, b->identity, sizeof b->identity);
	writer_u32(&w, b->registration_id);
	writer_u32(&w, b->signed_id);
	writer_copy(&w, b->signed_key, sizeof b->signed_key);
	writer_copy(&w, b->signed_signature, sizeof b->signed_signature);
	writer_u32(&w, b->prekey_id);
	writer_copy(&w, b->prekey, sizeof b->prekey);
	writer_copy(&w, b->sealing, sizeof b->sealing);
	writer_copy(&w, b->inbox.b, sizeof b->inbox.b);
	writer_zeros(&w);
}

static int read_fields(struct bundle *out, const uint8_t *bytes)
{
	struct reader rd = reader_over(bytes, SIGNED_BYTES);
	uint8_t version = reader_u8(&rd);

	reader_copy(&rd, out->identity, sizeof out->identity);
	out->registration_id = reader_u32(&rd);
	out->signed_id = reader_u32(&rd);
	reader_copy(&rd, out->signed_key, sizeof out->signed_key);
	reader_copy(&rd, out->signed_signature, sizeof out->signed_signature);
	out->prekey_id = reader_u32(&rd);
	reader_copy(&rd, out->prekey, sizeof out->prekey);
	reader_copy(&rd, out->sealing, sizeof out->sealing);
	reader_copy(&rd, out->inbox.b, sizeof out->inbox.b);
	return reader_zeros(&rd) && version == BUNDLE_VERSION && out->signed_id ? 0 : BUNDLE_BAD;
}

static int seal(struct profile *p, uint8_t out[static BUNDLE_BYTES], const struct bundle *b,
		const struct home *home)
{
	uint8_t plain[PLAIN_BYTES], message[sizeof PURPOSE - 1 + UUID_BYTES + SIGNED_BYTES];
	int rc;

	write_fields(plain, b);
	signed_message(message, home->uuid, plain);
	rc = sign(p, plain + SIGNED_BYTES, message, sizeof message);
	if (rc)
		return rc;
	randombytes_buf(out, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, plain, sizeof plain,
			home->uuid, UUID_BYTES, NULL, out, home->bundle_key.b);
	return 0;
}

int bundle_open(struct bundle *out, struct profile *p, const struct contact_link *link,
		const uint8_t sealed[static BUNDLE_BYTES])
{
	uint8_t plain[PLAIN_BYTES], message[sizeof PURPOSE - 1 + UUID_BYTES + SIGNED_BYTES],
			hash[HASH_BYTES];
	uint8_t spk[33] = { 0x05 };

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + NONCE,
			    BUNDLE_BYTES - NONCE, link->uuid, UUID_BYTES, sealed,
			    link->bundle_key.b) != 0 ||
			read_fields(out, plain))
		return BUNDLE_BAD;
	link_identity_hash(hash, out->identity);
	if (sodium_memcmp(hash, link->identity_hash, sizeof hash) != 0)
		return BUNDLE_BAD;
	if (guard_is_low_order(out->identity) || guard_is_low_order(out->signed_key) ||
			(out->prekey_id && guard_is_low_order(out->prekey)))
		return BUNDLE_BAD;
	signed_message(message, link->uuid, plain);
	memcpy(spk + 1, out->signed_key, 32);
	if (!verify(p, out->identity, message, sizeof message, plain + SIGNED_BYTES) ||
			!verify(p, out->identity, spk, sizeof spk, out->signed_signature))
		return BUNDLE_BAD;
	return 0;
}

/* --- making our own ----------------------------------------------------- */

static int public_bytes(uint8_t out[static 32], const ec_public_key *key)
{
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *serialised = NULL;

	if (ec_public_key_serialize(&serialised, key) || signal_buffer_len(serialised) != 33)
		return E_CRYPTO;
	memcpy(out, signal_buffer_data(serialised) + 1, 32);
	return 0;
}

static int make_signed_prekey(struct profile *p, const struct home *home, uint32_t id)
{
	SIGNAL_OWNED(session_signed_pre_key) *key = NULL;
	SIGNAL_OWNED(ratchet_identity_key_pair) *pair = NULL;

	if (signal_protocol_identity_get_key_pair(p->stores, &pair) ||
			signal_protocol_key_helper_generate_signed_pre_key(&key, pair, id,
					(uint64_t)profile_now(p) * 1000, p->signal) ||
			signal_protocol_signed_pre_key_store_key(p->stores, key))
		return E_CRYPTO;
	return q_run(p->db, "UPDATE home SET generation = ?, generation_s = ? WHERE id = ?", "iii",
			(int64_t)id, profile_now(p), home->id);
}

/* The signed prekey that all bundles of the generation share. */
static int signed_prekey(struct profile *p, const struct home *home, struct bundle *b, uint32_t id)
{
	SIGNAL_OWNED(session_signed_pre_key) *key = NULL;
	int rc = 0;

	if (!signal_protocol_signed_pre_key_contains_key(p->stores, id))
		rc = make_signed_prekey(p, home, id);
	if (rc)
		return rc;
	if (signal_protocol_signed_pre_key_load_key(p->stores, &key, id))
		return E_CRYPTO;
	b->signed_id = id;
	memcpy(b->signed_signature, session_signed_pre_key_get_signature(key), SIGNATURE_BYTES);
	return public_bytes(b->signed_key,
			ec_key_pair_get_public(session_signed_pre_key_get_key_pair(key)));
}

static int one_time_prekey(struct profile *p, struct bundle *b)
{
	SIGNAL_OWNED(ec_key_pair) *pair = NULL;
	SIGNAL_OWNED(session_pre_key) *key = NULL;
	int64_t id;
	int rc = q_number(&id, p->db,
			"INSERT INTO meta VALUES ('next prekey', 2) ON CONFLICT (name) DO UPDATE "
			"SET value = value + 1 RETURNING value - 1",
			"");

	if (rc)
		return E_IO;
	if (curve_generate_key_pair(p->signal, &pair) ||
			session_pre_key_create(&key, (uint32_t)id, pair) ||
			signal_protocol_pre_key_store_key(p->stores, key))
		return E_CRYPTO;
	b->prekey_id = (uint32_t)id;
	return public_bytes(b->prekey, ec_key_pair_get_public(pair));
}

static int sealing_key(struct profile *p, const struct home *home, struct bundle *b)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	uint8_t hash[HASH_BYTES];

	hpke_keypair(b->sealing, secret.b);
	crypto_hash_sha256(hash, b->sealing, sizeof b->sealing);
	return q_run(p->db,
			"INSERT INTO sealing (turn, signed, prekey, key_hash, public, secret, "
			"home) VALUES (0, ?, ?, ?, ?, ?, ?)",
			"iibbbi", (int64_t)b->signed_id, (int64_t)b->prekey_id, hash, sizeof hash,
			b->sealing, sizeof b->sealing, secret.b, sizeof secret.b, home->id);
}

/* It was left and forgotten meanwhile. */
static int gone(int rc)
{
	return rc == STORE_NONE ? HOME_NONE : rc;
}

static int make_all(struct profile *p, const struct home *home, struct bundle_batch *out,
		uint32_t generation)
{
	struct bundle b = { .registration_id = p->registration_id };
	const struct q_blob inbox = { b.inbox.b, sizeof b.inbox.b };
	int rc = q_blob(&inbox, p->db,
			"SELECT deposit FROM mailbox WHERE kind = 0 AND home = ? "
			"ORDER BY id DESC LIMIT 1",
			"i", home->id);

	memcpy(b.identity, p->identity, sizeof b.identity);
	out->generation = generation;
	rc = rc ? gone(rc) : signed_prekey(p, home, &b, generation);
	rc = rc ? rc : sealing_key(p, home, &b);
	rc = rc ? rc : seal(p, out->last_resort, &b, home);
	for (int i = 0; rc == 0 && i < BUNDLES_PER_PUT; i++) {
		rc = one_time_prekey(p, &b);
		rc = rc ? rc : sealing_key(p, home, &b);
		rc = rc ? rc : seal(p, out->one_time[i], &b, home);
	}
	sodium_memzero(&b, sizeof b);
	return rc;
}

int bundle_make_batch(struct profile *p, const struct home *home, struct bundle_batch *out,
		uint32_t generation)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, make_all(p, home, out, generation));
}

int bundle_newest(uint32_t *out, int64_t *out_made_s, struct profile *p, const struct home *home)
{
	int64_t id = 0;
	int rc = q_number(&id, p->db, "SELECT generation FROM home WHERE id = ?", "i", home->id);

	rc = rc ? rc
		: q_number(out_made_s, p->db, "SELECT generation_s FROM home WHERE id = ?", "i",
				  home->id);
	*out = (uint32_t)id;
	return gone(rc);
}

int bundle_next(uint32_t *out, struct profile *p, uint32_t above)
{
	int64_t id = 0;
	int rc = q_number(&id, p->db,
			"SELECT 1 + max(?, (SELECT coalesce(max(generation), 0) FROM home), "
			"(SELECT coalesce(max(id), 0) FROM signed_prekey))",
			"i", (int64_t)above);

	*out = (uint32_t)id;
	return rc ? E_IO : 0;
}

static int supersede(struct profile *p, const struct home *home, int64_t below)
{
	return q_run(p->db,
			"UPDATE sealing SET superseded_s = ? WHERE turn = 0 AND base IS NULL AND "
			"home = ? AND signed < ? AND superseded_s IS NULL",
			"iii", profile_now(p), home->id, below);
}

int bundle_confirmed(struct profile *p, const struct home *home, uint32_t generation)
{
	return supersede(p, home, generation);
}

int bundle_ended(struct profile *p, const struct home *home)
{
	return supersede(p, home, INT64_MAX);
}
