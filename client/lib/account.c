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

static void address(struct ask *ask, char path[static 96], const struct home *home)
{
	char uuid[UUID_TEXT + 1];

	uuid_write(uuid, home->uuid);
	snprintf(path, 96, "/v1/accounts/%s%s", uuid, ask->path);
	ask->path = path;
	ask->circuit = (struct circuit){ "account", home->uuid, UUID_BYTES, false };
	ask->onion = home->onion;
	ask->port = PORT_PREKEYD;
	ask->owner = &home->owner;
}

static int ask(struct net *net, const struct home *home, struct ask *rest, struct answer *out)
{
	char path[96];

	address(rest, path, home);
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

int account_ask(struct account *out, struct net *net, const struct home *home)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	struct ask rest = { .method = "GET", .path = "/bundles" };
	int rc = ask(net, home, &rest, &answer);

	return rc ? rc : read_account(out, &answer);
}

int account_end(struct net *net, const struct home *home)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	struct ask rest = { .method = "DELETE", .path = "" };

	return ask(net, home, &rest, &answer);
}

/* --- bundles ------------------------------------------------------------ */

static int put_batch(struct net *net, const struct home *home, const struct bundle_batch *batch,
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
	rc = ask(net, home, &rest, &answer);
	return rc ? rc : read_account(account, &answer);
}

/* The secrets are stored before the server hears of the bundles. */
static int put_bundles(struct net *net, struct profile *p, const struct home *home,
		uint32_t generation, struct account *account)
{
	CLEANUP(scope_free) struct bundle_batch *batch = malloc(sizeof *batch);
	int rc = batch ? bundle_make_batch(p, home, batch, generation) : E_NOMEM;

	rc = rc ? rc : put_batch(net, home, batch, account);
	if (rc == 0 && account->generation == generation)
		rc = bundle_confirmed(p, home, generation);
	return rc;
}

/* Repeating it costs nothing, so it is first tried without. */
static struct payment payment_of(const struct home *home)
{
	return (struct payment){ TOKEN_ACCOUNT, home->uuid, sizeof home->uuid, true };
}

static int put_account(struct net *net, struct profile *p, const struct home *home,
		const uint8_t last_resort[static BUNDLE_BYTES])
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	const struct payment payment = payment_of(home);
	struct ask ask = {
		.method = "PUT", .path = "", .body = last_resort, .body_len = BUNDLE_BYTES
	};
	char path[96];
	int rc;

	address(&ask, path, home);
	rc = sync_verdict(tokens_ask(net, p, &ask, &payment, &answer), &answer);
	return rc ? rc : tokens_spent(p, &ask, &payment);
}

static int plan(struct profile *p, const struct home *home, int64_t from_s, uint32_t spread_s)
{
	char name[HOME_PLAN];

	home_plan(name, "account due", home);
	return plan_in(p, name, from_s, spread_s);
}

/* The account first: its allowance buys the inbox. */
static int register_with(
		struct net *net, struct profile *p, const struct home *home, uint32_t generation)
{
	CLEANUP(scope_free) struct bundle_batch *batch = malloc(sizeof *batch);
	struct account account = { .next = 1 };
	CLEANUP(mailbox_wipe) struct own_mailbox inbox;
	int rc = batch ? mailbox_inbox(&inbox, p, home) : E_NOMEM; /* which the bundles name */

	rc = rc ? rc : bundle_make_batch(p, home, batch, generation);
	rc = rc ? rc : put_account(net, p, home, batch->last_resort);
	rc = rc || inbox.made ? rc : sync_make_mailbox(net, p, &inbox);
	rc = rc ? rc : put_batch(net, home, batch, &account);
	return rc ? rc : plan(p, home, EARLIEST_S, SPREAD_S);
}

int account_register(struct net *net, struct profile *p, const struct home *home)
{
	uint32_t ours;
	int64_t made_s;
	int rc = bundle_newest(&ours, &made_s, p, home);

	if (rc == 0 && !ours)
		rc = bundle_next(&ours, p, 0);
	return rc ? rc : register_with(net, p, home, ours);
}

/* --- looking after it --------------------------------------------------- */

/* Which generation is to be put now; 0: none. */
static int decide(uint32_t *out, struct profile *p, const struct home *home,
		const struct account *account)
{
	uint32_t ours;
	int64_t made_s;
	int rc = bundle_newest(&ours, &made_s, p, home);

	if (rc)
		return rc;
	*out = 0;
	/* When our state is older than the server's, or the bundles a week old. */
	if (account->generation > ours || profile_has_passed(p, made_s, ACCOUNT_WEEK_S))
		rc = bundle_next(out, p, account->generation);
	else if (account->generation < ours || account->left < ACCOUNT_REFILL_BELOW)
		*out = ours;
	if (rc)
		return rc;
	/* The reply to the last put may have been lost. */
	return account->generation == ours ? bundle_confirmed(p, home, ours) : 0;
}

/* The server does not know us: its state is that of a backup. The next generation replaces ours. */
static int register_again(struct net *net, struct profile *p, const struct home *home)
{
	const struct payment payment = payment_of(home);
	uint32_t next;
	/* First, as bundles that cannot be put would be made for nothing. */
	int rc = tokens_have(net, p, home->onion, &payment);

	rc = rc ? rc : bundle_next(&next, p, 0);
	rc = rc ? rc : register_with(net, p, home, next);
	if (rc > 0 && plan(p, home, LOST_S, LOST_S))
		return E_IO;
	return rc;
}

static int is_left(bool *out, struct profile *p, const struct home *home)
{
	CLEANUP(home_wipe) struct home now = { .id = 0 };
	int rc = home_at(&now, p, home->onion);

	*out = rc || memcmp(now.uuid, home->uuid, sizeof now.uuid) != 0;
	return rc == HOME_NONE ? 0 : rc;
}

/* A registration may have been cut off after the account was there. */
static int make_inbox(struct net *net, struct profile *p, const struct home *home)
{
	CLEANUP(mailbox_wipe) struct own_mailbox inbox;
	int rc = mailbox_inbox(&inbox, p, home);

	return rc || inbox.made ? rc : sync_make_mailbox(net, p, &inbox);
}

static int keep(struct net *net, struct profile *p, const struct home *home)
{
	struct account account;
	uint32_t generation;
	bool left;
	int rc = account_ask(&account, net, home), known = is_left(&left, p, home);

	if (known || left) /* while its server was asked: it is not to be registered again */
		return known;
	if (rc == SYNC_REFUSED)
		return register_again(net, p, home);
	rc = rc ? rc : make_inbox(net, p, home);
	rc = rc ? rc : decide(&generation, p, home, &account);
	return rc || !generation ? rc : put_bundles(net, p, home, generation, &account);
}

int account_look_after(struct net *net, struct profile *p, const struct home *home)
{
	int rc = keep(net, p, home);

	return rc ? rc : plan(p, home, EARLIEST_S, SPREAD_S);
}

int account_keep(struct net *net, struct profile *p, const struct home *home)
{
	char name[HOME_PLAN];
	bool due;
	int rc;

	home_plan(name, "account due", home);
	rc = plan_is_due(&due, p, name);
	return rc || !due ? rc : account_look_after(net, p, home);
}
