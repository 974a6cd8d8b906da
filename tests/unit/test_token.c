/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Tokens in bytes, held against the vectors of the batched-tokens draft and a digest of Python's. */
#include "tests/unit/unit.h"

#include "libshared/token.h"
#include "tests/unit/vectors/batched_tokens.h"

static const char onion[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion";

static struct voprf_key key;
static uint8_t digest[HASH_BYTES];

static void issue(uint8_t tokens[][TOKEN_BYTES], size_t n)
{
	struct token_request request;
	struct token_answer answer = { 0 };

	voprf_key_random(&key);
	token_challenge_digest(digest, onion);
	ck_assert_int_eq(token_request_make(&request, n, key.pub, digest), 0);
	ck_assert_int_eq(voprf_evaluate(answer.evaluated[0], answer.proof, &key, request.blinded[0],
					 n),
			0);
	ck_assert_int_eq(token_request_finish(tokens, &request, &answer), 0);
}

/* --- vectors -------------------------------------------------------------------------------- */

static void fill_from(struct token_request *request, struct token_answer *answer,
		const struct batched_tokens *v, uint8_t tokens[][TOKEN_BYTES])
{
	unit_hex(tokens[0], v->n * TOKEN_BYTES, v->tokens);
	unit_hex(request->pub, sizeof request->pub, v->pub);
	unit_hex(request->blinds[0], v->n * VOPRF_SCALAR_BYTES, v->blinds);
	unit_hex(request->blinded[0], v->n * VOPRF_ELEMENT_BYTES, v->blinded);
	unit_hex(answer->evaluated[0], v->n * VOPRF_ELEMENT_BYTES, v->evaluated);
	unit_hex(answer->proof, sizeof answer->proof, v->proof);
	for (size_t i = 0; i < v->n; i++)
		memcpy(request->inputs[i], tokens[i], TOKEN_INPUT_BYTES);
	request->n = v->n;
}

START_TEST(agrees_with_the_vectors_of_the_batched_tokens_draft)
{
	for (const struct batched_tokens *v = batched_tokens;
			v < batched_tokens + ARRAY_LEN(batched_tokens); v++) {
		uint8_t tokens[TOKEN_BATCH_MOST][TOKEN_BYTES], got[TOKEN_BATCH_MOST][TOKEN_BYTES];
		uint8_t secret[VOPRF_SCALAR_BYTES], challenge[256];
		struct token_request request = { 0 };
		struct token_answer answer = { 0 };

		fill_from(&request, &answer, v, tokens);
		ck_assert_int_eq(token_request_finish(got, &request, &answer), 0);
		ck_assert_mem_eq(got, tokens, v->n * TOKEN_BYTES);

		unit_hex(secret, sizeof secret, v->secret);
		ck_assert_int_eq(voprf_key_from_secret(&key, secret), 0);
		unit_hex(challenge, strlen(v->challenge) / 2, v->challenge);
		crypto_hash_sha256(digest, challenge, strlen(v->challenge) / 2);
		for (size_t i = 0; i < v->n; i++)
			ck_assert_int_eq(token_redeem(tokens[i], &key, digest), 0);
	}
}
END_TEST

/* RFC 9577 2.1, laid out and hashed by another program. */
START_TEST(the_challenge_is_that_of_rfc_9577)
{
	uint8_t challenge[TOKEN_CHALLENGE_BYTES], expected[HASH_BYTES];

	token_challenge(challenge, onion);
	ck_assert_mem_eq(challenge, "\x00\x05\x00\x3e", 4);
	ck_assert_mem_eq(challenge + 4, onion, ONION_TEXT);
	ck_assert_mem_eq(challenge + 4 + ONION_TEXT, "\x00\x00\x3e", 3);
	token_challenge_digest(digest, onion);
	unit_hex(expected, sizeof expected,
			"8f98f22d018b7a763cae1b3038651b7507f1af2fe3b35f2dff3f0e4c5dbb5544");
	ck_assert_mem_eq(digest, expected, sizeof expected);
}
END_TEST

/* --- operations and epochs ------------------------------------------------------------------ */

START_TEST(every_operation_has_a_name_and_nothing_else_has)
{
	enum token_operation operation = TOKEN_NONE;

	for (unsigned i = 1; i <= TOKEN_OPERATIONS; i++) {
		ck_assert_int_eq(token_operation_read(&operation, token_operation_name(i)), 0);
		ck_assert_uint_eq(operation, i);
	}
	ck_assert_ptr_null(token_operation_name(TOKEN_NONE));
	ck_assert_ptr_null(token_operation_name(TOKEN_OPERATIONS + 1));
	ck_assert_int_eq(token_operation_read(&operation, ""), TOKEN_BAD);
	ck_assert_int_eq(token_operation_read(&operation, "Account"), TOKEN_BAD);
	ck_assert_int_eq(token_operation_read(&operation, "accounts"), TOKEN_BAD);
}
END_TEST

START_TEST(an_account_costs_one_and_all_else_comes_in_32)
{
	ck_assert_uint_eq(token_batch_size(TOKEN_ACCOUNT), 1);
	for (unsigned i = TOKEN_PREKEY; i <= TOKEN_TURN; i++)
		ck_assert_uint_eq(token_batch_size(i), 32);
	ck_assert_uint_eq(token_batch_size(TOKEN_NONE), 0);
	ck_assert_uint_eq(token_batch_size(TOKEN_OPERATIONS + 1), 0);
}
END_TEST

START_TEST(an_epoch_has_30_days_and_7_of_overlap)
{
	const uint64_t first = 30 * 700;

	ck_assert_uint_eq(token_epoch(first - 1), 699);
	ck_assert_uint_eq(token_epoch(first), 700);
	ck_assert_uint_eq(token_epoch(first + 29), 700);
	ck_assert_uint_eq(token_epoch(first + 30), 701);
	for (uint64_t day = first; day < first + 30; day++) {
		ck_assert(token_epoch_counts(700, day));
		ck_assert_int_eq(token_epoch_counts(699, day), day < first + 7);
		ck_assert(!token_epoch_counts(701, day)); /* not yet */
		ck_assert(!token_epoch_counts(698, day));
	}
	ck_assert(!token_epoch_counts(UINT32_MAX, 0)); /* nothing was before the first */
	ck_assert(token_epoch_counts(0, 0));
}
END_TEST

/* --- redeeming ------------------------------------------------------------------------------ */

START_TEST(a_batch_is_redeemed_token_by_token)
{
	static const size_t sizes[] = { 1, 2, TOKEN_BATCH_MOST };
	uint8_t tokens[TOKEN_BATCH_MOST][TOKEN_BYTES], id[HASH_BYTES];

	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		issue(tokens, sizes[k]);
		token_key_id(id, key.pub);
		for (size_t i = 0; i < sizes[k]; i++) {
			ck_assert_int_eq(token_redeem(tokens[i], &key, digest), 0);
			ck_assert_mem_eq(token_key_id_in(tokens[i]), id, sizeof id);
			ck_assert_mem_eq(token_digest_in(tokens[i]), digest, sizeof digest);
			ck_assert(i == 0 || memcmp(tokens[i], tokens[i - 1], TOKEN_BYTES) != 0);
		}
	}
}
END_TEST

START_TEST(refuses_a_token_with_any_bit_turned)
{
	uint8_t tokens[1][TOKEN_BYTES];

	issue(tokens, 1);
	for (size_t i = 0; i < 8 * sizeof tokens[0]; i++) {
		tokens[0][i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(token_redeem(tokens[0], &key, digest), TOKEN_BAD);
		tokens[0][i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(token_redeem(tokens[0], &key, digest), 0);
}
END_TEST

/* Made with the right key, for another server, under another type, or naming another key. */
START_TEST(refuses_what_the_key_made_for_another_purpose)
{
	static const size_t places[] = { 1, 2 + 32, 2 + 64 }; /* type, digest, key id */
	uint8_t tokens[1][TOKEN_BYTES], other[HASH_BYTES];

	issue(tokens, 1);
	for (size_t k = 0; k < ARRAY_LEN(places); k++) {
		uint8_t token[TOKEN_BYTES];

		memcpy(token, tokens[0], sizeof token);
		token[places[k]] ^= 1;
		ck_assert_int_eq(voprf_redeem(token + TOKEN_INPUT_BYTES, &key, token,
						 TOKEN_INPUT_BYTES),
				0);
		ck_assert_int_eq(token_redeem(token, &key, digest), TOKEN_BAD);
	}
	memset(other, 7, sizeof other);
	ck_assert_int_eq(token_redeem(tokens[0], &key, other), TOKEN_BAD);
}
END_TEST

START_TEST(refuses_what_another_key_made)
{
	uint8_t tokens[1][TOKEN_BYTES];

	issue(tokens, 1);
	voprf_key_random(&key);
	ck_assert_int_eq(token_redeem(tokens[0], &key, digest), TOKEN_BAD);
}
END_TEST

/* --- headers -------------------------------------------------------------------------------- */

START_TEST(a_token_goes_through_its_header)
{
	uint8_t tokens[1][TOKEN_BYTES], again[TOKEN_BYTES];
	char header[TOKEN_HEADER_ROOM];

	issue(tokens, 1);
	token_header_write(header, tokens[0]);
	ck_assert_uint_eq(strlen(header), strlen("PrivateToken token=\"\"") + 216);
	ck_assert_int_eq(token_header_read(again, header), 0);
	ck_assert_mem_eq(again, tokens[0], sizeof again);
	memcpy(header, "pRIVATEtOKEN", 12); /* RFC 9110 11.1: a scheme has no case */
	ck_assert_int_eq(token_header_read(again, header), 0);
}
END_TEST

START_TEST(refuses_every_header_of_another_form)
{
	static const char *const bad[] = { "", "PrivateToken",
		"PrivateToken token=", "PrivateToken token=\"", "PrivateToken token=\"\"",
		"Bearer token=\"AAAA\"", "PrivateToken token=\"AAAA\"" };
	uint8_t tokens[1][TOKEN_BYTES], out[TOKEN_BYTES];
	char header[TOKEN_HEADER_ROOM], changed[2 * TOKEN_HEADER_ROOM];
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(token_header_read(out, bad[i]), TOKEN_BAD);
	issue(tokens, 1);
	token_header_write(header, tokens[0]);
	len = strlen(header);
	for (size_t i = 0; i < len; i++) { /* without its end, or with a character in between */
		snprintf(changed, sizeof changed, "%.*s", (int)i, header);
		ck_assert_int_eq(token_header_read(out, changed), TOKEN_BAD);
		snprintf(changed, sizeof changed, "%.*s %s", (int)i, header, header + i);
		ck_assert_int_eq(token_header_read(out, changed), TOKEN_BAD);
	}
}
END_TEST

START_TEST(the_challenge_header_names_the_key)
{
	char header[TOKEN_CHALLENGE_ROOM];
	const uint8_t pub[VOPRF_ELEMENT_BYTES] = { 0 };

	token_challenge_header_write(header, onion, pub);
	ck_assert_str_eq(header,
			"PrivateToken "
			"challenge=\"AAUAPmFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYW"
			"FhYWFhYWFhYWFhYWFhYWFhYWFhYWFhLm9uaW9uAAA-YWFhYWFhYWFhYWFhYWFhYWFhYWFh"
			"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEub25pb24=\", "
			"token-key=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"");
}
END_TEST

/* --- a batch on the client's side ----------------------------------------------------------- */

START_TEST(refuses_batches_of_no_size_and_keys_that_are_none)
{
	const uint8_t none[VOPRF_ELEMENT_BYTES] = { 0 };
	struct token_request request;

	voprf_key_random(&key);
	ck_assert_int_eq(token_request_make(&request, 0, key.pub, digest), TOKEN_BAD);
	ck_assert_int_eq(token_request_make(&request, TOKEN_BATCH_MOST + 1, key.pub, digest),
			TOKEN_BAD);
	ck_assert_int_eq(token_request_make(&request, 1, none, digest), TOKEN_BAD);
}
END_TEST

/* A server that marks people by keys of their own. */
START_TEST(refuses_an_answer_under_a_key_that_was_not_listed)
{
	uint8_t tokens[2][TOKEN_BYTES];
	struct token_request request;
	struct token_answer answer = { 0 };
	struct voprf_key other;

	voprf_key_random(&key);
	voprf_key_random(&other);
	token_challenge_digest(digest, onion);
	ck_assert_int_eq(token_request_make(&request, 2, key.pub, digest), 0);
	ck_assert_int_eq(voprf_evaluate(answer.evaluated[0], answer.proof, &other,
					 request.blinded[0], 2),
			0);
	ck_assert_int_eq(token_request_finish(tokens, &request, &answer), TOKEN_BAD);
	request.n = TOKEN_BATCH_MOST + 1;
	ck_assert_int_eq(token_request_finish(tokens, &request, &answer), TOKEN_BAD);
}
END_TEST

UNIT("token", agrees_with_the_vectors_of_the_batched_tokens_draft,
		the_challenge_is_that_of_rfc_9577, every_operation_has_a_name_and_nothing_else_has,
		an_account_costs_one_and_all_else_comes_in_32,
		an_epoch_has_30_days_and_7_of_overlap, a_batch_is_redeemed_token_by_token,
		refuses_a_token_with_any_bit_turned, refuses_what_the_key_made_for_another_purpose,
		refuses_what_another_key_made, a_token_goes_through_its_header,
		refuses_every_header_of_another_form, the_challenge_header_names_the_key,
		refuses_batches_of_no_size_and_keys_that_are_none,
		refuses_an_answer_under_a_key_that_was_not_listed)
