/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/error.h"
#include "libshared/owner.h"

static const uint8_t onion[ONION_KEY_BYTES] = { 'o', 'n' };
static const uint8_t nonce[NONCE_BYTES] = { 1, 2, 3, 4 };
static struct key_pair owner, server;
static struct key request_key;
static struct owner_headers headers;
static const struct owner_request request = { "POST", "/v1/mailboxes/x/acks", "?", "body", 4 };

static void setup(void)
{
	key_pair_random(&owner);
	key_pair_random(&server);
	ck_assert_int_eq(owner_request_key(&request_key, &owner.secret, &owner.pub, &server.pub,
					 onion),
			0);
	ck_assert_int_eq(owner_sign(&headers, &request_key, &owner.pub, nonce, &request), 0);
}

/* As a server that has these keys and lives at this onion. */
static int verify_at(const struct key_pair *pair, const uint8_t *at_onion,
		const struct owner_request *rq)
{
	struct key owner_pub, key;
	uint8_t got_nonce[NONCE_BYTES];

	if (owner_parse_input(headers.input, &owner_pub, got_nonce) ||
			owner_request_key_of(&key, pair, &owner_pub, at_onion))
		return OWNER_REFUSED;
	return owner_verify(&headers, &key, rq);
}

START_TEST(the_hmac_vector_of_rfc_9421_b_2_5)
{
	static const char base[] =
			"\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
			"\"@authority\": example.com\n"
			"\"content-type\": application/json\n"
			"\"@signature-params\": (\"date\" \"@authority\" \"content-type\")"
			";created=1618884473;keyid=\"test-shared-secret\"";
	static const char shared[] = /* B.1.5 */
			"uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl"
			"8jsasjlTMtDQ==";
	uint8_t key[64], mac[32];
	char text[BASE64_ROOM(32)];

	ck_assert_int_eq(base64_read(key, sizeof key, shared, strlen(shared)), 0);
	ck_assert_int_eq(owner_signature(mac, key, sizeof key, base), 0);
	base64_write(text, mac, sizeof mac);
	ck_assert_str_eq(text, "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
}
END_TEST

START_TEST(the_digest_of_nothing_is_that_of_the_empty_string)
{
	const struct owner_request empty = { "GET", "/v1/x", "?", NULL, 0 };

	setup();
	ck_assert_int_eq(owner_sign(&headers, &request_key, &owner.pub, nonce, &empty), 0);
	ck_assert_str_eq(headers.digest, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
	ck_assert_int_eq(verify_at(&server, onion, &empty), 0);
}
END_TEST

START_TEST(the_header_has_the_form_that_the_protocol_states)
{
	static const char form[] =
			"sotto=(\"@method\" \"@path\" \"@query\" \"content-digest\");keyid=\"";
	struct key owner_pub;
	uint8_t got_nonce[NONCE_BYTES];

	setup();
	ck_assert_int_eq(strncmp(headers.input, form, strlen(form)), 0);
	ck_assert_str_eq(strrchr(headers.input, ';'), ";alg=\"hmac-sha256\"");
	ck_assert_int_eq(owner_parse_input(headers.input, &owner_pub, got_nonce), 0);
	ck_assert(key_equal(&owner_pub, &owner.pub));
	ck_assert_mem_eq(got_nonce, nonce, sizeof nonce);
	ck_assert_int_eq(verify_at(&server, onion, &request), 0);
}
END_TEST

/* The base, written out by hand: method, path, query, digest and the parameters, joined by LF, none
 * at the end. */
START_TEST(signs_the_base_of_rfc_9421)
{
	char base[1024], text[BASE64_ROOM(32)], expected[64];
	uint8_t mac[32];

	setup();
	snprintf(base, sizeof base,
			"\"@method\": POST\n\"@path\": /v1/mailboxes/x/acks\n\"@query\": ?\n"
			"\"content-digest\": %s\n\"@signature-params\": %s",
			headers.digest, headers.input + 6);
	ck_assert_int_eq(owner_signature(mac, request_key.b, sizeof request_key.b, base), 0);
	base64_write(text, mac, sizeof mac);
	snprintf(expected, sizeof expected, "sotto=:%s:", text);
	ck_assert_str_eq(headers.signature, expected);
}
END_TEST

START_TEST(both_sides_compute_one_key)
{
	struct key by_secret, by_pair;

	setup();
	ck_assert_int_eq(owner_request_key(&by_secret, &server.secret, &owner.pub, &server.pub,
					 onion),
			0);
	ck_assert_int_eq(owner_request_key_of(&by_pair, &server, &owner.pub, onion), 0);
	ck_assert(key_equal(&by_secret, &request_key));
	ck_assert(key_equal(&by_pair, &request_key));
}
END_TEST

/* docs/protocol.md, "Owner requests", computed step by step. */
START_TEST(the_key_is_the_hash_that_the_protocol_states)
{
	static const char purpose[] = "sotto request v1";
	uint8_t bytes[128 + sizeof purpose - 1];
	struct key expected;

	setup();
	ck_assert_int_eq(crypto_scalarmult(bytes, owner.secret.b, server.pub.b), 0);
	memcpy(bytes + 32, owner.pub.b, 32);
	memcpy(bytes + 64, server.pub.b, 32);
	memcpy(bytes + 96, onion, 32);
	memcpy(bytes + 128, purpose, sizeof purpose - 1);
	hash256(expected.b, bytes, sizeof bytes);
	ck_assert(key_equal(&request_key, &expected));
}
END_TEST

START_TEST(low_order_keys_are_refused)
{
	static const char *const points[] = {
		/* the seven of https://cr.yp.to/ecdh.html#validate below 2^255 */
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	setup();
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		struct key point, out;

		unit_hex(point.b, sizeof point.b, points[i]);
		ck_assert_int_eq(
				owner_request_key(&out, &server.secret, &point, &server.pub, onion),
				OWNER_REFUSED);
		ck_assert_int_eq(owner_request_key_of(&out, &server, &point, onion), OWNER_REFUSED);
		ck_assert_int_eq(owner_request_key(&out, &owner.secret, &owner.pub, &point, onion),
				OWNER_REFUSED);
	}
}
END_TEST

/* A server that announces another's key cannot relay what it is given. */
START_TEST(what_was_signed_for_another_onion_is_refused)
{
	uint8_t other[ONION_KEY_BYTES] = { 'o', 'n', 1 };

	setup();
	ck_assert_int_eq(verify_at(&server, onion, &request), 0);
	ck_assert_int_eq(verify_at(&server, other, &request), OWNER_REFUSED);
}
END_TEST

START_TEST(what_was_signed_for_another_server_key_is_refused)
{
	struct key_pair other;

	setup();
	key_pair_random(&other);
	ck_assert_int_eq(verify_at(&other, onion, &request), OWNER_REFUSED);
}
END_TEST

START_TEST(another_owner_cannot_sign_in_this_ones_name)
{
	struct key_pair thief;
	struct key key;

	setup();
	key_pair_random(&thief);
	ck_assert_int_eq(owner_request_key(&key, &thief.secret, &thief.pub, &server.pub, onion), 0);
	ck_assert_int_eq(owner_sign(&headers, &key, &owner.pub, nonce, &request), 0);
	ck_assert_int_eq(verify_at(&server, onion, &request), OWNER_REFUSED);
}
END_TEST

START_TEST(every_signed_part_counts)
{
	const struct owner_request changed[] = {
		{ "PUT", "/v1/mailboxes/x/acks", "?", "body", 4 },
		{ "POST", "/v1/mailboxes/y/acks", "?", "body", 4 },
		{ "POST", "/v1/mailboxes/x/acks", "?a", "body", 4 },
		{ "POST", "/v1/mailboxes/x/acks", "?", "bodY", 4 },
		{ "POST", "/v1/mailboxes/x/acks", "?", "body", 3 },
		{ "POST", "/v1/mailboxes/x/acks", "?", "", 0 },
	};

	setup();
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		ck_assert_int_eq(verify_at(&server, onion, &changed[i]), OWNER_REFUSED);
}
END_TEST

START_TEST(another_nonce_breaks_the_signature)
{
	static const uint8_t other[NONCE_BYTES] = { 9 };
	struct owner_headers again;

	setup();
	ck_assert_int_eq(owner_sign(&again, &request_key, &owner.pub, other, &request), 0);
	memcpy(headers.input, again.input, sizeof headers.input);
	ck_assert_int_eq(verify_at(&server, onion, &request), OWNER_REFUSED);
}
END_TEST

START_TEST(refuses_every_truncation_of_signature_input)
{
	size_t len;

	setup();
	len = strlen(headers.input);
	for (size_t cut = 0; cut < len; cut++) {
		struct key owner_pub;
		uint8_t got_nonce[NONCE_BYTES];
		char *exact = strndup(headers.input, cut),
		     *tail = strdup(headers.input + len - cut);

		ck_assert_int_eq(owner_parse_input(exact, &owner_pub, got_nonce), OWNER_REFUSED);
		ck_assert_int_eq(owner_parse_input(tail, &owner_pub, got_nonce), OWNER_REFUSED);
		free(exact);
		free(tail);
	}
}
END_TEST

static void refuse_each_change(char *text)
{
	for (size_t i = 0; i < strlen(text); i++)
		for (int c = 1; c < 256; c++) {
			char saved = text[i];

			text[i] = (char)c;
			ck_assert(verify_at(&server, onion, &request) ==
					(text[i] == saved ? 0 : OWNER_REFUSED));
			text[i] = saved;
		}
}

START_TEST(refuses_every_changed_byte_of_digest_and_signature)
{
	setup();
	refuse_each_change(headers.digest);
	refuse_each_change(headers.signature);
}
END_TEST

START_TEST(refuses_every_changed_byte_of_signature_input)
{
	setup();
	for (size_t i = 0; i < strlen(headers.input); i++) {
		headers.input[i] ^= 1;
		ck_assert_int_eq(verify_at(&server, onion, &request), OWNER_REFUSED);
		headers.input[i] ^= 1;
	}
}
END_TEST

#define FOUR "\"@method\" \"@path\" \"@query\" \"content-digest\""
#define ALG ";alg=\"hmac-sha256\""

START_TEST(refuses_other_spellings_of_the_same_input)
{
	static const char *const inputs[] = {
		"",
		"sotto=",
		("sig1=(" FOUR ");keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(\"@path\" \"@method\" \"@query\" "
		 "\"content-digest\");keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(\"@method\" \"@path\" \"@query\");keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(" FOUR " \"date\");keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(" FOUR ");nonce=\"%s\";keyid=\"%s\"" ALG),
		("sotto=(" FOUR ");keyid=\"%s\";nonce=\"%s\""),
		("sotto=(" FOUR ");keyid=\"%s\";nonce=\"%s\";alg=\"hmac-sha512\""),
		("sotto=(" FOUR ");created=1;keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(" FOUR "); keyid=\"%s\";nonce=\"%s\"" ALG),
		("sotto=(" FOUR ");keyid=\"%s\";nonce=\"%s\"" ALG " "),
		(" sotto=(" FOUR ");keyid=\"%s\";nonce=\"%s\"" ALG),
	};
	char keyid[BASE64URL_ROOM(32)], nonce_text[BASE64URL_ROOM(16)];

	setup();
	base64url_write(keyid, owner.pub.b, 32);
	base64url_write(nonce_text, nonce, 16);
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
		const char *at = inputs[i], *second = strstr(at, "%s");
		char *out = headers.input;

		for (int n = 0; second; n++, at = second + 2, second = strstr(at, "%s"))
			out += sprintf(out, "%.*s%s", (int)(second - at), at,
					n ? nonce_text : keyid);
		snprintf(out, sizeof headers.input - (size_t)(out - headers.input), "%s", at);
		ck_assert_msg(verify_at(&server, onion, &request) == OWNER_REFUSED, "%s",
				headers.input);
	}
}
END_TEST

START_TEST(a_path_too_long_for_any_request_is_an_error_of_ours)
{
	CLEANUP(scope_free) char *path = malloc(2000);
	struct owner_request long_one = request;

	setup();
	memset(path, 'a', 1999);
	path[1999] = '\0';
	long_one.path = path;
	ck_assert_int_eq(owner_sign(&headers, &request_key, &owner.pub, nonce, &long_one), E_PROTO);
	ck_assert_int_eq(owner_verify(&headers, &request_key, &long_one), OWNER_REFUSED);
}
END_TEST

START_TEST(a_mailbox_is_the_hash_of_its_owner_key)
{
	uint8_t id[MAILBOX_ID_BYTES], expected[HASH_BYTES];

	setup();
	owner_mailbox_id(id, &owner.pub);
	crypto_generichash(expected, sizeof expected, owner.pub.b, 32, NULL, 0);
	ck_assert_mem_eq(id, expected, sizeof id);
}
END_TEST

UNIT("owner", the_hmac_vector_of_rfc_9421_b_2_5, the_digest_of_nothing_is_that_of_the_empty_string,
		the_header_has_the_form_that_the_protocol_states, signs_the_base_of_rfc_9421,
		both_sides_compute_one_key, the_key_is_the_hash_that_the_protocol_states,
		low_order_keys_are_refused, what_was_signed_for_another_onion_is_refused,
		what_was_signed_for_another_server_key_is_refused,
		another_owner_cannot_sign_in_this_ones_name, every_signed_part_counts,
		another_nonce_breaks_the_signature, refuses_every_truncation_of_signature_input,
		refuses_every_changed_byte_of_digest_and_signature,
		refuses_every_changed_byte_of_signature_input,
		refuses_other_spellings_of_the_same_input,
		a_path_too_long_for_any_request_is_an_error_of_ours,
		a_mailbox_is_the_hash_of_its_owner_key)
