/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Anonymous tokens (docs/protocol.md "Tokens"; RFC 9578 in shape, RFC 9577 in the header, RFC 9497
 * underneath): which operations they pay for, which epochs count, their bytes and their two
 * headers, and one batch on the client's side. Days are unix days of the server's clock. TOKEN_BAD:
 * not as it must be; then nothing is written.
 */
#ifndef SOTTO_TOKEN_H
#define SOTTO_TOKEN_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/scope.h"
#include "libshared/voprf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a token pays for; the numbers are those of the wire. */
enum token_operation {
	TOKEN_NONE = 0,
	TOKEN_ACCOUNT = 1,
	TOKEN_PREKEY = 2,
	TOKEN_MAILBOX = 3,
	TOKEN_INBOX = 4,
	TOKEN_CHUNK = 5,
	TOKEN_TURN = 6,
	TOKEN_OPERATIONS = 6,
};

enum {
	TOKEN_BAD = 1,
	TOKEN_TYPE = 0x0005, /* VOPRF(ristretto255, SHA-512) */
	TOKEN_NONCE_BYTES = 32,
	TOKEN_INPUT_BYTES = 2 + TOKEN_NONCE_BYTES + HASH_BYTES + HASH_BYTES,
	TOKEN_BYTES = TOKEN_INPUT_BYTES + VOPRF_OUTPUT_BYTES,
	TOKEN_CHALLENGE_BYTES = 2 + 2 + ONION_TEXT + 1 + 2 + ONION_TEXT,
	TOKEN_BATCH_MOST = 32,
	TOKEN_EPOCH_DAYS = 30,
	TOKEN_OVERLAP_DAYS = 7,
	TOKEN_HEADER_ROOM = 256,    /* "PrivateToken token=..." and its NUL */
	TOKEN_CHALLENGE_ROOM = 320, /* "PrivateToken challenge=..., token-key=..." and its NUL */
};

/* "account", "prekey", ...; NULL for anything else. */
const char *token_operation_name(enum token_operation operation);
int token_operation_read(enum token_operation *out, const char *name) MUST_CHECK;

/* How many tokens one payment buys: 1 for an account, else TOKEN_BATCH_MOST; 0 for no operation. */
size_t token_batch_size(enum token_operation operation);

/* --- epochs --------------------------------------------------------------------------------- */

uint32_t token_epoch(uint64_t day);
/* Keys of this epoch are listed, issue and redeem: it is the current one, or the one before while
 * the current one is younger than the overlap. */
bool token_epoch_counts(uint32_t epoch, uint64_t day);

/* --- bytes ---------------------------------------------------------------------------------- */

/* TokenChallenge (RFC 9577 2.1): issuer = origin = onion, the "<56>.onion" of `api`; no context, so
 * that tokens can be kept in stock. */
void token_challenge(
		uint8_t out[static TOKEN_CHALLENGE_BYTES], const char onion[static ONION_TEXT]);
void token_challenge_digest(uint8_t out[static HASH_BYTES], const char onion[static ONION_TEXT]);
void token_key_id(uint8_t out[static HASH_BYTES], const uint8_t pub[static VOPRF_ELEMENT_BYTES]);

/* Where the parts of a token lie. */
const uint8_t *token_digest_in(const uint8_t token[static TOKEN_BYTES]);
const uint8_t *token_key_id_in(const uint8_t token[static TOKEN_BYTES]);

/* What stands for the token in a table of the spent. */
void token_hash(uint8_t out[static HASH_BYTES], const uint8_t token[static TOKEN_BYTES]);

/*
 * Made by this key, for this challenge. The caller finds the key by token_key_id_in, and asks
 * token_epoch_counts. Constant time in what is secret. TOKEN_BAD.
 */
int token_redeem(const uint8_t token[static TOKEN_BYTES], const struct voprf_key *key,
		const uint8_t digest[static HASH_BYTES]) MUST_CHECK;

/* --- headers -------------------------------------------------------------------------------- */

/* Authorization: PrivateToken token="..." */
void token_header_write(
		char out[static TOKEN_HEADER_ROOM], const uint8_t token[static TOKEN_BYTES]);
int token_header_read(uint8_t out[static TOKEN_BYTES], const char *value) MUST_CHECK;

/* WWW-Authenticate: PrivateToken challenge="...", token-key="..." */
void token_challenge_header_write(char out[static TOKEN_CHALLENGE_ROOM],
		const char onion[static ONION_TEXT], const uint8_t pub[static VOPRF_ELEMENT_BYTES]);

/* --- a batch, on the client's side ---------------------------------------------------------- */

/* Secret until the answer is there: who knows the blinds can link. */
struct token_request {
	size_t n;
	uint8_t pub[VOPRF_ELEMENT_BYTES];
	uint8_t inputs[TOKEN_BATCH_MOST][TOKEN_INPUT_BYTES];
	uint8_t blinds[TOKEN_BATCH_MOST][VOPRF_SCALAR_BYTES];
	uint8_t blinded[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES]; /* what is sent */
};

void token_request_wipe(struct token_request *request);
static inline __attribute__((unused)) void token_request_wipe_ref(struct token_request *request)
{
	token_request_wipe(request);
}

/* n fresh nonces, blinded. TOKEN_BAD: n is 0 or too large, or pub is no key. */
int token_request_make(struct token_request *out, size_t n,
		const uint8_t pub[static VOPRF_ELEMENT_BYTES],
		const uint8_t digest[static HASH_BYTES]) MUST_CHECK;

struct token_answer { /* from the server */
	uint8_t evaluated[TOKEN_BATCH_MOST][VOPRF_ELEMENT_BYTES];
	uint8_t proof[VOPRF_PROOF_BYTES];
};
/* request->n tokens. TOKEN_BAD: the answer was not made with the key that all see. */
int token_request_finish(uint8_t out[][TOKEN_BYTES], const struct token_request *request,
		const struct token_answer *answer) MUST_CHECK;

#endif
