/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* POST /v1/turn. */
#include "client/lib/relay.h"

#include "client/lib/sync.h"
#include "libshared/error.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer
DEFINE_CLEANUP(json_t *, json_decref)

static void make_body(uint8_t out[static JSON_BYTES], const uint8_t nonce[static NONCE_BYTES])
{
	char text[BASE64URL_ROOM(NONCE_BYTES)];
	int n;

	base64url_write(text, nonce, NONCE_BYTES);
	memset(out, ' ', JSON_BYTES);
	n = snprintf((char *)out, JSON_BYTES, "{\"nonce\": \"%s\"}", text);
	out[n] = ' ';
}

static int copy_text(
		char out[static CALL_CREDENTIAL_MOST + 1], const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	size_t len = text ? strlen(text) : 0;

	if (!len || len > CALL_CREDENTIAL_MOST)
		return E_PROTO;
	memcpy(out, text, len + 1);
	return 0;
}

static int read_credential(struct call_relay *out, const struct answer *a)
{
	CLEANUP(json_decref)
	json_t *json = json_loadb((const char *)a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
	int rc = copy_text(out->user, json, "user");

	return rc ? rc : copy_text(out->password, json, "password");
}

static int buy(struct call_relay *out, struct net *net, struct profile *p, struct known_server *at,
		const uint8_t circuit[static CALL_ID_BYTES])
{
	uint8_t *nonce = at->nonces[PORT_BRIDGED - PORT_PREKEYD], body[JSON_BYTES], name[16];
	const struct payment payment = { TOKEN_TURN, name, sizeof name, false };
	const struct ask ask = {
		.circuit = { "turn", circuit, CALL_ID_BYTES, false },
		.onion = at->onion,
		.port = PORT_BRIDGED,
		.method = "POST",
		.path = "/v1/turn",
		.body = body,
		.body_len = sizeof body,
	};
	int rc = 0;

	randombytes_buf(name, sizeof name);
	for (int tries = 0; rc == 0 && tries < 2; tries++) { /* the first may have a stale nonce */
		ANSWER answer = { 0 };

		make_body(body, nonce);
		rc = tokens_ask(net, p, &ask, &payment, &answer);
		if (rc == 0 && answer.status == 400 && tries == 0) {
			rc = base64url_read(nonce, NONCE_BYTES, answer.nonce, strlen(answer.nonce));
			if (rc)
				return E_PROTO;
			continue;
		}
		rc = sync_verdict(rc, &answer);
		rc = rc ? rc : read_credential(out, &answer);
		return rc ? rc : tokens_spent(p, &ask, &payment);
	}
	return rc;
}

int relay_find(struct call_relay *out, struct net *net, const uint8_t onion[static ONION_KEY_BYTES])
{
	int rc = net_know_server(net, onion);
	const struct server *server = rc ? NULL : &net_known(net, onion)->server;

	if (rc)
		return rc;
	out->port = (uint16_t)server->turn_port;
	return onion_check(out->onion, server->live) ? E_PROTO : 0;
}

int relay_buy(struct call_relay out[static 2], struct net *net, struct profile *p,
		const uint8_t onion[static ONION_KEY_BYTES],
		const uint8_t circuit[static CALL_ID_BYTES])
{
	struct known_server *at;
	int rc = relay_find(&out[0], net, onion);

	if (rc)
		return rc;
	at = net_known(net, onion);
	out[1] = out[0];
	rc = buy(&out[0], net, p, at, circuit);
	return rc ? rc : buy(&out[1], net, p, at, circuit);
}
