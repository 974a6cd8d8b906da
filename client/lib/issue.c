/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Batches of tokens. Trusts no server: the key is the one that two circuits were shown, and the
 * proof says that it was used. */
#include "client/lib/issue.h"

#include "client/lib/pay.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

enum {
	KEYS_FRESH_S = 600,
	TOKEN_SECRETS = TOKEN_INPUT_BYTES + VOPRF_SCALAR_BYTES + VOPRF_ELEMENT_BYTES,
	SECRETS_MOST = VOPRF_ELEMENT_BYTES + TOKEN_BATCH_MOST * TOKEN_SECRETS,
};
enum { REFUSED = 100, STALE = 101 }; /* what a server may say, known in this file only */

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer
DEFINE_CLEANUP(json_t *, json_decref)

struct batch {
	const struct issue *issue;
	struct home home; /* whose allowance pays */
	enum pay pay;
	struct token_request request;
	uint8_t body[JSON_LARGE_BYTES];
};

static void batch_wipe_ref(struct batch *b)
{
	sodium_memzero(b, sizeof *b);
}

/* --- the server's keys ------------------------------------------------------------------------ */

static int forget_unlisted(struct profile *p, const uint8_t *onion, const struct server *server)
{
	uint8_t id[HASH_BYTES] = { 0 };
	const struct q_blob into = { id, sizeof id };
	size_t len = 0; /* of the one before */
	int rc = 0;

	/* One by one: what reads on while it writes fails when another thread has written meanwhile. */
	while (rc == 0 &&
			(rc = q_blob(&into, p->db,
					 "SELECT min(key_id) FROM token WHERE onion = ? AND key_id "
					 "> ?",
					 "bb", onion, (size_t)ONION_KEY_BYTES, id, len)) == 0) {
		len = sizeof id;
		if (!server_lists(server, id))
			rc = q_run(p->db, "DELETE FROM token WHERE onion = ? AND key_id = ?", "bb",
					onion, (size_t)ONION_KEY_BYTES, id, sizeof id);
	}
	return rc == STORE_NONE ? 0 : rc;
}

/* A server that wants to recognise somebody shows them a key of their own. Asked over two circuits
 * it does not know whom to show it to. */
static int ask_twice(struct net *net, struct profile *p, const uint8_t *onion)
{
	struct server_twice *twice = &net->twice;
	const int64_t now_s = profile_now(p);
	struct server again;
	int rc;

	if (twice->server.known && memcmp(twice->onion, onion, ONION_KEY_BYTES) == 0 &&
			now_s >= twice->asked_s && now_s - twice->asked_s < KEYS_FRESH_S)
		return 0;
	rc = net_server(&twice->server, net, onion, "server");
	rc = rc ? rc : net_server(&again, net, onion, "server again");
	if (rc == 0 && memcmp(again.said, twice->server.said, sizeof again.said) != 0)
		rc = TOKENS_TWO_FACED;
	memcpy(twice->onion, onion, ONION_KEY_BYTES);
	twice->asked_s = now_s;
	twice->server.known = rc == 0;
	return rc ? rc : forget_unlisted(p, onion, &twice->server);
}

int issue_check_stock(
		struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	net->twice.server.known = false;
	return ask_twice(net, p, onion);
}

/* --- the stored request ----------------------------------------------------------------------- */

static int batch_store(struct profile *p, const struct batch *b)
{
	uint8_t secrets[SECRETS_MOST];
	struct writer w = writer_over(secrets, sizeof secrets);
	int rc;

	writer_copy(&w, b->request.pub, sizeof b->request.pub);
	for (size_t i = 0; i < b->request.n; i++) {
		writer_copy(&w, b->request.inputs[i], TOKEN_INPUT_BYTES);
		writer_copy(&w, b->request.blinds[i], VOPRF_SCALAR_BYTES);
		writer_copy(&w, b->request.blinded[i], VOPRF_ELEMENT_BYTES);
	}
	rc = writer_is_ok(&w) ? q_run(p->db,
						"INSERT INTO issue VALUES (?, ?, ?, ?, ?) ON "
						"CONFLICT DO NOTHING",
						"biibb", b->issue->onion, (size_t)ONION_KEY_BYTES,
						(int64_t)b->issue->operation, (int64_t)b->pay,
						secrets, w.used, b->body, sizeof b->body)
			      : E_BUG;
	sodium_memzero(secrets, sizeof secrets);
	return rc;
}

static int batch_unpack(struct batch *b, sqlite3_stmt *row)
{
	const size_t len = (size_t)sqlite3_column_bytes(row, 1);
	struct reader rd = reader_over(sqlite3_column_blob(row, 1), len);

	b->pay = (enum pay)sqlite3_column_int(row, 0);
	b->request.n = token_batch_size(b->issue->operation);
	reader_copy(&rd, b->request.pub, sizeof b->request.pub);
	for (size_t i = 0; i < b->request.n; i++) {
		reader_copy(&rd, b->request.inputs[i], TOKEN_INPUT_BYTES);
		reader_copy(&rd, b->request.blinds[i], VOPRF_SCALAR_BYTES);
		reader_copy(&rd, b->request.blinded[i], VOPRF_ELEMENT_BYTES);
	}
	return reader_is_done(&rd) && q_column(b->body, sizeof b->body, row, 2) ? 0 : E_IO;
}

/* STORE_NONE */
static int batch_load(struct batch *b, struct profile *p)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT pay, secrets, body FROM issue WHERE onion = ? AND operation = ?",
			"bi", b->issue->onion, (size_t)ONION_KEY_BYTES,
			(int64_t)b->issue->operation);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return STORE_NONE;
	return rc == SQLITE_ROW ? batch_unpack(b, s) : E_IO;
}

/* Two processes may send the same batch; whoever forgets it has the right to its tokens.
 * STORE_NONE: the other one was quicker. */
static int batch_forget(struct profile *p, const struct batch *b)
{
	int64_t pay;

	return q_number(&pay, p->db,
			"DELETE FROM issue WHERE onion = ? AND operation = ? AND body = ? "
			"RETURNING pay",
			"bib", b->issue->onion, (size_t)ONION_KEY_BYTES,
			(int64_t)b->issue->operation, b->body, sizeof b->body);
}

/* Who signs. What was begun at a home that was left meanwhile is never sent. */
static int batch_owner(struct batch *b, struct profile *p)
{
	int rc = b->pay == PAY_ALLOWANCE ? home_at(&b->home, p, b->issue->onion) : 0;

	if (rc == HOME_NONE)
		return batch_forget(p, b) < 0 ? E_IO : REFUSED;
	return rc;
}

/* --- making it -------------------------------------------------------------------------------- */

static struct ask batch_ask(const struct batch *b)
{
	return (struct ask){
		/* A circuit on which nothing else is ever asked. */
		.circuit = { "issue", b->request.blinded[0], VOPRF_ELEMENT_BYTES, false },
		.onion = b->issue->onion,
		.port = PORT_PREKEYD,
		.method = "POST",
		.path = "/v1/tokens",
		.body = b->body,
		.body_len = sizeof b->body,
		.owner = b->pay == PAY_ALLOWANCE ? &b->home.owner : NULL,
	};
}

static json_t *elements_json(const uint8_t elements[][VOPRF_ELEMENT_BYTES], size_t n)
{
	char text[BASE64URL_ROOM(VOPRF_ELEMENT_BYTES)];
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		base64url_write(text, elements[i], VOPRF_ELEMENT_BYTES);
		json_array_append_new(array, json_string(text));
	}
	return array;
}

/* Takes pay. */
static int body_write(struct batch *b, const struct token_key *key, json_t *pay)
{
	CLEANUP(json_decref)
	json_t *json = json_pack("{s:s, s:I, s:o, s:o}", "operation",
			token_operation_name(key->operation), "epoch", (json_int_t)key->epoch,
			"blinded", elements_json(b->request.blinded, b->request.n), "pay", pay);
	size_t len;

	memset(b->body, ' ', sizeof b->body);
	len = json ? json_dumpb(json, (char *)b->body, sizeof b->body, JSON_COMPACT) : 0;
	return len && len <= sizeof b->body ? 0 : E_NOMEM;
}

static int batch_make(
		struct batch *b, struct net *net, struct profile *p, const struct token_key *key)
{
	struct ask via;
	struct payer payer = { b->pay, b->issue->operation, &via };
	char onion[ONION_TEXT + 1];
	uint8_t digest[HASH_BYTES];
	json_t *pay;
	int rc;

	onion_write(onion, b->issue->onion);
	token_challenge_digest(digest, onion);
	if (token_request_make(&b->request, token_batch_size(key->operation), key->pub, digest))
		return E_CRYPTO;
	via = batch_ask(b);
	rc = pay_make(&pay, net, p, &payer);
	rc = rc ? rc : body_write(b, key, pay);
	rc = rc ? rc : batch_store(p, b);
	return rc ? rc : batch_load(b, p); /* another process's, when it was quicker */
}

/* --- the answer ------------------------------------------------------------------------------- */

static int answer_read(struct token_answer *out, size_t n, const struct answer *a)
{
	CLEANUP(json_decref)
	json_t *json = json_loadb((const char *)a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(json, "evaluated");
	const char *text = json_string_value(json_object_get(json, "proof"));

	if (!text || base64url_read(out->proof, sizeof out->proof, text, strlen(text)) ||
			json_array_size(list) != n)
		return E_PROTO;
	for (size_t i = 0; i < n; i++) {
		text = json_string_value(json_array_get(list, i));
		if (!text ||
				base64url_read(out->evaluated[i], VOPRF_ELEMENT_BYTES, text,
						strlen(text)))
			return E_PROTO;
	}
	return 0;
}

static int stock_up(struct profile *p, const struct batch *b, uint8_t tokens[][TOKEN_BYTES])
{
	int rc = b->pay == PAY_INVITE ? tokens_forget_invite(p) : 0;

	for (size_t i = 0; rc == 0 && i < b->request.n; i++)
		rc = q_run(p->db,
				"INSERT INTO token (onion, operation, key_id, token) VALUES (?, ?, "
				"?, ?)",
				"bibb", b->issue->onion, (size_t)ONION_KEY_BYTES,
				(int64_t)b->issue->operation, token_key_id_in(tokens[i]),
				(size_t)HASH_BYTES, tokens[i], (size_t)TOKEN_BYTES);
	return rc;
}

static int batch_finish(struct profile *p, const struct batch *b, const struct answer *a)
{
	struct token_answer answer = { 0 };
	uint8_t tokens[TOKEN_BATCH_MOST][TOKEN_BYTES];
	int rc = answer_read(&answer, b->request.n, a);

	if (rc)
		return rc;
	/* Nothing that another key made is kept, and the payment is not made again to such a
	 * server without somebody having been told. */
	if (token_request_finish(tokens, &b->request, &answer))
		return batch_forget(p, b) < 0 ? E_IO : TOKENS_TWO_FACED;
	rc = q_begin(p->db);
	if (rc)
		return rc;
	rc = batch_forget(p, b);
	rc = q_end(p->db, rc == 0 ? stock_up(p, b, tokens) : rc);
	sodium_memzero(tokens, sizeof tokens);
	return rc < 0 ? rc : 0;
}

/* REFUSED, STALE: forgotten, to be made anew. */
static int batch_send(struct net *net, struct profile *p, const struct batch *b)
{
	ANSWER answer = { 0 };
	const struct ask ask = batch_ask(b);
	int rc = net_ask(net, &ask, &answer);

	if (rc)
		return rc;
	if (answer.status == 200)
		return batch_finish(p, b, &answer);
	if (answer.status >= 500 || answer.status == 429)
		return E_NET;
	if (batch_forget(p, b) < 0)
		return E_IO;
	/* 401: the account is not there. */
	if (answer.status == 402 || answer.status == 401)
		return REFUSED;
	return answer.status == 404 ? STALE : E_PROTO;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int batch_begin(struct batch *b, struct net *net, struct profile *p, enum pay refused)
{
	const struct token_key *key;
	struct pay_choice choice = { b->issue, REGISTRATION_CLOSED, refused };
	int rc = ask_twice(net, p, b->issue->onion);

	if (rc)
		return rc;
	key = server_newest(&net->twice.server, b->issue->operation);
	if (!key)
		return ISSUE_FREE;
	choice.registration = net->twice.server.registration;
	rc = pay_choose(&b->pay, p, &choice);
	rc = rc ? rc : batch_owner(b, p);
	return rc ? rc : batch_make(b, net, p, key);
}

int issue_batch(struct net *net, struct profile *p, const struct issue *issue)
{
	__attribute__((cleanup(batch_wipe_ref))) struct batch b = { .issue = issue };
	enum pay refused = PAY_NOTHING;
	bool was_stale = false;

	for (;;) {
		int rc = batch_load(&b, p);
		const bool fresh = rc == STORE_NONE;

		rc = fresh ? batch_begin(&b, net, p, refused) : rc ? rc : batch_owner(&b, p);
		rc = rc ? rc : batch_send(net, p, &b);
		if (rc == STALE && !was_stale) { /* an epoch ended meanwhile */
			was_stale = true;
			net->twice.server.known = false;
		} else if (rc == REFUSED && fresh) {
			refused = b.pay;
		} else if (rc != REFUSED) {
			return rc == STALE ? E_PROTO : rc;
		}
	}
}
