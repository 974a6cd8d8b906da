/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/sessions (docs/protocol.md). */
#include "client/lib/live_request.h"

#include "client/lib/sync.h"
#include "libshared/error.h"
#include "libshared/writer.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

DEFINE_CLEANUP(json_t *, json_decref)

static int make_proof(uint8_t out[static 32], const struct known_server *at,
		const struct own_mailbox *m, const uint8_t request[static 16])
{
	static const char purpose[] = "sotto session v1";
	CLEANUP(key_wipe) struct key key = { { 0 } };
	uint8_t message[sizeof purpose - 1 + NONCE_BYTES + 16 + 1];
	struct writer w = writer_over(message, sizeof message);
	int rc = net_request_key(&key, at, &m->owner, PORT_BRIDGED);

	writer_copy(&w, purpose, sizeof purpose - 1);
	writer_copy(&w, at->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES);
	writer_copy(&w, request, 16);
	writer_u8(&w, 1); /* a mailbox */
	if (rc == 0)
		crypto_auth_hmacsha256(out, message, sizeof message, key.b);
	return rc;
}

static json_t *text_of(const uint8_t *bytes, size_t len)
{
	char text[BASE64URL_ROOM(KEY_BYTES)];

	base64url_write(text, bytes, len);
	return json_string(text);
}

static int add_owner(json_t *owners, const struct known_server *at, const struct own_mailbox *m,
		const uint8_t request[static 16])
{
	uint8_t proof[32];
	int rc = make_proof(proof, at, m, request);

	if (rc)
		return rc;
	return json_array_append_new(owners,
			       json_pack("{s:s, s:o, s:o}", "kind", "mailbox", "owner",
					       text_of(m->owner.pub.b, KEY_BYTES), "proof",
					       text_of(proof, sizeof proof)))
			? E_NOMEM
			: 0;
}

static int make_body(uint8_t out[static JSON_LARGE_BYTES], const struct known_server *at,
		const struct own_mailbox *boxes, size_t n)
{
	json_t *owners = json_array();
	CLEANUP(json_decref)
	json_t *json = json_pack("{s:o, s:o, s:o}", "request", text_of(boxes->request, 16), "nonce",
			text_of(at->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES), "owners",
			owners);
	int rc = json ? 0 : E_NOMEM;
	size_t len;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_owner(owners, at, &boxes[i], boxes->request);
	if (rc)
		return rc;
	memset(out, ' ', JSON_LARGE_BYTES);
	len = json_dumpb(json, (char *)out, JSON_LARGE_BYTES, JSON_COMPACT);
	return len && len <= JSON_LARGE_BYTES ? 0 : E_BUG;
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

static int take_grant(struct live_grant *out, const struct known_server *at, const struct answer *a)
{
	struct live_grant grant = { .port = at->server.mqtt_port };
	int rc = read_grant(&grant, a);

	memcpy(grant.host, at->server.live, sizeof grant.host);
	if (rc == 0)
		*out = grant;
	sodium_memzero(&grant, sizeof grant);
	return rc;
}

int live_request(struct live_grant *out, struct net *net, const struct own_mailbox *boxes, size_t n)
{
	const struct own_mailbox *m = boxes;
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
			.circuit = sync_circuit(boxes),
			.onion = m->onion,
			.port = PORT_BRIDGED,
			.method = "POST",
			.path = "/v1/sessions",
			.body = body,
			.body_len = sizeof body,
		};

		rc = make_body(body, at, boxes, n);
		rc = rc ? rc : net_ask(net, &ask, &answer);
		if (rc)
			return rc;
		if (base64url_read(nonce, NONCE_BYTES, answer.nonce, strlen(answer.nonce)))
			return E_PROTO;
		if (answer.status == 201)
			return take_grant(out, at, &answer);
		rc = answer.status == 401 ? 0 : E_NET;
	}
	return rc ? rc : E_NET;
}
