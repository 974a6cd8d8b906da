/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Owner requests: HTTP Message Signatures (RFC 9421) with hmac-sha256 under a key that both sides
 * compute from X25519, so a signature proves nothing to third parties (docs/protocol.md "Owner
 * requests"). Both halves live here: the client signs with the same lines the server checks.
 */
#ifndef SOTTO_OWNER_H
#define SOTTO_OWNER_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/scope.h"
#include "libshared/sizes.h"

#include <stddef.h>
#include <stdint.h>

enum {
	NONCE_BYTES = 16,
	NONCE_TEXT = 22,
	OWNER_REFUSED = 1, /* low-order key, malformed or wrong signature: all alike */
};

/* What is signed. path and query as sent, query with its leading '?' ("?" when there is none). */
struct owner_request {
	const char *method;
	const char *path;
	const char *query;
	const void *body;
	size_t body_len;
};

struct owner_headers {	    /* values of the three header fields, NUL-terminated */
	char digest[64];    /* Content-Digest */
	char input[256];    /* Signature-Input */
	char signature[64]; /* Signature */
};

/*
 * BLAKE2b-256(X25519(mine, theirs) || owner_pub || server_pub || onion_pub || "sotto request v1").
 * mine is the owner's or the server's secret. OWNER_REFUSED for a low-order key.
 */
int owner_request_key(struct key *out, const struct key *mine, const struct key *owner_pub,
		const struct key *server_pub,
		const uint8_t onion_pub[static ONION_KEY_BYTES]) MUST_CHECK;

/* The same on the server's side, in half the time. */
int owner_request_key_of(struct key *out, const struct key_pair *server,
		const struct key *owner_pub,
		const uint8_t onion_pub[static ONION_KEY_BYTES]) MUST_CHECK;

void owner_mailbox_id(uint8_t out[static MAILBOX_ID_BYTES], const struct key *owner_pub);

/* Client: the three headers for a request. */
int owner_sign(struct owner_headers *out, const struct key *request_key,
		const struct key *owner_pub, const uint8_t nonce[static NONCE_BYTES],
		const struct owner_request *request) MUST_CHECK;

/* Server, first step: keyid and nonce from Signature-Input, which must have exactly our form.
 * OWNER_REFUSED. */
int owner_parse_input(const char *input, struct key *out_owner_pub,
		uint8_t out_nonce[static NONCE_BYTES]) MUST_CHECK;

/* Server, second step: digest and signature fit. OWNER_REFUSED. The nonce's age is the caller's to
 * judge. */
int owner_verify(const struct owner_headers *headers, const struct key *request_key,
		const struct owner_request *request) MUST_CHECK;

/*
 * RFC 9421 2.5: the signature base over given lines, and its HMAC-SHA-256. Apart so that the RFC's
 * own vector (B.2.5) runs against it. key may have any length.
 */
int owner_signature(uint8_t out[static 32], const void *key, size_t key_len,
		const char *base) MUST_CHECK;

#endif
