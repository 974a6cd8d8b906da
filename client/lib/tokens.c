/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The stock of tokens, and requests that are paid from it. */
#include "client/lib/tokens.h"

#include "client/lib/issue.h"
#include "client/lib/plan.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

enum {
	LOW = 8,   /* of a batch of 32 */
	TRIES = 3, /* tokens for one request, when the server takes none */
	REFILL_SPREAD_S = 4 * 3600,
	FAST_SPREAD_S = 1,
};

DEFINE_CLEANUP(json_t *, json_decref)

/* One request at one server, and what was bound to it. */
struct use {
	uint8_t name[HASH_BYTES];
	uint8_t token[TOKEN_BYTES];
	bool has_token;
};

static void use_wipe_ref(struct use *use)
{
	sodium_memzero(use, sizeof *use);
}

static void use_name(uint8_t out[static HASH_BYTES], const uint8_t onion[static ONION_KEY_BYTES],
		const struct payment *payment)
{
	const uint8_t operation = (uint8_t)payment->operation;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, onion, ONION_KEY_BYTES);
	crypto_generichash_update(&state, &operation, 1);
	crypto_generichash_update(&state, payment->what, payment->len);
	crypto_generichash_final(&state, out, HASH_BYTES);
}

/* --- the stock -------------------------------------------------------------------------------- */

static int find_bound(struct use *use, struct profile *p)
{
	const struct q_blob into = { use->token, sizeof use->token };
	int rc = q_blob(&into, p->db, "SELECT token FROM token WHERE use = ?", "b", use->name,
			sizeof use->name);

	use->has_token = rc == 0;
	return rc == STORE_NONE ? 0 : rc;
}

/* STORE_NONE: the stock is empty. */
static int bind_one(struct use *use, struct profile *p, const uint8_t *onion,
		enum token_operation operation)
{
	const struct q_blob into = { use->token, sizeof use->token };
	int rc = q_blob(&into, p->db,
			"UPDATE token SET use = ? WHERE id = (SELECT id FROM token WHERE onion = ? "
			"AND operation = ? AND use IS NULL ORDER BY id LIMIT 1) RETURNING token",
			"bbi", use->name, sizeof use->name, onion, (size_t)ONION_KEY_BYTES,
			(int64_t)operation);

	use->has_token = rc == 0;
	return rc;
}

static int find_or_bind(struct use *use, struct profile *p, const struct issue *issue)
{
	int rc = find_bound(use, p);

	return rc || use->has_token ? rc : bind_one(use, p, issue->onion, issue->operation);
}

/* At once: another process may be about the same request, which is one use. STORE_NONE: the stock
 * is empty. */
static int choose(struct use *use, struct profile *p, const struct issue *issue)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, find_or_bind(use, p, issue));
}

static int throw_away(struct use *use, struct profile *p)
{
	use->has_token = false;
	return q_run(p->db, "DELETE FROM token WHERE use = ?", "b", use->name, sizeof use->name);
}

/* Binds a token to the use, having a batch made when there is none. ISSUE_FREE. */
static int take(struct use *use, struct net *net, struct profile *p, const struct issue *issue)
{
	int rc = choose(use, p, issue);

	if (rc != STORE_NONE)
		return rc;
	rc = issue_batch(net, p, issue);
	rc = rc ? rc : choose(use, p, issue);
	return rc == STORE_NONE ? TOKENS_UNPAID : rc; /* another process took all of them */
}

int tokens_have(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES],
		const struct payment *payment)
{
	const struct issue issue = { onion, payment->operation, ISSUE_FROM_ANY };
	struct use use;
	int64_t n = 0;
	int rc;

	use_name(use.name, onion, payment);
	rc = q_number(&n, p->db,
			"SELECT count(*) FROM token WHERE onion = ? AND operation = ? AND (use IS "
			"NULL OR use = ?)",
			"bib", onion, (size_t)ONION_KEY_BYTES, (int64_t)payment->operation,
			use.name, sizeof use.name);
	rc = rc || n ? rc : issue_batch(net, p, &issue);
	return rc == ISSUE_FREE ? 0 : rc;
}

/* --- a paid request --------------------------------------------------------------------------- */

static bool wants_token(const struct answer *a)
{
	CLEANUP(json_decref) json_t *json = NULL;
	const char *type;

	if (a->status != 401)
		return false;
	json = json_loadb((const char *)a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
	type = json_string_value(json_object_get(json, "type"));
	return type && strcmp(type, "urn:sotto:problem:token-required") == 0;
}

/* A token that was refused is worth nothing, and others of its key may be worth nothing too. */
static int replace(struct use *use, struct net *net, struct profile *p, const struct issue *issue)
{
	int rc = 0;

	if (use->has_token) {
		rc = throw_away(use, p);
		rc = rc ? rc : issue_check_stock(net, p, issue->onion);
	}
	rc = rc ? rc : take(use, net, p, issue);
	return rc == ISSUE_FREE ? E_PROTO : rc; /* it demands what it does not sell */
}

/* Not what the server may yet do: those requests are repeated, with the same token. */
static bool is_final_refusal(const struct answer *a)
{
	return a->status >= 400 && a->status < 500 && a->status != 429;
}

int tokens_ask(struct net *net, struct profile *p, const struct ask *ask,
		const struct payment *payment, struct answer *out)
{
	__attribute__((cleanup(use_wipe_ref))) struct use use = { .has_token = false };
	const struct issue issue = { ask->onion, payment->operation, ISSUE_FROM_ANY };
	struct ask paid = *ask;
	int rc;

	memset(out, 0, sizeof *out);
	use_name(use.name, ask->onion, payment);
	rc = payment->if_asked ? find_bound(&use, p) : take(&use, net, p, &issue);
	for (int tries = 0; rc == 0 || rc == ISSUE_FREE; tries++) {
		paid.token = use.has_token ? use.token : NULL;
		rc = net_ask(net, &paid, out);
		if (rc || !wants_token(out))
			break;
		answer_clear(out);
		rc = tries < TRIES ? replace(&use, net, p, &issue) : TOKENS_UNPAID;
	}
	if (rc == 0 && use.has_token && is_final_refusal(out))
		rc = throw_away(&use, p);
	return rc;
}

int tokens_spent(struct profile *p, const struct ask *ask, const struct payment *payment)
{
	struct use use;

	use_name(use.name, ask->onion, payment);
	return throw_away(&use, p);
}

/* --- refilling -------------------------------------------------------------------------------- */

static int is_low(bool *out, struct profile *p, const struct issue *issue)
{
	int64_t n = 0;
	int rc = q_number(&n, p->db,
			"SELECT count(*) FROM token WHERE onion = ? AND operation = ? AND use IS "
			"NULL",
			"bi", issue->onion, (size_t)ONION_KEY_BYTES, (int64_t)issue->operation);

	*out = n < LOW;
	return rc ? E_IO : 0;
}

/* Once in a while, whether anything was spent or not, and one operation at a time: so the time of a
 * refill does not tell what was bought with the last tokens. */
int tokens_refill(struct net *net, struct profile *p, const struct home *home)
{
	static const enum token_operation kept[] = { TOKEN_MAILBOX, TOKEN_PREKEY, TOKEN_INBOX,
		TOKEN_TURN };
	struct issue issue = { home->onion, TOKEN_NONE, ISSUE_FROM_ALLOWANCE };
	const uint32_t first = randombytes_uniform(ARRAY_LEN(kept));
	char plan[HOME_PLAN];
	bool due, low = false;
	int rc;

	home_plan(plan, "tokens due", home);
	rc = plan_is_due(&due, p, plan);
	if (rc || !due)
		return rc;
	for (size_t i = 0; rc == 0 && !low && i < ARRAY_LEN(kept); i++) {
		issue.operation = kept[(first + i) % ARRAY_LEN(kept)];
		rc = is_low(&low, p, &issue);
	}
	if (rc == 0 && low)
		rc = issue_batch(net, p, &issue);
	if (rc < 0 || rc == TOKENS_TWO_FACED)
		return rc;
	/* Refused: today's allowance is used up. */
	return plan_in(p, plan, 0, net->fast ? FAST_SPREAD_S : REFILL_SPREAD_S);
}
