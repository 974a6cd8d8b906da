/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Account requests, all on the account's own circuit. Any of them may be lost and is made again. */
#include "client/lib/account.h"

#include "client/lib/bundle.h"
#include "client/lib/plan.h"
#include "client/lib/store.h"
#include "client/lib/sync.h"
#include "libshared/error.h"
#include "libshared/writer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { GENERATION_MOST = INT32_MAX, EARLIEST_S = 20 * 3600, SPREAD_S = 8 * 3600, LOST_S = 3600 };
enum { BUNDLES_HELD = 2 * BUNDLES_PER_PUT }; /* most that a server keeps */

DEFINE_CLEANUP(json_t *, json_decref)

static void address(struct ask *ask, char path[static 96], const struct profile *p)
{
	char uuid[UUID_TEXT + 1];

	uuid_write(uuid, p->uuid);
	snprintf(path, 96, "/v1/accounts/%s%s", uuid, ask->path);
	ask->path = path;
	ask->circuit = (struct circuit){ "account", NULL, 0, false };
	ask->onion = p->onion;
	ask->port = PORT_PREKEYD;
	ask->owner = &p->owner;
}

static int ask(struct net *net, const struct profile *p, struct ask *rest, struct answer *out)
{
	char path[96];

	address(rest, path, p);
	return sync_verdict(net_ask(net, rest, out), out);
}

static int read_account(struct account *out, const struct answer *a)
{
	CLEANUP(json_decref) json_t *json = json_loadb((const char *)a->body, a->len, 0, NULL);
	json_int_t generation = json_integer_value(json_object_get(json, "generation"));
	json_int_t next = json_integer_value(json_object_get(json, "next"));
	json_int_t left = json_integer_value(json_object_get(json, "left")); /* not always told */

	if (!json || generation < 0 || generation >= GENERATION_MOST || next < 1 ||
			next > INT64_MAX / 2 || left < 0 || left > BUNDLES_HELD)
		return E_PROTO;
	out->generation = (uint32_t)generation;
	out->next = (uint64_t)next;
	out->left = (int)left;
	return 0;
}

int account_ask(struct account *out, struct net *net, struct profile *p)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	struct ask rest = { .method = "GET", .path = "/bundles" };
	int rc = ask(net, p, &rest, &answer);

	return rc ? rc : read_account(out, &answer);
}

int account_end(struct net *net, const struct profile *p)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	struct ask rest = { .method = "DELETE", .path = "" };

	return ask(net, p, &rest, &answer);
}

/* --- bundles ------------------------------------------------------------ */

static int put_batch(struct net *net, struct profile *p, const struct bundle_batch *batch,
		struct account *account)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	CLEANUP(scope_free) uint8_t *body = malloc(BUNDLES_PUT_BYTES);
	struct ask rest = {
		.method = "PUT", .path = "/bundles", .body = body, .body_len = BUNDLES_PUT_BYTES
	};
	struct writer w = writer_over(body, body ? BUNDLES_PUT_BYTES : 0);
	int rc;

	if (!body)
		return E_NOMEM;
	writer_u64(&w, batch->generation);
	writer_u64(&w, account->next);
	writer_copy(&w, batch->last_resort, sizeof batch->last_resort);
	writer_copy(&w, batch->one_time, sizeof batch->one_time);
	if (!writer_is_full(&w))
		return E_BUG;
	rc = ask(net, p, &rest, &answer);
	return rc ? rc : read_account(account, &answer);
}

/* The secrets are stored before the server hears of the bundles. */
static int put_bundles(
		struct net *net, struct profile *p, uint32_t generation, struct account *account)
{
	CLEANUP(scope_free) struct bundle_batch *batch = malloc(sizeof *batch);
	int rc = batch ? bundle_make_batch(p, batch, generation) : E_NOMEM;

	rc = rc ? rc : put_batch(net, p, batch, account);
	if (rc == 0 && account->generation == generation)
		rc = bundle_confirmed(p, generation);
	return rc;
}

static int put_account(
		struct net *net, struct profile *p, const uint8_t last_resort[static BUNDLE_BYTES])
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	/* Repeating it costs nothing, so it is first tried without. */
	const struct payment payment = { TOKEN_ACCOUNT, p->uuid, sizeof p->uuid, true };
	struct ask ask = {
		.method = "PUT", .path = "", .body = last_resort, .body_len = BUNDLE_BYTES
	};
	char path[96];
	int rc;

	address(&ask, path, p);
	rc = sync_verdict(tokens_ask(net, p, &ask, &payment, &answer), &answer);
	return rc ? rc : tokens_spent(p, &ask, &payment);
}

/* The account first: its allowance buys the inbox. */
static int register_with(struct net *net, struct profile *p, uint32_t generation)
{
	CLEANUP(scope_free) struct bundle_batch *batch = malloc(sizeof *batch);
	struct account account = { .next = 1 };
	struct own_mailbox inbox;
	int rc = batch ? mailbox_for(&inbox, p, 0) : E_NOMEM; /* which the bundles name */

	rc = rc ? rc : bundle_make_batch(p, batch, generation);
	rc = rc ? rc : put_account(net, p, batch->last_resort);
	rc = rc ? rc : sync_mailbox(net, p, 0);
	rc = rc ? rc : put_batch(net, p, batch, &account);
	return rc ? rc : plan_in(p, "account due", EARLIEST_S, SPREAD_S);
}

int account_register(struct net *net, struct profile *p)
{
	return register_with(net, p, 1);
}

/* --- looking after it --------------------------------------------------- */

/* Which generation is to be put now; 0: none. */
static int decide(uint32_t *out, struct profile *p, const struct account *account)
{
	uint32_t ours;
	int64_t made_s;
	int rc = bundle_newest(&ours, &made_s, p);

	if (rc)
		return rc;
	*out = 0;
	if (account->generation > ours) /* our state is older than the server's */
		*out = account->generation + 1;
	else if (profile_has_passed(p, made_s, ACCOUNT_WEEK_S))
		*out = ours + 1;
	else if (account->generation < ours || account->left < ACCOUNT_REFILL_BELOW)
		*out = ours;
	/* The reply to the last put may have been lost. */
	return account->generation == ours ? bundle_confirmed(p, ours) : 0;
}

/* The server does not know us: its state is that of a backup. The next generation replaces ours. */
static int register_again(struct net *net, struct profile *p)
{
	uint32_t ours;
	int64_t made_s;
	int rc = bundle_newest(&ours, &made_s, p);

	/* First, as bundles that cannot be put would be made for nothing. */
	rc = rc ? rc : tokens_have(net, p, p->onion, TOKEN_ACCOUNT);
	rc = rc ? rc : register_with(net, p, ours + 1);
	if (rc > 0 && plan_in(p, "account due", LOST_S, LOST_S))
		return E_IO;
	return rc;
}

static int keep(struct net *net, struct profile *p)
{
	struct account account;
	uint32_t generation;
	int rc = account_ask(&account, net, p);

	if (rc == SYNC_REFUSED)
		return register_again(net, p);
	rc = rc ? rc : decide(&generation, p, &account);
	return rc || !generation ? rc : put_bundles(net, p, generation, &account);
}

int account_look_after(struct net *net, struct profile *p)
{
	int rc = keep(net, p);

	return rc ? rc : plan_in(p, "account due", EARLIEST_S, SPREAD_S);
}

int account_keep(struct net *net, struct profile *p)
{
	bool due;
	int rc = plan_is_due(&due, p, "account due");

	if (rc || !due)
		return rc;
	return account_look_after(net, p);
}
