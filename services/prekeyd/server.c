/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The server describes itself. Everything here is public and the same for everybody. */
#include "services/prekeyd/server.h"

#include "libshared/encode.h"
#include "services/prekeyd/prekeyd.h"

enum {
	PORT_PREKEYD = 7001,
	PORT_BLOBD = 7002,
	PORT_BRIDGED = 7003,
	PORT_MQTT = 1883,
	PORT_TURN = 3478
}; /* as torrc says */
enum { KEEP_DAYS = 21, BUNDLES_HELD = 100 };

static const char *const registrations[] = { "open", "invite", "closed" }; /* server.sql */

static json_t *key_json(const struct key *key)
{
	char text[BASE64URL_ROOM(KEY_BYTES)];

	base64url_write(text, key->b, sizeof key->b);
	return json_string(text);
}

/* Sorted by operation and epoch, as the credential is. */
static json_t *token_keys_json(const struct token_keys *keys)
{
	json_t *list = json_array();

	for (size_t i = 0; i < keys->n; i++) {
		const struct token_key *key = &keys->keys[i];
		char text[BASE64URL_ROOM(VOPRF_ELEMENT_BYTES)];

		if (!token_epoch_counts(key->epoch, engine_day()))
			continue;
		base64url_write(text, key->voprf.pub, sizeof key->voprf.pub);
		json_array_append_new(list,
				json_pack("{s:s, s:I, s:s}", "operation",
						token_operation_name(key->operation), "epoch",
						(json_int_t)key->epoch, "key", text));
	}
	return list;
}

int server_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	const struct prekeyd *prekeyd = rq->app;
	const struct engine_settings *s = &prekeyd->engine->settings;
	const struct pressure *now = overload_now(prekeyd->engine->overload);
	json_t *keys, *accepts, *json;

	accepts = json_pack("{s:b, s:b, s:b}", "accounts", now->level < PRESSURE_NEW, "mailboxes",
			now->level < PRESSURE_NEW, "deposits", now->level < PRESSURE_ALL);
	keys = json_pack("{s:o, s:o, s:o}", "prekeyd", key_json(&s->prekeyd_key), "blobd",
			key_json(&s->blobd_key), "bridged", key_json(&s->bridged_key));
	json = json_pack(
			"{s:i, s:s, s:s, s:{s:s, s:s}, s:{s:i, s:i, s:i, s:i, s:i}, s:o, s:o, s:o, "
			"s:{s:i, "
			"s:i, s:i, s:i, s:i}}",
			"protocol", 1, "software", "sotto/0.1.0", "registration",
			registrations[result_i32(rs, 0, 0)], "onions", "api", s->onion_api, "live",
			s->onion_live, "ports", "prekeyd", PORT_PREKEYD, "blobd", PORT_BLOBD,
			"bridged", PORT_BRIDGED, "mqtt", PORT_MQTT, "turn", PORT_TURN, "keys", keys,
			"tokens", token_keys_json(&prekeyd->engine->token_keys), "accepts", accepts,
			"limits", "blob_bytes", BLOB_BYTES, "mailbox_blobs",
			(int)now->mailbox_blobs, "keep_days", KEEP_DAYS, "session_mailboxes",
			SESSION_MAILBOXES, "bundles_held", BUNDLES_HELD);
	return reply_json(rp, 200, JSON_LARGE_BYTES, json);
}
