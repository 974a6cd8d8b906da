/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* packet.c, link.c and content.c: the byte layouts, and everything that is not one. */
#include "client/lib/content.h"
#include "client/lib/packet.h"
#include "tests/unit/unit.h"

struct sealed {
	uint8_t public_key[HPKE_PUBLIC_BYTES], secret[HPKE_SECRET_BYTES], key_hash[HASH_BYTES],
			deposit_hash[HASH_BYTES];
	struct inside in;
	uint8_t packet[BLOB_BYTES];
};

static void make(struct sealed *s)
{
	memset(s, 0, sizeof *s);
	hpke_keypair(s->public_key, s->secret);
	crypto_hash_sha256(s->key_hash, s->public_key, sizeof s->public_key);
	randombytes_buf(s->deposit_hash, sizeof s->deposit_hash);
	s->in.type = PACKET_SETUP;
	s->in.turn = 7;
	randombytes_buf(s->in.envelope_id, sizeof s->in.envelope_id);
	s->in.body_len = PACKET_BODY_MOST;
	randombytes_buf(s->in.body, sizeof s->in.body);
	packet_guard(&s->in);
	ck_assert_int_eq(packet_seal(s->packet, &s->in, s->public_key, s->deposit_hash), 0);
}

static int open_it(const struct sealed *s, struct inside *out)
{
	const struct opener opener = { s->secret, s->key_hash, s->deposit_hash };

	return packet_open(out, s->packet, &opener);
}

START_TEST(what_was_sealed_opens_again_with_the_same_guard)
{
	struct sealed s;
	struct inside out;

	make(&s);
	ck_assert_int_eq(open_it(&s, &out), 0);
	ck_assert_uint_eq(out.turn, 7);
	ck_assert_uint_eq(out.body_len, PACKET_BODY_MOST);
	ck_assert_mem_eq(out.body, s.in.body, PACKET_BODY_MOST);
	ck_assert_mem_eq(out.guard, s.in.guard, HASH_BYTES);
}
END_TEST

START_TEST(another_deposit_hash_key_or_any_changed_byte_does_not_open)
{
	struct sealed s, other;
	struct inside out;

	make(&s);
	make(&other);
	s.deposit_hash[0] ^= 1;
	ck_assert_int_eq(open_it(&s, &out), PACKET_BAD);
	s.deposit_hash[0] ^= 1;
	memcpy(other.packet, s.packet, sizeof s.packet);
	ck_assert_int_eq(open_it(&other, &out), PACKET_BAD);
	for (size_t i = 0; i < BLOB_BYTES; i += 7) {
		s.packet[i] ^= 0x10;
		ck_assert_int_eq(open_it(&s, &out), PACKET_BAD);
		s.packet[i] ^= 0x10;
	}
}
END_TEST

START_TEST(two_packets_to_one_key_share_no_hint)
{
	struct sealed s;
	uint8_t first[BLOB_BYTES];
	int same = 0;

	make(&s);
	for (int i = 0; i < 8; i++) {
		memcpy(first, s.packet, sizeof first);
		ck_assert_int_eq(packet_seal(s.packet, &s.in, s.public_key, s.deposit_hash), 0);
		same += memcmp(first + 2, s.packet + 2, 4) == 0;
	}
	ck_assert_int_eq(same, 0);
}
END_TEST

START_TEST(a_link_has_one_text_and_every_truncation_is_refused)
{
	struct contact_link link, again;
	char text[LINK_TEXT + 1];

	randombytes_buf(&link, sizeof link);
	link_write(text, &link);
	ck_assert_uint_eq(strlen(text), LINK_TEXT);
	ck_assert_int_eq(link_read(&again, text), 0);
	ck_assert_mem_eq(&link, &again, sizeof link);
	for (size_t n = LINK_TEXT; n-- > 0;) {
		text[n] = '\0';
		ck_assert_int_eq(link_read(&again, text), LINK_BAD);
	}
}
END_TEST

START_TEST(an_onion_name_is_checked_by_tors_checksum)
{
	/* A name that Tor made: the Tor Project's own. */
	static const char name[] = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
	uint8_t key[ONION_KEY_BYTES];
	char again[ONION_TEXT + 1], wrong[sizeof name];

	ck_assert_int_eq(onion_check(key, name), 0);
	onion_write(again, key);
	ck_assert_str_eq(again, name);
	memcpy(wrong, name, sizeof wrong);
	wrong[3] = 'a';
	ck_assert_int_eq(onion_check(key, wrong), LINK_BAD);
}
END_TEST

START_TEST(content_survives_and_every_truncation_is_refused)
{
	struct content c = { .type = CONTENT_TEXT,
		.number = 3,
		.parts = 2,
		.part = 1,
		.text_len = 5,
		.text = "h\xc3\xa9llo" },
		       out;
	uint8_t bytes[CONTENT_BYTES_MOST];
	size_t len;

	c.text_len = (uint16_t)strlen(c.text);
	len = content_write(bytes, &c);
	ck_assert_int_eq(content_read(&out, bytes, len), 0);
	ck_assert_str_eq(out.text, c.text);
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(content_read(&out, bytes, n), CONTENT_BAD);
	bytes[len - 1] = 0xff; /* no UTF-8 any more */
	ck_assert_int_eq(content_read(&out, bytes, len), CONTENT_BAD);
}
END_TEST

/* As docs/protocol.md has it. */
START_TEST(only_parts_have_an_id_and_so_less_room)
{
	enum { HEAD = 32 + 1 + 8 + 32 + 32 + 113 + 1 + 1 };
	static const struct {
		uint8_t type, parts;
		uint16_t most; /* bytes of text */
	} cases[] = { { CONTENT_TEXT, 1, 1200 }, { CONTENT_TEXT, 2, 1184 },
		{ CONTENT_CHANGE, 64, 1184 }, { CONTENT_GROUP, 2, 1184 }, { CONTENT_FILE, 1, 1200 },
		{ 99, 2, 1184 } };
	struct content c = { .number = 70, .part = 0 }, out;
	uint8_t bytes[CONTENT_BYTES_MOST + 1];
	size_t len;

	memset(c.text, 'x', CONTENT_TEXT_MOST);
	randombytes_buf(c.text_id, sizeof c.text_id);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const size_t id_len = cases[i].parts > 1 ? 16 : 0;

		c.type = cases[i].type;
		c.parts = cases[i].parts;
		c.text_len = cases[i].most;
		len = content_write(bytes, &c);
		ck_assert_uint_eq(len, HEAD + id_len + 2 + c.text_len);
		ck_assert_mem_eq(bytes + HEAD, c.text_id, id_len);
		ck_assert_int_eq(bytes[HEAD + id_len] << 8 | bytes[HEAD + id_len + 1], c.text_len);
		ck_assert_int_eq(content_read(&out, bytes, len), 0);
		ck_assert_mem_eq(out.text_id, c.text_id, id_len);
		if (id_len) { /* one byte more than a packet has room for */
			bytes[HEAD + id_len + 1]++;
			bytes[len] = 'x';
			ck_assert_int_eq(content_read(&out, bytes, len + 1), CONTENT_BAD);
		}
	}
	c.type = CONTENT_FILE;
	c.parts = 2;
	ck_assert_int_eq(content_read(&out, bytes, content_write(bytes, &c)), CONTENT_BAD);
}
END_TEST

UNIT("packet", what_was_sealed_opens_again_with_the_same_guard,
		another_deposit_hash_key_or_any_changed_byte_does_not_open,
		two_packets_to_one_key_share_no_hint,
		a_link_has_one_text_and_every_truncation_is_refused,
		an_onion_name_is_checked_by_tors_checksum,
		content_survives_and_every_truncation_is_refused,
		only_parts_have_an_id_and_so_less_room)
