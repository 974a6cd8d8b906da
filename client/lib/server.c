/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads a server's description of itself. Trusts it to be whoever holds the onion key, no more. */
#include "client/lib/server.h"

#include "client/lib/link.h"
#include "libshared/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(json_t *, json_decref)

static int read_bytes(void *out, size_t len, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && base64url_read(out, len, text, strlen(text)) == 0 ? 0 : E_PROTO;
}

static int read_registration(enum registration *out, const json_t *json)
{
	static const char *const names[] = { "open", "invite", "closed" };
	const char *text = json_string_value(json_object_get(json, "registration"));

	for (size_t i = 0; text && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum registration)i;
			return 0;
		}
	return E_PROTO;
}

static int read_token_key(struct token_key *out, const json_t *json)
{
	const char *operation = json_string_value(json_object_get(json, "operation"));
	const json_t *epoch = json_object_get(json, "epoch");

	if (!operation || token_operation_read(&out->operation, operation) ||
			!json_is_integer(epoch) || json_integer_value(epoch) < 0 ||
			json_integer_value(epoch) > UINT32_MAX ||
			read_bytes(out->pub, sizeof out->pub, json, "key") ||
			voprf_element_check(out->pub))
		return E_PROTO;
	out->epoch = (uint32_t)json_integer_value(epoch);
	return 0;
}

static int read_token_keys(struct server *out, const json_t *list)
{
	const size_t n = json_array_size(list); /* 0 when there is no such list */
	int rc = 0;

	if (n > ARRAY_LEN(out->tokens) || (list && !json_is_array(list)))
		return E_PROTO;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_token_key(&out->tokens[i], json_array_get(list, i));
	out->n_tokens = n;
	return rc;
}

int server_read(struct server *out, const void *text, size_t len)
{
	CLEANUP(json_decref) json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *keys = json_object_get(json, "keys");
	const char *live = json_string_value(
			json_object_get(json_object_get(json, "onions"), "live"));
	json_int_t port = json_integer_value(
			json_object_get(json_object_get(json, "ports"), "mqtt"));
	json_int_t turn = json_integer_value(
			json_object_get(json_object_get(json, "ports"), "turn"));
	struct server server = { .known = true };
	uint8_t live_key[ONION_KEY_BYTES];

	if (!live || onion_check(live_key, live) || port < 1 || port > 65535 || turn < 1 ||
			turn > 65535)
		return E_PROTO;
	if (read_bytes(server.keys[0].b, KEY_BYTES, keys, "prekeyd") ||
			read_bytes(server.keys[1].b, KEY_BYTES, keys, "blobd") ||
			read_bytes(server.keys[2].b, KEY_BYTES, keys, "bridged") ||
			read_registration(&server.registration, json) ||
			read_token_keys(&server, json_object_get(json, "tokens")))
		return E_PROTO;
	snprintf(server.live, sizeof server.live, "%s", live);
	server.mqtt_port = (int)port;
	server.turn_port = (int)turn;
	hash256(server.said, text, len);
	*out = server;
	return 0;
}

const struct token_key *server_newest(const struct server *server, enum token_operation operation)
{
	const struct token_key *newest = NULL;

	for (const struct token_key *k = server->tokens; k < server->tokens + server->n_tokens; k++)
		if (k->operation == operation && (!newest || k->epoch > newest->epoch))
			newest = k;
	return newest;
}

bool server_lists(const struct server *server, const uint8_t key_id[static HASH_BYTES])
{
	uint8_t id[HASH_BYTES];

	for (size_t i = 0; i < server->n_tokens; i++) {
		token_key_id(id, server->tokens[i].pub);
		if (memcmp(id, key_id, sizeof id) == 0)
			return true;
	}
	return false;
}
