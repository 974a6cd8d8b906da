/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * RFC 9421 as we use it: one label, four components in one order, hmac-sha256. Signer and verifier
 * build the same base from the same function, and the verifier rebuilds Signature-Input from what
 * it parsed, so nothing but that one spelling passes.
 */
#include "libshared/owner.h"

#include "libshared/error.h"
#include "libshared/nonce.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define INPUT_HEAD "(\"@method\" \"@path\" \"@query\" \"content-digest\");keyid=\""
#define INPUT_NONCE "\";nonce=\""
#define INPUT_TAIL "\";alg=\"hmac-sha256\""
#define LABEL "sotto="

enum { KEYID_TEXT = 43, BASE_MOST = 1024 };

/* shared is X25519 of the two, whichever side computed it. */
static void derive(struct key *out, const struct key *shared, const struct key *owner_pub,
		const struct key *server_pub, const uint8_t onion_pub[static ONION_KEY_BYTES])
{
	static const char purpose[] = "sotto request v1";
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof out->b);
	crypto_generichash_update(&state, shared->b, sizeof shared->b);
	crypto_generichash_update(&state, owner_pub->b, sizeof owner_pub->b);
	crypto_generichash_update(&state, server_pub->b, sizeof server_pub->b);
	crypto_generichash_update(&state, onion_pub, ONION_KEY_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose - 1);
	crypto_generichash_final(&state, out->b, sizeof out->b);
	sodium_memzero(&state, sizeof state);
}

int owner_request_key(struct key *out, const struct key *mine, const struct key *owner_pub,
		const struct key *server_pub, const uint8_t onion_pub[static ONION_KEY_BYTES])
{
	CLEANUP(key_wipe) struct key shared = { { 0 } };
	struct key my_pub;

	crypto_scalarmult_base(my_pub.b, mine->b);
	/* Fails on the all-zero result that low-order points give. */
	if (crypto_scalarmult(shared.b, mine->b,
			    (key_equal(&my_pub, owner_pub) ? server_pub : owner_pub)->b) != 0)
		return OWNER_REFUSED;
	derive(out, &shared, owner_pub, server_pub, onion_pub);
	return 0;
}

int owner_request_key_of(struct key *out, const struct key_pair *server,
		const struct key *owner_pub, const uint8_t onion_pub[static ONION_KEY_BYTES])
{
	CLEANUP(key_wipe) struct key shared = { { 0 } };

	if (crypto_scalarmult(shared.b, server->secret.b, owner_pub->b) != 0)
		return OWNER_REFUSED;
	derive(out, &shared, owner_pub, &server->pub, onion_pub);
	return 0;
}

void owner_mailbox_id(uint8_t out[static MAILBOX_ID_BYTES], const struct key *owner_pub)
{
	hash256(out, owner_pub->b, sizeof owner_pub->b);
}

static void write_digest(char out[static 64], const void *body, size_t len)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[BASE64_ROOM(sizeof hash)];

	crypto_hash_sha256(hash, body, len);
	base64_write(text, hash, sizeof hash);
	snprintf(out, 64, "sha-256=:%s:", text);
}

static void write_input(char out[static 256], const struct key *owner_pub,
		const uint8_t nonce[static NONCE_BYTES])
{
	char keyid[BASE64URL_ROOM(KEY_BYTES)], nonce_text[BASE64URL_ROOM(NONCE_BYTES)];

	base64url_write(keyid, owner_pub->b, sizeof owner_pub->b);
	base64url_write(nonce_text, nonce, NONCE_BYTES);
	snprintf(out, 256, LABEL INPUT_HEAD "%s" INPUT_NONCE "%s" INPUT_TAIL, keyid, nonce_text);
}

/* RFC 9421 2.5. E_PROTO: longer than any request of ours. */
static int write_base(char out[static BASE_MOST], const struct owner_headers *h,
		const struct owner_request *request)
{
	int n = snprintf(out, BASE_MOST,
			"\"@method\": %s\n\"@path\": %s\n\"@query\": %s\n\"content-digest\": "
			"%s\n\"@signature-params\": %s",
			request->method, request->path, request->query, h->digest,
			h->input + strlen(LABEL));

	return n < 0 || n >= BASE_MOST ? E_PROTO : 0;
}

int owner_signature(uint8_t out[static 32], const void *key, size_t key_len, const char *base)
{
	crypto_auth_hmacsha256_state state;

	if (crypto_auth_hmacsha256_init(&state, key, key_len) != 0)
		return E_CRYPTO;
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)base, strlen(base));
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
	return 0;
}

static int write_signature(char out[static 64], const struct key *request_key, const char *base)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char text[BASE64_ROOM(sizeof mac)];
	int rc = owner_signature(mac, request_key->b, sizeof request_key->b, base);

	if (rc)
		return rc;
	base64_write(text, mac, sizeof mac);
	snprintf(out, 64, LABEL ":%s:", text);
	sodium_memzero(mac, sizeof mac);
	return 0;
}

int owner_sign(struct owner_headers *out, const struct key *request_key,
		const struct key *owner_pub, const uint8_t nonce[static NONCE_BYTES],
		const struct owner_request *request)
{
	char base[BASE_MOST];
	int rc;

	write_digest(out->digest, request->body, request->body_len);
	write_input(out->input, owner_pub, nonce);
	rc = write_base(base, out, request);
	return rc ? rc : write_signature(out->signature, request_key, base);
}

int owner_parse_input(
		const char *input, struct key *out_owner_pub, uint8_t out_nonce[static NONCE_BYTES])
{
	const size_t head = strlen(LABEL INPUT_HEAD), middle = strlen(INPUT_NONCE);
	const char *keyid, *nonce;
	struct key owner_pub;
	uint8_t nonce_bytes[NONCE_BYTES];
	char again[256];

	if (strlen(input) != head + KEYID_TEXT + middle + NONCE_TEXT + strlen(INPUT_TAIL))
		return OWNER_REFUSED;
	keyid = input + head;
	nonce = keyid + KEYID_TEXT + middle;
	if (base64url_read(owner_pub.b, sizeof owner_pub.b, keyid, KEYID_TEXT) ||
			base64url_read(nonce_bytes, sizeof nonce_bytes, nonce, NONCE_TEXT))
		return OWNER_REFUSED;
	write_input(again, &owner_pub, nonce_bytes);
	if (strcmp(input, again) != 0)
		return OWNER_REFUSED;
	*out_owner_pub = owner_pub;
	memcpy(out_nonce, nonce_bytes, sizeof nonce_bytes);
	return 0;
}

int owner_verify(const struct owner_headers *headers, const struct key *request_key,
		const struct owner_request *request)
{
	char base[BASE_MOST], digest[64], signature[64];
	size_t len;

	write_digest(digest, request->body, request->body_len);
	if (strcmp(digest, headers->digest) != 0 || write_base(base, headers, request))
		return OWNER_REFUSED;
	if (write_signature(signature, request_key, base))
		return OWNER_REFUSED;
	len = strlen(signature);
	if (strlen(headers->signature) != len ||
			sodium_memcmp(signature, headers->signature, len) != 0)
		return OWNER_REFUSED;
	return 0;
}
