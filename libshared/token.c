/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Tokens in bytes. Trusts voprf.c for the algebra; a token that is shown is a stranger's. */
#include "libshared/token.h"

#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGEST_AT = 2 + TOKEN_NONCE_BYTES, KEY_ID_AT = DIGEST_AT + HASH_BYTES };

static const char *const names[TOKEN_OPERATIONS + 1] = { NULL, "account", "prekey", "mailbox",
	"inbox", "chunk", "turn" };

static const char header_before[] = "PrivateToken token=\"";

/* --- operations and epochs ------------------------------------------------------------------ */

const char *token_operation_name(enum token_operation operation)
{
	return (unsigned)operation < ARRAY_LEN(names) ? names[operation] : NULL;
}

int token_operation_read(enum token_operation *out, const char *name)
{
	for (unsigned i = 1; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum token_operation)i;
			return 0;
		}
	return TOKEN_BAD;
}

size_t token_batch_size(enum token_operation operation)
{
	if (!token_operation_name(operation))
		return 0;
	return operation == TOKEN_ACCOUNT ? 1 : TOKEN_BATCH_MOST;
}

uint32_t token_epoch(uint64_t day)
{
	return (uint32_t)(day / TOKEN_EPOCH_DAYS);
}

bool token_epoch_counts(uint32_t epoch, uint64_t day)
{
	const uint64_t now = day / TOKEN_EPOCH_DAYS;

	return epoch == now ||
			(epoch + (uint64_t)1 == now && day % TOKEN_EPOCH_DAYS < TOKEN_OVERLAP_DAYS);
}

/* --- bytes ---------------------------------------------------------------------------------- */

void token_challenge(uint8_t out[static TOKEN_CHALLENGE_BYTES], const char onion[static ONION_TEXT])
{
	struct writer w = writer_over(out, TOKEN_CHALLENGE_BYTES);

	writer_u16(&w, TOKEN_TYPE);
	writer_u16(&w, ONION_TEXT);
	writer_copy(&w, onion, ONION_TEXT); /* issuer */
	writer_u8(&w, 0);		    /* redemption context */
	writer_u16(&w, ONION_TEXT);
	writer_copy(&w, onion, ONION_TEXT); /* origin */
}

void token_challenge_digest(uint8_t out[static HASH_BYTES], const char onion[static ONION_TEXT])
{
	uint8_t challenge[TOKEN_CHALLENGE_BYTES];

	token_challenge(challenge, onion);
	crypto_hash_sha256(out, challenge, sizeof challenge);
}

void token_key_id(uint8_t out[static HASH_BYTES], const uint8_t pub[static VOPRF_ELEMENT_BYTES])
{
	crypto_hash_sha256(out, pub, VOPRF_ELEMENT_BYTES);
}

const uint8_t *token_digest_in(const uint8_t token[static TOKEN_BYTES])
{
	return token + DIGEST_AT;
}

const uint8_t *token_key_id_in(const uint8_t token[static TOKEN_BYTES])
{
	return token + KEY_ID_AT;
}

void token_hash(uint8_t out[static HASH_BYTES], const uint8_t token[static TOKEN_BYTES])
{
	hash256(out, token, TOKEN_BYTES);
}

static void input_write(uint8_t out[static TOKEN_INPUT_BYTES],
		const uint8_t nonce[static TOKEN_NONCE_BYTES],
		const uint8_t digest[static HASH_BYTES], const uint8_t key_id[static HASH_BYTES])
{
	struct writer w = writer_over(out, TOKEN_INPUT_BYTES);

	writer_u16(&w, TOKEN_TYPE);
	writer_copy(&w, nonce, TOKEN_NONCE_BYTES);
	writer_copy(&w, digest, HASH_BYTES);
	writer_copy(&w, key_id, HASH_BYTES);
}

int token_redeem(const uint8_t token[static TOKEN_BYTES], const struct voprf_key *key,
		const uint8_t digest[static HASH_BYTES])
{
	uint8_t input[TOKEN_INPUT_BYTES], key_id[HASH_BYTES], output[VOPRF_OUTPUT_BYTES];
	int rc = TOKEN_BAD;

	/* The input as it must be: so type, digest and key id are right when the output is. */
	token_key_id(key_id, key->pub);
	input_write(input, token + 2, digest, key_id);
	if (memcmp(input, token, sizeof input) == 0 &&
			voprf_redeem(output, key, input, sizeof input) == 0 &&
			sodium_memcmp(output, token + TOKEN_INPUT_BYTES, sizeof output) == 0)
		rc = 0;
	sodium_memzero(output, sizeof output);
	return rc;
}

/* --- headers -------------------------------------------------------------------------------- */

/* RFC 9577 writes base64url with padding, where there is any to write. */
static void padded_write(char *out, size_t room, const void *bytes, size_t len)
{
	sodium_bin2base64(out, room, bytes, len, sodium_base64_VARIANT_URLSAFE);
}

void token_header_write(char out[static TOKEN_HEADER_ROOM], const uint8_t token[static TOKEN_BYTES])
{
	const size_t before = sizeof header_before - 1;

	memcpy(out, header_before, before);
	padded_write(out + before, TOKEN_HEADER_ROOM - before, token, TOKEN_BYTES);
	memcpy(out + strlen(out), "\"", 2);
}

/* 162 bytes need no padding, so there is one form only. */
int token_header_read(uint8_t out[static TOKEN_BYTES], const char *value)
{
	const size_t before = sizeof header_before - 1, len = strlen(value);

	if (len < before + 1 || value[len - 1] != '"' ||
			strncasecmp(value, header_before, before) != 0)
		return TOKEN_BAD;
	return base64url_read(out, TOKEN_BYTES, value + before, len - before - 1) ? TOKEN_BAD : 0;
}

void token_challenge_header_write(char out[static TOKEN_CHALLENGE_ROOM],
		const char onion[static ONION_TEXT], const uint8_t pub[static VOPRF_ELEMENT_BYTES])
{
	uint8_t bytes[TOKEN_CHALLENGE_BYTES];
	char challenge[BASE64_ROOM(TOKEN_CHALLENGE_BYTES)], key[BASE64_ROOM(VOPRF_ELEMENT_BYTES)];

	token_challenge(bytes, onion);
	padded_write(challenge, sizeof challenge, bytes, sizeof bytes);
	padded_write(key, sizeof key, pub, VOPRF_ELEMENT_BYTES);
	snprintf(out, TOKEN_CHALLENGE_ROOM, "PrivateToken challenge=\"%s\", token-key=\"%s\"",
			challenge, key);
}

/* --- a batch, on the client's side ---------------------------------------------------------- */

void token_request_wipe(struct token_request *request)
{
	if (request)
		sodium_memzero(request, sizeof *request);
}

int token_request_make(struct token_request *out, size_t n,
		const uint8_t pub[static VOPRF_ELEMENT_BYTES],
		const uint8_t digest[static HASH_BYTES])
{
	CLEANUP(token_request_wipe) struct token_request r = { .n = n };
	uint8_t key_id[HASH_BYTES], nonce[TOKEN_NONCE_BYTES];

	if (n == 0 || n > TOKEN_BATCH_MOST || voprf_element_check(pub))
		return TOKEN_BAD;
	memcpy(r.pub, pub, sizeof r.pub);
	token_key_id(key_id, pub);
	for (size_t i = 0; i < n; i++) {
		randombytes_buf(nonce, sizeof nonce);
		input_write(r.inputs[i], nonce, digest, key_id);
		if (voprf_blind(r.blinds[i], r.blinded[i], r.inputs[i], sizeof r.inputs[i]))
			return TOKEN_BAD;
	}
	*out = r;
	return 0;
}

int token_request_finish(uint8_t out[][TOKEN_BYTES], const struct token_request *request,
		const struct token_answer *answer)
{
	struct voprf_input inputs[TOKEN_BATCH_MOST];
	uint8_t outputs[TOKEN_BATCH_MOST][VOPRF_OUTPUT_BYTES];
	const struct voprf_batch batch = { request->n, request->pub, inputs, request->blinds[0],
		request->blinded[0], answer->evaluated[0], answer->proof, outputs[0] };

	if (request->n > TOKEN_BATCH_MOST)
		return TOKEN_BAD;
	for (size_t i = 0; i < request->n; i++)
		inputs[i] = (struct voprf_input){ request->inputs[i], TOKEN_INPUT_BYTES };
	if (voprf_finalise(&batch))
		return TOKEN_BAD;
	for (size_t i = 0; i < request->n; i++) {
		memcpy(out[i], request->inputs[i], TOKEN_INPUT_BYTES);
		memcpy(out[i] + TOKEN_INPUT_BYTES, outputs[i], VOPRF_OUTPUT_BYTES);
	}
	sodium_memzero(outputs, sizeof outputs);
	return 0;
}
