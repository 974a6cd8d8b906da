/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Around the Signal library. It accepts keys of low order, so every key of a peer is looked at
 * before it sees them. */
#include "client/lib/session.h"

#include "client/lib/signal_provider.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { WIRE_VERSION = 3, DEVICE = 1 };

SIGNAL_DEFINE_OWNED(session_record)
SIGNAL_DEFINE_OWNED(ec_public_key)
SIGNAL_DEFINE_OWNED(session_pre_key_bundle)
SIGNAL_DEFINE_OWNED(ciphertext_message)
SIGNAL_DEFINE_OWNED(signal_message)
SIGNAL_DEFINE_OWNED(pre_key_signal_message)
DEFINE_CLEANUP(session_builder *, session_builder_free)
DEFINE_CLEANUP(session_cipher *, session_cipher_free)

static signal_protocol_address address_of(const uint8_t peer[static 32])
{
	return (signal_protocol_address){
		.name = (const char *)peer, .name_len = 32, .device_id = DEVICE
	};
}

/* Before a call into the library. */
static void watch(struct profile *p)
{
	p->failed = false;
}

/* What a library error means: a failure of ours, or `otherwise`. */
static int blame(const struct profile *p, int error, int otherwise)
{
	if (error == SG_ERR_NOMEM)
		return E_NOMEM;
	return p->failed ? E_IO : otherwise;
}

static int copy_public(uint8_t out[static BASE_BYTES], const ec_public_key *key)
{
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *bytes = NULL;

	if (!key || ec_public_key_serialize(&bytes, key) || signal_buffer_len(bytes) != BASE_BYTES)
		return E_CRYPTO;
	memcpy(out, signal_buffer_data(bytes), BASE_BYTES);
	return 0;
}

static int load(session_record **out, struct profile *p, const uint8_t peer[static 32])
{
	const signal_protocol_address address = address_of(peer);
	int rc;

	watch(p);
	rc = signal_protocol_session_contains_session(p->stores, &address);
	if (rc != 1)
		return blame(p, rc, SESSION_NONE);
	rc = signal_protocol_session_load_session(p->stores, out, &address, WIRE_VERSION);
	return rc ? blame(p, rc, E_CRYPTO) : 0;
}

int session_base(uint8_t out[static BASE_BYTES], struct profile *p, const uint8_t peer[static 32])
{
	SIGNAL_OWNED(session_record) *record = NULL;
	int rc = load(&record, p, peer);

	if (rc)
		return rc;
	return copy_public(out, session_state_get_alice_base_key(session_record_get_state(record)));
}

int session_size(size_t *out, struct profile *p, const uint8_t peer[static 32])
{
	SIGNAL_OWNED(session_record) *record = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *bytes = NULL;
	int rc = load(&record, p, peer);

	if (rc)
		return rc;
	rc = session_state_serialize(&bytes, session_record_get_state(record));
	if (rc)
		return blame(p, rc, E_CRYPTO);
	*out = signal_buffer_len(bytes);
	return 0;
}

/* --- what dies with a session ------------------------------------------- */

static bool has_session(const session_record *record, const uint8_t base[static BASE_BYTES])
{
	session_record_state_node *node = session_record_get_previous_states_head(record);
	uint8_t other[BASE_BYTES];

	for (; node; node = session_record_get_previous_states_next(node))
		if (copy_public(other,
				    session_state_get_alice_base_key(
						    session_record_get_previous_states_element(
								    node))) == 0 &&
				memcmp(other, base, sizeof other) == 0)
			return true;
	return false;
}

static int forget_base(struct profile *p, int64_t contact, const uint8_t base[static BASE_BYTES])
{
	int rc = q_run(p->db, "DELETE FROM peer_turn WHERE base = ?", "b", base,
			(size_t)BASE_BYTES);

	return rc ? rc
		  : q_run(p->db, "DELETE FROM sealing WHERE contact = ? AND base = ?", "ib",
				    contact, base, (size_t)BASE_BYTES);
}

int session_prune(struct profile *p, int64_t contact, const uint8_t peer[static 32])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	SIGNAL_OWNED(session_record) *record = NULL;
	uint8_t current[BASE_BYTES], base[BASE_BYTES];
	int rc = load(&record, p, peer);

	rc = rc ? rc : session_base(current, p, peer);
	rc = rc ? rc
		: q_open(&s, p->db, "SELECT base FROM peer_turn WHERE contact = ?", "i", contact);
	while (rc == 0 && sqlite3_step(s) == SQLITE_ROW)
		if (q_column(base, sizeof base, s, 0) && memcmp(base, current, sizeof base) != 0 &&
				!has_session(record, base))
			rc = forget_base(p, contact, base);
	return rc > 0 ? E_CRYPTO : rc;
}

/* --- starting ----------------------------------------------------------- */

static int decode(ec_public_key **out, struct profile *p, const uint8_t key[static 32])
{
	uint8_t serialised[33] = { 0x05 };

	memcpy(serialised + 1, key, 32);
	return curve_decode_point(out, serialised, sizeof serialised, p->signal) ? E_CRYPTO : 0;
}

static int library_bundle(session_pre_key_bundle **out, struct profile *p, const struct bundle *b)
{
	SIGNAL_OWNED(ec_public_key) *identity = NULL;
	SIGNAL_OWNED(ec_public_key) *signed_key = NULL;
	SIGNAL_OWNED(ec_public_key) *prekey = NULL;
	int rc = decode(&identity, p, b->identity);

	rc = rc ? rc : decode(&signed_key, p, b->signed_key);
	if (rc == 0 && b->prekey_id)
		rc = decode(&prekey, p, b->prekey);
	if (rc)
		return rc;
	return session_pre_key_bundle_create(out, b->registration_id, DEVICE, b->prekey_id, prekey,
			       b->signed_id, signed_key, b->signed_signature, SIGNATURE_BYTES,
			       identity)
			? E_CRYPTO
			: 0;
}

int session_start(struct profile *p, int64_t contact, const struct bundle *b)
{
	SIGNAL_OWNED(session_pre_key_bundle) *bundle = NULL;
	CLEANUP(session_builder_free) session_builder *builder = NULL;
	const signal_protocol_address address = address_of(b->identity);
	uint8_t base[BASE_BYTES];
	const struct peer_turn turn = { contact, base, 0, b->sealing };
	int rc = library_bundle(&bundle, p, b);

	if (rc)
		return rc;
	if (session_builder_create(&builder, p->stores, &address, p->signal))
		return E_NOMEM;
	session_builder_set_version(builder, WIRE_VERSION);
	watch(p);
	rc = session_builder_process_pre_key_bundle(builder, bundle);
	if (rc)
		return blame(p, rc, E_CRYPTO);
	rc = session_base(base, p, b->identity);
	rc = rc ? rc : turns_learn(p, &turn);
	rc = rc ? rc : session_prune(p, contact, b->identity);
	return rc > 0 ? E_CRYPTO : rc;
}

/* --- messages ----------------------------------------------------------- */

static int open_cipher(
		session_cipher **out, struct profile *p, const signal_protocol_address *address)
{
	if (session_cipher_create(out, p->stores, address, p->signal))
		return E_NOMEM;
	session_cipher_set_version(*out, WIRE_VERSION);
	watch(p);
	return 0;
}

int session_encrypt(struct inside *out, struct profile *p, const uint8_t peer[static 32],
		const uint8_t *plain, size_t len)
{
	SIGNAL_OWNED(ciphertext_message) *message = NULL;
	CLEANUP(session_cipher_free) session_cipher *cipher = NULL;
	const signal_protocol_address address = address_of(peer);
	const signal_buffer *bytes;
	int rc = open_cipher(&cipher, p, &address);

	if (rc)
		return rc;
	rc = session_cipher_encrypt(cipher, plain, len, &message);
	if (rc)
		return blame(p, rc, E_CRYPTO);
	bytes = ciphertext_message_get_serialized(message);
	if (signal_buffer_len(bytes) > sizeof out->body)
		return E_BUG;
	out->body_len = (uint16_t)signal_buffer_len(bytes);
	memcpy(out->body, signal_buffer_const_data(bytes), out->body_len);
	return 0;
}

static bool key_is_bad(const ec_public_key *key)
{
	uint8_t bytes[BASE_BYTES];

	return copy_public(bytes, key) || guard_is_low_order(bytes + 1);
}

int session_setup_base(uint8_t out[static BASE_BYTES], struct profile *p, const struct inside *in)
{
	SIGNAL_OWNED(pre_key_signal_message) *m = NULL;

	if (in->type != PACKET_SETUP ||
			pre_key_signal_message_deserialize(&m, in->body, in->body_len, p->signal) ||
			copy_public(out, pre_key_signal_message_get_base_key(m)))
		return SESSION_REFUSED;
	return 0;
}

static int decrypt_setup(session_cipher *cipher, struct profile *p, const struct inside *in,
		signal_buffer **out)
{
	SIGNAL_OWNED(pre_key_signal_message) *m = NULL;
	uint8_t identity[BASE_BYTES];
	int rc = pre_key_signal_message_deserialize(&m, in->body, in->body_len, p->signal);

	if (rc || copy_public(identity, pre_key_signal_message_get_identity_key(m)))
		return blame(p, rc, SESSION_REFUSED);
	if (sodium_memcmp(identity + 1, in->sender, sizeof in->sender) != 0 ||
			guard_is_low_order(identity + 1) ||
			key_is_bad(pre_key_signal_message_get_base_key(m)) ||
			key_is_bad(signal_message_get_sender_ratchet_key(
					pre_key_signal_message_get_signal_message(m))))
		return SESSION_REFUSED;
	rc = session_cipher_decrypt_pre_key_signal_message(cipher, m, NULL, out);
	return rc ? blame(p, rc, SESSION_REFUSED) : 0;
}

static int decrypt_message(session_cipher *cipher, struct profile *p, const struct inside *in,
		signal_buffer **out)
{
	SIGNAL_OWNED(signal_message) *m = NULL;
	int rc = signal_message_deserialize(&m, in->body, in->body_len, p->signal);

	if (rc || key_is_bad(signal_message_get_sender_ratchet_key(m)))
		return blame(p, rc, SESSION_REFUSED);
	rc = session_cipher_decrypt_signal_message(cipher, m, NULL, out);
	return rc ? blame(p, rc, SESSION_REFUSED) : 0;
}

int session_decrypt(struct profile *p, const struct inside *in, struct plaintext *out)
{
	CLEANUP(session_cipher_free) session_cipher *cipher = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *plain = NULL;
	const signal_protocol_address address = address_of(in->sender);
	int rc = open_cipher(&cipher, p, &address);

	if (rc)
		return rc;
	rc = in->type == PACKET_SETUP ? decrypt_setup(cipher, p, in, &plain)
				      : decrypt_message(cipher, p, in, &plain);
	if (rc)
		return rc;
	if (signal_buffer_len(plain) > sizeof out->bytes)
		return SESSION_REFUSED;
	out->len = signal_buffer_len(plain);
	memcpy(out->bytes, signal_buffer_data(plain), out->len);
	rc = session_base(out->base, p,
			in->sender); /* the library made that session the current one */
	return rc > 0 ? E_CRYPTO : rc;
}
