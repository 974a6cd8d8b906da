/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening a session: each entry proves its owner key, the database says whether all of it exists,
 * then it is live. Trusts nothing in the body before its proof. The same request gives the same
 * session: that is how one renews.
 */
#include "services/bridged/sessions.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/owner.h"
#include "libshared/writer.h"
#include "services/bridged/bridged.h"
#include "services/bridged/password.h"
#include "services/bridged/push.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum { KIND_MAILBOX = 1, KIND_ACCOUNT = 2 };

#define PROOF_PURPOSE "sotto session v1"
#define ID_PURPOSE "sotto session id v1"

/* One request, read and proven; ask leaves it for answer. */
struct opening {
	uint8_t request[16], nonce[NONCE_BYTES];
	uint8_t kind;
	unsigned n;
	struct key owners[SESSION_MAILBOXES];
	uint8_t account[16];
	struct session_wish wish;
};

static int read_field(void *out, size_t len, const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	if (!json_is_string(text))
		return PROBLEM_BAD_REQUEST;
	return base64url_read(out, len, json_string_value(text), json_string_length(text))
			? PROBLEM_BAD_REQUEST
			: 0;
}

static int read_kind(struct opening *o, const json_t *entry)
{
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	const json_t *uuid = json_object_get(entry, "uuid");
	uint8_t value = 0;

	if (!kind)
		return PROBLEM_BAD_REQUEST;
	if (strcmp(kind, "mailbox") == 0)
		value = KIND_MAILBOX;
	else if (strcmp(kind, "account") == 0)
		value = KIND_ACCOUNT;
	if (!value || (o->kind && o->kind != value))
		return PROBLEM_BAD_REQUEST;
	o->kind = value;
	if (value == KIND_ACCOUNT &&
			(!json_is_string(uuid) ||
					uuid_read(o->account, json_string_value(uuid),
							json_string_length(uuid))))
		return PROBLEM_BAD_REQUEST;
	return 0;
}

/* HMAC-SHA-256(request key, purpose || nonce || request id || kind), with any of our keys during an
 * overlap. */
static int check_proof(const struct engine *engine, const struct opening *o,
		const struct key *owner, const uint8_t proof[static 32])
{
	uint8_t message[sizeof PROOF_PURPOSE - 1 + NONCE_BYTES + 16 + 1],
			mac[crypto_auth_hmacsha256_BYTES];
	struct writer w = writer_over(message, sizeof message);
	uint8_t onion[ONION_KEY_BYTES];

	writer_copy(&w, PROOF_PURPOSE, sizeof PROOF_PURPOSE - 1);
	writer_copy(&w, o->nonce, sizeof o->nonce);
	writer_copy(&w, o->request, sizeof o->request);
	writer_u8(&w, o->kind);
	if (onion_read(onion, engine->settings.onion_api, ONION_TEXT))
		return E_BUG;
	for (size_t i = 0; i < engine->n_server_keys; i++) {
		CLEANUP(key_wipe) struct key key = { { 0 } };
		const struct key_pair *pair = &engine->server_keys[i];

		if (owner_request_key(&key, &pair->secret, owner, &pair->pub, onion))
			continue;
		crypto_auth_hmacsha256(mac, message, sizeof message, key.b);
		if (sodium_memcmp(mac, proof, sizeof mac) == 0)
			return 0;
	}
	return PROBLEM_UNAUTHORIZED;
}

static int read_entry(const struct engine *engine, struct opening *o, const json_t *entry)
{
	struct key *owner = &o->owners[o->n];
	uint8_t proof[32];
	int rc = read_kind(o, entry);

	rc = rc ? rc : read_field(owner->b, sizeof owner->b, entry, "owner");
	rc = rc ? rc : read_field(proof, sizeof proof, entry, "proof");
	rc = rc ? rc : check_proof(engine, o, owner, proof);
	if (rc)
		return rc;
	for (unsigned i = 0; i < o->n; i++)
		if (key_equal(&o->owners[i], owner))
			return PROBLEM_BAD_REQUEST;
	o->n++;
	return 0;
}

static int read_opening(const struct engine *engine, struct opening *o, const json_t *json)
{
	const json_t *owners = json_object_get(json, "owners");
	size_t n = json_array_size(owners);
	int rc = read_field(o->request, sizeof o->request, json, "request");

	rc = rc ? rc : read_field(o->nonce, sizeof o->nonce, json, "nonce");
	if (rc)
		return rc;
	if (n < 1 || n > SESSION_MAILBOXES)
		return PROBLEM_BAD_REQUEST;
	if (!nonce_is_fresh(&engine->nonce_key, (uint64_t)time(NULL), o->nonce))
		return PROBLEM_UNAUTHORIZED;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_entry(engine, o, json_array_get(owners, i));
	return rc == 0 && o->kind == KIND_ACCOUNT && o->n != 1 ? PROBLEM_BAD_REQUEST : rc;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_BYTES);
}

/* The session's id and what it will hold. */
static void make_wish(struct opening *o, const struct key *session_key)
{
	crypto_generichash_state state;

	qsort(o->owners, o->n, sizeof o->owners[0], compare_keys);
	crypto_generichash_init(&state, session_key->b, sizeof session_key->b, SESSION_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)ID_PURPOSE, sizeof ID_PURPOSE - 1);
	crypto_generichash_update(&state, o->request, sizeof o->request);
	crypto_generichash_update(&state, &o->kind, 1);
	crypto_generichash_update(&state, o->owners[0].b, o->n * sizeof o->owners[0]);
	crypto_generichash_final(&state, o->wish.id, sizeof o->wish.id);
	o->wish.n_ids = o->n;
	for (unsigned i = 0; i < o->n; i++) {
		if (o->kind == KIND_MAILBOX)
			owner_mailbox_id(o->wish.ids[i], &o->owners[i]);
		else
			memcpy(o->wish.ids[i], o->account, sizeof o->account);
	}
}

int sessions_ask(struct request *rq, struct params *p)
{
	const struct bridged *bridged = rq->app;
	struct opening *o = calloc(1, sizeof *o);
	json_t *json = NULL;
	int rc;

	rq->kept = o;
	rq->kept_free = free;
	if (!o)
		return E_NOMEM;
	rc = request_json(rq, &json);
	rc = rc ? rc : read_opening(bridged->engine, o, json);
	json_decref(json);
	if (rc)
		return rc;
	make_wish(o, &bridged->session_key);
	params_bytes(p, o->wish.ids, o->kind == KIND_MAILBOX ? o->n * (size_t)MAILBOX_ID_BYTES : 0);
	params_uuid(p, o->account);
	params_bytes(p, o->owners[0].b, sizeof o->owners[0].b);
	return 0;
}

static int write_reply(
		struct reply *rp, const struct bridged *bridged, const struct session *session)
{
	char text[SESSION_TEXT + 1], password[PASSWORD_TEXT + 1], down[64], up[64];
	int rc;

	base64url_write(text, session->id, sizeof session->id);
	password_make(password, &bridged->session_key, text, session->expiry_s);
	push_topic(down, session, "down");
	push_topic(up, session, "up");
	rc = reply_json(rp, 201, JSON_LARGE_BYTES,
			json_pack("{s:s, s:s, s:i, s:s, s:s}", "session", text, "password",
					password, "expires_in_s", SESSION_LIFE_S, "down", down,
					"up", up));
	sodium_memzero(password, sizeof password);
	return rc;
}

/* Else one mailbox could fill the table, and one deposit cost a push to each of thousands. */
static void displace(struct bridged *bridged, const struct session_wish *wish)
{
	struct session *old;

	while ((old = registry_displaced(bridged->registry, wish))) {
		old->expiry_s = 0;
		push_renewed(bridged, old); /* the plugin ends the connection */
		registry_remove(bridged->registry, old);
	}
}

int sessions_answer(struct request *rq, const struct result *rs, struct reply *rp)
{
	struct bridged *bridged = rq->app;
	const struct opening *o = rq->kept;
	struct session *session;
	int rc;

	if (result_i32(rs, 0, 0) != 0)
		return PROBLEM_NOT_FOUND;
	if (!link_is_up(bridged->engine->link))
		return PROBLEM_UNAVAILABLE;
	displace(bridged, &o->wish);
	rc = registry_put(bridged->registry, &o->wish, &session);
	if (rc == REGISTRY_FULL)
		return PROBLEM_TOO_MANY;
	if (rc)
		return rc;
	session->since_us = engine_now_us(bridged->engine);
	session->expiry_s = (uint64_t)time(NULL) + SESSION_LIFE_S;
	session->unacked = 0;
	engine_count(bridged->engine, METRIC_SESSIONS_OPENED);
	push_renewed(bridged, session);
	return write_reply(rp, bridged, session);
}
