/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Goal: our sessions against picomemo's, which shares no code with the Signal libraries: X3DH and
 * the ratchet from either side, keys that are late or lost, and what is forged. */
#include "client/lib/session.h"
#include "tests/unit/client/people.h"

#include <omemo.h>

enum { TEXT = 32 }; /* it carries keys of this size */

/* --- picomemo's side: one person, who keeps the keys of what is late ----- */

static struct omemoStore store;
static struct omemoSession session;
static struct omemoMessageKey skipped[8];
static size_t n_skipped;

static int skipped_load(struct omemoSession *s, struct omemoMessageKey *key)
{
	(void)s;
	for (size_t i = 0; i < n_skipped; i++)
		if (skipped[i].nr == key->nr &&
				memcmp(skipped[i].dh, key->dh, sizeof key->dh) == 0) {
			*key = skipped[i];
			skipped[i] = skipped[--n_skipped];
			return 0;
		}
	return 1;
}

static int skipped_store(struct omemoSession *s, const struct omemoMessageKey *key, uint64_t n)
{
	(void)s;
	(void)n;
	if (n_skipped == ARRAY_LEN(skipped))
		return OMEMO_EUSER;
	skipped[n_skipped++] = *key;
	return 0;
}

static int fill(void *out, size_t len)
{
	randombytes_buf(out, len);
	return 0;
}

/* Alice is ours. */
static void begin(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	person_make(&alice);
	memset(&session, 0, sizeof session);
	n_skipped = 0;
	omemoSetCallbacks(skipped_load, skipped_store, fill);
	ck_assert_int_eq(omemoSetupStore(&store), 0);
}

static void end(void)
{
	person_end(&alice);
}

static int64_t stranger(void)
{
	struct contact c;

	ck_assert_int_eq(contact_request(&c, alice.p, store.identity.pub, 0), 0);
	return c.id;
}

static struct inside theirs(const char text[static TEXT])
{
	struct inside in = { .type = PACKET_MESSAGE };
	struct omemoKeyMessage message;

	ck_assert_int_eq(omemoEncryptKey(&session, &message, (const uint8_t *)text, TEXT), 0);
	if (message.isprekey)
		in.type = PACKET_SETUP;
	memcpy(in.sender, store.identity.pub, sizeof in.sender);
	in.body_len = (uint16_t)message.n;
	memcpy(in.body, message.p, message.n);
	return in;
}

static void we_read(const struct inside *in, const char text[static TEXT])
{
	struct plaintext plain;

	ck_assert_int_eq(session_decrypt(alice.p, in, &plain), 0);
	ck_assert_uint_eq(plain.len, TEXT);
	ck_assert_mem_eq(plain.bytes, text, TEXT);
}

static struct inside ours(const char text[static TEXT])
{
	struct inside in = { .type = PACKET_MESSAGE };

	ck_assert_int_eq(session_encrypt(&in, alice.p, store.identity.pub, (const uint8_t *)text,
					 TEXT),
			0);
	return in;
}

static int decrypt(const struct inside *in, bool setup, char out[static TEXT])
{
	size_t len = TEXT;

	return omemoDecryptKey(
			&session, &store, (uint8_t *)out, &len, setup, in->body, in->body_len);
}

static void they_read(const struct inside *in, bool setup, const char text[static TEXT])
{
	char got[TEXT];

	ck_assert_int_eq(decrypt(in, setup, got), 0);
	ck_assert_mem_eq(got, text, TEXT);
}

/* Padded to what is carried. */
#define TEXT_OF(name, n)     \
	char name[TEXT + 1]; \
	snprintf(name, sizeof name, "%s %-*d", #name, TEXT - (int)sizeof #name, n)

/* Turns of both, with two of a turn the other way round and one that never comes. */
static void converse(void)
{
	for (int n = 0; n < 4; n++) {
		TEXT_OF(early, n);
		TEXT_OF(late, n);
		TEXT_OF(lost, n);
		struct inside first = ours(late), second = ours(lost), third = ours(early);

		they_read(&third, false, early);
		they_read(&first, false, late);
		first = theirs(late);
		second = theirs(lost);
		third = theirs(early);
		we_read(&third, early);
		we_read(&first, late);
		(void)second;
	}
	ck_assert_uint_eq(n_skipped, 4); /* what never came */
}

/* --- tests -------------------------------------------------------------- */

static void serialise(omemoSerializedKey out, const uint8_t key[static 32])
{
	omemoSerializeKey(out, key);
}

START_TEST(they_begin_with_our_bundle)
{
	struct contact_link link;
	struct bundle b;
	omemoSerializedKey signed_key = { 0 }, identity = { 0 }, prekey = { 0 };

	begin();
	profile_link(alice.p, &link);
	ck_assert_int_eq(bundle_open(&b, alice.p, &link, alice.bundles.one_time[0]), 0);
	serialise(signed_key, b.signed_key);
	serialise(identity, b.identity);
	serialise(prekey, b.prekey);
	ck_assert_int_eq(omemoInitiateSession(&session, &store, b.signed_signature, signed_key,
					 identity, prekey, b.signed_id, b.prekey_id),
			0);
	stranger();
	TEXT_OF(hello, 1);
	TEXT_OF(again, 2);
	struct inside first = theirs(hello), second = theirs(again);
	ck_assert_int_eq(first.type, PACKET_SETUP);
	we_read(&second, again); /* each of them sets up */
	we_read(&first, hello);
	TEXT_OF(answer, 3);
	first = ours(answer);
	they_read(&first, false, answer);
	converse();
	end();
}
END_TEST

static struct bundle their_bundle(void)
{
	struct bundle b = { .registration_id = 1,
		.signed_id = store.cursignedprekey.id,
		.prekey_id = store.prekeys[0].id };

	memcpy(b.identity, store.identity.pub, 32);
	memcpy(b.signed_key, store.cursignedprekey.kp.pub, 32);
	memcpy(b.signed_signature, store.cursignedprekey.sig, SIGNATURE_BYTES);
	memcpy(b.prekey, store.prekeys[0].kp.pub, 32);
	randombytes_buf(b.sealing, sizeof b.sealing);
	return b;
}

START_TEST(we_begin_with_their_bundle)
{
	struct bundle b;

	begin();
	b = their_bundle();
	ck_assert_int_eq(session_start(alice.p, stranger(), &b), 0);
	TEXT_OF(hello, 1);
	struct inside in = ours(hello);
	they_read(&in, true, hello);
	TEXT_OF(answer, 2);
	in = theirs(answer);
	ck_assert_int_eq(in.type, PACKET_MESSAGE);
	we_read(&in, answer);
	converse();
	end();
}
END_TEST

START_TEST(what_is_forged_is_refused_by_both)
{
	struct bundle b;
	struct plaintext plain;
	int64_t contact;
	char got[TEXT];

	begin();
	b = their_bundle();
	b.signed_signature[3] ^= 1;
	contact = stranger();
	ck_assert_int_eq(session_start(alice.p, contact, &b), E_CRYPTO);
	b.signed_signature[3] ^= 1;
	ck_assert_int_eq(session_start(alice.p, contact, &b), 0);
	TEXT_OF(hello, 1);
	struct inside in = ours(hello);
	they_read(&in, true, hello);
	in = theirs(hello);
	we_read(&in, hello);

	in = ours(hello);
	in.body[in.body_len - 1] ^= 1;
	ck_assert_int_ne(decrypt(&in, false, got), 0);
	in.body[in.body_len - 1] ^= 1;
	they_read(&in, false, hello);

	in = theirs(hello);
	in.body[in.body_len - 1] ^= 1;
	ck_assert_int_eq(session_decrypt(alice.p, &in, &plain), SESSION_REFUSED);
	in.body[in.body_len - 1] ^= 1;
	we_read(&in, hello);
	ck_assert_int_eq(session_decrypt(alice.p, &in, &plain), SESSION_REFUSED); /* once */
	end();
}
END_TEST

UNIT("session", they_begin_with_our_bundle, we_begin_with_their_bundle,
		what_is_forged_is_refused_by_both)
