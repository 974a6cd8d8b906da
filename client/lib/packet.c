/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sealing and opening packets. What is opened was authenticated by nobody yet. */
#include "client/lib/packet.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 1, SUITE = 1, HINT_BYTES = 4, INFO_BYTES = 13 + HASH_BYTES + HASH_BYTES };

static void write_guarded(struct writer *w, const struct inside *in)
{
	writer_u8(w, VERSION);
	writer_u8(w, in->type);
	writer_copy(w, in->envelope_id, sizeof in->envelope_id);
	writer_copy(w, in->sender, sizeof in->sender);
	writer_u32(w, in->turn);
	writer_copy(w, in->next_key, sizeof in->next_key);
}

void packet_guard(struct inside *in)
{
	uint8_t bytes[PACKET_GUARDED_BYTES];
	struct writer w = writer_over(bytes, sizeof bytes);

	write_guarded(&w, in);
	hash256(in->guard, bytes, sizeof bytes);
}

/* Different for each packet of a turn, because it covers the encapsulation. */
static void make_hint(uint8_t out[static HINT_BYTES], const uint8_t *key_hash, const uint8_t *enc)
{
	uint8_t message[HASH_BYTES + HPKE_ENC_BYTES], hash[HASH_BYTES];

	memcpy(message, key_hash, HASH_BYTES);
	memcpy(message + HASH_BYTES, enc, HPKE_ENC_BYTES);
	hash256(hash, message, sizeof message);
	memcpy(out, hash, HINT_BYTES);
}

static void make_info(uint8_t out[static INFO_BYTES], const uint8_t *deposit_hash,
		const uint8_t *key_hash)
{
	struct writer w = writer_over(out, INFO_BYTES);

	writer_copy(&w, "sotto/seal/v1", 13);
	writer_copy(&w, deposit_hash, HASH_BYTES);
	writer_copy(&w, key_hash, HASH_BYTES);
}

int packet_seal(uint8_t out[static BLOB_BYTES], const struct inside *in,
		const uint8_t sealing_key[static HPKE_PUBLIC_BYTES],
		const uint8_t deposit_hash[static HASH_BYTES])
{
	CLEANUP(hpke_clear) struct hpke hpke = { 0 };
	uint8_t plain[PACKET_INSIDE_BYTES], info[INFO_BYTES], key_hash[HASH_BYTES];
	const struct hpke_parts parts = { info, sizeof info, out, PACKET_HEAD_BYTES };
	uint8_t *enc = out + PACKET_HEAD_BYTES;
	struct writer w = writer_over(plain, sizeof plain);
	int rc;

	write_guarded(&w, in);
	writer_u16(&w, in->body_len);
	writer_copy(&w, in->body, in->body_len);
	writer_zeros(&w);
	if (!writer_is_full(&w))
		return E_BUG;
	crypto_hash_sha256(key_hash, sealing_key, HPKE_PUBLIC_BYTES);
	make_info(info, deposit_hash, key_hash);
	rc = hpke_setup_sender(&hpke, enc, sealing_key, &parts);
	if (rc == 0) {
		out[0] = VERSION;
		out[1] = SUITE;
		make_hint(out + 2, key_hash, enc);
		rc = hpke_seal(&hpke, enc + HPKE_ENC_BYTES, plain, sizeof plain, &parts);
	}
	sodium_memzero(plain, sizeof plain);
	return rc > 0 ? PACKET_BAD : rc;
}

bool packet_fits(const uint8_t packet[static BLOB_BYTES], const uint8_t key_hash[static HASH_BYTES])
{
	uint8_t hint[HINT_BYTES];

	make_hint(hint, key_hash, packet + PACKET_HEAD_BYTES);
	return packet[0] == VERSION && packet[1] == SUITE &&
			sodium_memcmp(hint, packet + 2, HINT_BYTES) == 0;
}

static int parse(struct inside *out, const uint8_t *plain)
{
	struct reader rd = reader_over(plain, PACKET_INSIDE_BYTES);
	uint8_t version = reader_u8(&rd);

	out->type = reader_u8(&rd);
	reader_copy(&rd, out->envelope_id, sizeof out->envelope_id);
	reader_copy(&rd, out->sender, sizeof out->sender);
	out->turn = reader_u32(&rd);
	reader_copy(&rd, out->next_key, sizeof out->next_key);
	out->body_len = reader_u16(&rd);
	if (version != VERSION || out->body_len > sizeof out->body)
		return PACKET_BAD;
	reader_copy(&rd, out->body, out->body_len);
	if (!reader_zeros(&rd) || !reader_is_done(&rd))
		return PACKET_BAD;
	packet_guard(out);
	return 0;
}

int packet_open(struct inside *out, const uint8_t packet[static BLOB_BYTES],
		const struct opener *opener)
{
	CLEANUP(hpke_clear) struct hpke hpke = { 0 };
	uint8_t plain[PACKET_INSIDE_BYTES], info[INFO_BYTES];
	const struct hpke_parts parts = { info, sizeof info, packet, PACKET_HEAD_BYTES };
	const uint8_t *enc = packet + PACKET_HEAD_BYTES;
	int rc;

	if (!packet_fits(packet, opener->key_hash))
		return PACKET_BAD;
	make_info(info, opener->deposit_hash, opener->key_hash);
	rc = hpke_setup_receiver(&hpke, enc, opener->secret, &parts);
	if (rc == 0)
		rc = hpke_open(&hpke, plain, enc + HPKE_ENC_BYTES,
				PACKET_INSIDE_BYTES + HPKE_TAG_BYTES, &parts);
	rc = rc ? PACKET_BAD : parse(out, plain);
	sodium_memzero(plain, sizeof plain);
	return rc;
}
