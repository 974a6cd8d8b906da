/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The credential token-keys: its form, which keys count on a day, and what they take. */
#include "libshared/token_keys.h"
#include "libshared/error.h"
#include "libshared/writer.h"
#include "tests/unit/unit.h"

static char path[64];
static struct token_keys keys;

struct record {
	uint8_t operation;
	uint32_t epoch;
	uint8_t secret; /* its first byte */
};

static void write_bytes(const void *bytes, size_t len)
{
	FILE *file;

	snprintf(path, sizeof path, "/tmp/so.token-keys.%d", (int)getpid());
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static int load(const struct record *records, size_t n)
{
	uint8_t bytes[(TOKEN_KEYS_MOST + 1) * TOKEN_KEY_RECORD_BYTES] = { 0 };
	struct writer w = writer_over(bytes, sizeof bytes);
	int rc;

	for (size_t i = 0; i < n; i++) {
		uint8_t secret[VOPRF_SCALAR_BYTES] = { records[i].secret };

		writer_u8(&w, records[i].operation);
		writer_u32(&w, records[i].epoch);
		writer_copy(&w, secret, sizeof secret);
	}
	write_bytes(bytes, w.used);
	keys = (struct token_keys){ 0 };
	rc = token_keys_load(&keys, path);
	unlink(path);
	return rc;
}

#define LOAD(...)                                    \
	load((const struct record[]){ __VA_ARGS__ }, \
			ARRAY_LEN(((const struct record[]){ __VA_ARGS__ })))

START_TEST(takes_its_form_and_nothing_else)
{
	struct record many[TOKEN_KEYS_MOST + 1];

	ck_assert_int_eq(token_keys_load(&keys, "/nonexistent"), E_IO);
	ck_assert_int_eq(load(NULL, 0), 0);
	ck_assert_int_eq(LOAD({ 1, 7, 1 }, { 1, 8, 2 }, { 6, 7, 3 }), 0);
	ck_assert_uint_eq(keys.n, 3);
	ck_assert_int_eq(LOAD({ 1, 7, 1 }, { 1, 7, 2 }), E_CONFIG); /* twice */
	ck_assert_int_eq(LOAD({ 1, 8, 1 }, { 1, 7, 2 }), E_CONFIG); /* out of order */
	ck_assert_int_eq(LOAD({ 2, 8, 1 }, { 1, 9, 2 }), E_CONFIG);
	ck_assert_int_eq(LOAD({ 0, 7, 1 }), E_CONFIG);
	ck_assert_int_eq(LOAD({ 7, 7, 1 }), E_CONFIG);
	ck_assert_int_eq(LOAD({ 1, 7, 0 }), E_CONFIG); /* no key */
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct record){ 1, (uint32_t)i, 1 };
	ck_assert_int_eq(load(many, TOKEN_KEYS_MOST), 0);
	ck_assert_int_eq(load(many, TOKEN_KEYS_MOST + 1), E_CONFIG);
	ck_assert_uint_eq(keys.n, 0);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	uint8_t bytes[TOKEN_KEY_RECORD_BYTES] = { 1, 0, 0, 0, 7, 1 };

	for (size_t len = 1; len < sizeof bytes; len++) {
		write_bytes(bytes, len);
		ck_assert_int_eq(token_keys_load(&keys, path), E_CONFIG);
	}
	write_bytes(bytes, sizeof bytes);
	ck_assert_int_eq(token_keys_load(&keys, path), 0);
	unlink(path);
}
END_TEST

/* Epoch 10 is days 300 to 329; until day 306 epoch 9 counts too. */
START_TEST(the_day_decides_which_keys_count)
{
	static const struct {
		uint64_t day;
		bool counts[4]; /* epochs 8 to 11 */
		uint32_t newest;
	} days[] = {
		{ 299, { false, true, false, false }, 9 },
		{ 300, { false, true, true, false }, 10 },
		{ 306, { false, true, true, false }, 10 },
		{ 307, { false, false, true, false }, 10 },
		{ 329, { false, false, true, false }, 10 },
		{ 330, { false, false, true, true }, 11 },
	};

	ck_assert_int_eq(LOAD({ 3, 8, 1 }, { 3, 9, 2 }, { 3, 10, 3 }, { 3, 11, 4 }), 0);
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		for (uint32_t j = 0; j < 4; j++) {
			const struct token_key *key = token_keys_find(
					&keys, TOKEN_MAILBOX, 8 + j, days[i].day);

			ck_assert_int_eq(key != NULL, days[i].counts[j]);
			ck_assert(!key || key->epoch == 8 + j);
		}
		ck_assert_uint_eq(token_keys_newest(&keys, TOKEN_MAILBOX, days[i].day)->epoch,
				days[i].newest);
	}
	ck_assert_ptr_null(token_keys_newest(&keys, TOKEN_INBOX, 300));
	ck_assert_ptr_null(token_keys_newest(&keys, TOKEN_MAILBOX, 400));
}
END_TEST

/* A new key that is not there yet: the old one is what one is issued under while it counts. */
START_TEST(without_the_new_key_the_old_one_is_the_newest)
{
	ck_assert_int_eq(LOAD({ 3, 9, 2 }), 0);
	ck_assert_uint_eq(token_keys_newest(&keys, TOKEN_MAILBOX, 306)->epoch, 9);
	ck_assert_ptr_null(token_keys_newest(&keys, TOKEN_MAILBOX, 307));
	ck_assert_ptr_null(token_keys_newest(&keys, TOKEN_MAILBOX, 0));
}
END_TEST

static void mint(uint8_t out[static TOKEN_BYTES], const struct token_key *key,
		const uint8_t digest[static HASH_BYTES])
{
	struct token_request request;
	struct token_answer answer = { 0 };
	uint8_t tokens[1][TOKEN_BYTES];

	ck_assert_int_eq(token_request_make(&request, 1, key->voprf.pub, digest), 0);
	ck_assert_int_eq(voprf_evaluate(answer.evaluated[0], answer.proof, &key->voprf,
					 request.blinded[0], 1),
			0);
	ck_assert_int_eq(token_request_finish(tokens, &request, &answer), 0);
	memcpy(out, tokens[0], TOKEN_BYTES);
}

START_TEST(a_token_is_taken_for_its_operation_on_its_days)
{
	uint8_t digest[HASH_BYTES] = { 5 }, other[HASH_BYTES] = { 6 }, token[TOKEN_BYTES],
		hash[HASH_BYTES];
	struct token_rule rule = { TOKEN_MAILBOX, 299, digest };
	struct token_paid paid = { 0 };

	ck_assert_int_eq(LOAD({ 3, 9, 2 }, { 4, 9, 3 }), 0);
	mint(token, &keys.keys[0], digest);
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), 0);
	token_hash(hash, token);
	ck_assert_uint_eq(paid.epoch, 9);
	ck_assert_mem_eq(paid.hash, hash, sizeof hash);

	rule.day = 307; /* over */
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), TOKEN_BAD);
	rule.day = 269; /* not yet */
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), TOKEN_BAD);
	rule = (struct token_rule){ TOKEN_INBOX, 299, digest };
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), TOKEN_BAD);
	rule = (struct token_rule){ TOKEN_MAILBOX, 299, other };
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), TOKEN_BAD);
	rule.digest = digest;
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		token[i] ^= 1;
		ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), TOKEN_BAD);
		token[i] ^= 1;
	}
	ck_assert_int_eq(token_keys_redeem(&paid, &keys, token, &rule), 0);
}
END_TEST

UNIT("token_keys", takes_its_form_and_nothing_else, refuses_every_truncation,
		the_day_decides_which_keys_count, without_the_new_key_the_old_one_is_the_newest,
		a_token_is_taken_for_its_operation_on_its_days)
