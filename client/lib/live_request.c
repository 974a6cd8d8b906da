/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/sessions (docs/protocol.md). */
#include "client/lib/live_request.h"

#include "libshared/error.h"
#include "libshared/writer.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(json_t *, json_decref)

static int make_proof(
		uint8_t out[static 32], const struct known_server *at, const struct own_mailbox *m)
{
	static const char purpose[] = "sotto session v1";
	CLEANUP(key_wipe) struct key key = { { 0 } };
	uint8_t message[sizeof purpose - 1 + NONCE_BYTES + 16 + 1];
	struct writer w = writer_over(message, sizeof message);
	int rc = net_request_key(&key, at, &m->owner, PORT_BRIDGED);

	writer_copy(&w, purpose, sizeof purpose - 1);
	writer_copy(&w, at->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES);
	writer_copy(&w, m->request, 16);
	writer_u8(&w, 1); /* a mailbox */
	if (rc == 0)
		crypto_auth_hmacsha256(out, message, sizeof message, key.b);
	return rc;
}

static int make_body(uint8_t out[static JSON_LARGE_BYTES], const struct known_server *at,
		const struct own_mailbox *m)
{
	char request[BASE64URL_ROOM(16)], nonce[BASE64URL_ROOM(NONCE_BYTES)],
			owner[BASE64URL_ROOM(32)];
	char proof_text[BASE64URL_ROOM(32)];
	uint8_t proof[32];
	int n, rc = make_proof(proof, at, m);

	if (rc)
		return rc;
	base64url_write(request, m->request, 16);
	base64url_write(nonce, at->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES);
	base64url_write(owner, m->owner.pub.b, KEY_BYTES);
	base64url_write(proof_text, proof, sizeof proof);
	memset(out, ' ', JSON_LARGE_BYTES);
	n = snprintf((char *)out, JSON_LARGE_BYTES,
			"{\"request\": \"%s\", \"nonce\": \"%s\", \"owners\": [{\"kind\": "
			"\"mailbox\", \"owner\": \"%s\", \"proof\": \"%s\"}]}",
			request, nonce, owner, proof_text);
	out[n] = ' ';
	return 0;
}

static int copy_text(char *out, size_t size, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	if (!text || strlen(text) >= size)
		return E_PROTO;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int read_grant(struct live_grant *g, const struct answer *a)
{
	CLEANUP(json_decref) json_t *json = json_loadb((const char *)a->body, a->len, 0, NULL);
	int rc = copy_text(g->id, sizeof g->id, json, "session");

	rc = rc ? rc : copy_text(g->password, sizeof g->password, json, "password");
	rc = rc ? rc : copy_text(g->down, sizeof g->down, json, "down");
	return rc ? rc : copy_text(g->up, sizeof g->up, json, "up");
}

int live_request(struct live_grant *out, struct net *net, const struct own_mailbox *m)
{
	struct known_server *at;
	uint8_t *nonce;
	int rc = net_know_server(net, m->onion);

	if (rc)
		return rc;
	at = net_known(net, m->onion);
	nonce = at->nonces[PORT_BRIDGED - PORT_PREKEYD];

	for (int tries = 0; rc == 0 && tries < 2; tries++) { /* the first may have a stale nonce */
		__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
		uint8_t body[JSON_LARGE_BYTES];
		const struct ask ask = {
			.circuit = { "read", m->mailbox, MAILBOX_ID_BYTES, false },
			.onion = m->onion,
			.port = PORT_BRIDGED,
			.method = "POST",
			.path = "/v1/sessions",
			.body = body,
			.body_len = sizeof body,
		};

		rc = make_body(body, at, m);
		rc = rc ? rc : net_ask(net, &ask, &answer);
		if (rc)
			return rc;
		if (base64url_read(nonce, NONCE_BYTES, answer.nonce, strlen(answer.nonce)))
			return E_PROTO;
		if (answer.status == 201)
			return read_grant(out, &answer);
		rc = answer.status == 401 ? 0 : E_NET;
	}
	return rc ? rc : E_NET;
}
