/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Payments for tokens. A server may ask for any amount of work; above our limit it gets none.
 */
#include "client/lib/pay.h"

#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/work.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TRIES_AT_ONCE = 1 << 16 };

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer
DEFINE_CLEANUP(json_t *, json_decref)

/* --- the choice ------------------------------------------------------------------------------- */

static int invite_load(
		uint8_t out[static INVITE_CODE_BYTES], struct profile *p, const uint8_t *onion)
{
	const struct q_blob into = { out, INVITE_CODE_BYTES };

	return q_blob(&into, p->db,
			"SELECT value FROM meta WHERE name = 'invite' AND EXISTS (SELECT 1 FROM "
			"meta WHERE name = 'invite at' AND value = ?)",
			"b", onion, (size_t)ONION_KEY_BYTES);
}

int tokens_keep_invite(struct profile *p, const struct invite *invite)
{
	return q_run(p->db, "INSERT OR REPLACE INTO meta VALUES ('invite', ?), ('invite at', ?)",
			"bb", invite->code, sizeof invite->code, invite->onion,
			sizeof invite->onion);
}

int tokens_forget_invite(struct profile *p)
{
	return q_run(p->db, "DELETE FROM meta WHERE name IN ('invite', 'invite at')", "");
}

static int choose_for_account(enum pay *out, struct profile *p, const struct pay_choice *choice)
{
	uint8_t code[INVITE_CODE_BYTES];
	const bool invited = invite_load(code, p, choice->issue->onion) == 0;

	sodium_memzero(code, sizeof code);
	if (choice->registration == REGISTRATION_CLOSED)
		return TOKENS_CLOSED;
	if (invited && choice->refused == PAY_NOTHING)
		*out = PAY_INVITE;
	else if (choice->registration == REGISTRATION_OPEN && choice->refused != PAY_WORK)
		*out = PAY_WORK;
	else if (choice->refused == PAY_WORK)
		return TOKENS_UNPAID;
	else
		return invited ? TOKENS_BAD_INVITE : TOKENS_NO_INVITE;
	return 0;
}

int pay_choose(enum pay *out, struct profile *p, const struct pay_choice *choice)
{
	const struct issue *issue = choice->issue;
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	const int found = home_at(&home, p, issue->onion);
	const bool work = issue->operation == TOKEN_PREKEY || issue->operation == TOKEN_INBOX ||
			choice->registration == REGISTRATION_OPEN;

	if (found < 0)
		return found;
	if (issue->operation == TOKEN_ACCOUNT)
		return choose_for_account(out, p, choice);
	if (found == 0 && choice->refused == PAY_NOTHING)
		*out = PAY_ALLOWANCE;
	else if (work && choice->refused != PAY_WORK && issue->from == ISSUE_FROM_ANY)
		*out = PAY_WORK;
	else
		return TOKENS_UNPAID;
	return 0;
}

/* --- work ------------------------------------------------------------------------------------- */

static int challenge_read(uint8_t out[static WORK_CHALLENGE_BYTES], const struct answer *a)
{
	CLEANUP(json_decref)
	json_t *json = json_loadb((const char *)a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(json, "challenge"));

	return text && base64url_read(out, WORK_CHALLENGE_BYTES, text, strlen(text)) == 0 ? 0
											  : E_PROTO;
}

static int challenge_ask(uint8_t out[static WORK_CHALLENGE_BYTES], struct net *net,
		const struct ask *via, enum token_operation operation)
{
	ANSWER answer = { 0 };
	char body[JSON_BYTES + 1];
	struct ask ask = *via;
	int rc;

	snprintf(body, sizeof body, "%-*s", JSON_BYTES, "");
	rc = snprintf(body, sizeof body, "{\"operation\": \"%s\"}",
			token_operation_name(operation));
	body[rc] = ' ';
	ask.path = "/v1/challenges";
	ask.body = body;
	ask.body_len = JSON_BYTES;
	ask.owner = NULL;
	rc = net_ask(net, &ask, &answer);
	if (rc)
		return rc;
	if (answer.status >= 500 || answer.status == 429)
		return E_NET;
	return answer.status == 200 ? challenge_read(out, &answer) : E_PROTO;
}

static int work(uint8_t solution[static WORK_SOLUTION_BYTES], struct net *net,
		const uint8_t challenge[static WORK_CHALLENGE_BYTES],
		enum token_operation operation)
{
	uint64_t done = 0;
	unsigned bits;
	int rc;

	if (work_bits(&bits, challenge, operation))
		return E_PROTO;
	/* A contact's server must not keep us from everybody else. */
	if (bits > net->work_bits_most)
		return TOKENS_TOO_HARD;
	do {
		if (net->on_work)
			net->on_work(net->on_work_userdata, done, (uint64_t)1 << bits);
		rc = net_is_stopped(net) ? E_NET
					 : work_search(solution, challenge, done, TRIES_AT_ONCE);
		done += TRIES_AT_ONCE;
	} while (rc == WORK_NOT_YET);
	if (net->on_work)
		net->on_work(net->on_work_userdata, 0, 0);
	return rc;
}

static int make_work(json_t **out, struct net *net, const struct ask *via,
		enum token_operation operation)
{
	uint8_t challenge[WORK_CHALLENGE_BYTES], solution[WORK_SOLUTION_BYTES];
	char challenge_text[BASE64URL_ROOM(sizeof challenge)];
	char solution_text[BASE64URL_ROOM(sizeof solution)];
	int rc = challenge_ask(challenge, net, via, operation);

	rc = rc ? rc : work(solution, net, challenge, operation);
	if (rc)
		return rc;
	base64url_write(challenge_text, challenge, sizeof challenge);
	base64url_write(solution_text, solution, sizeof solution);
	*out = json_pack("{s:s, s:s, s:s}", "kind", "work", "challenge", challenge_text, "solution",
			solution_text);
	return *out ? 0 : E_NOMEM;
}

/* --- the payment ------------------------------------------------------------------------------ */

static int make_invite(json_t **out, struct profile *p, const uint8_t *onion)
{
	uint8_t code[INVITE_CODE_BYTES];
	char text[BASE64URL_ROOM(sizeof code)];

	int rc = invite_load(code, p, onion);

	if (rc) /* another process may have used it */
		return rc == STORE_NONE ? TOKENS_NO_INVITE : rc;
	base64url_write(text, code, sizeof code);
	*out = json_pack("{s:s, s:s}", "kind", "invite", "code", text);
	sodium_memzero(code, sizeof code);
	sodium_memzero(text, sizeof text);
	return *out ? 0 : E_NOMEM;
}

static int make_allowance(json_t **out, struct profile *p, const uint8_t *onion)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	char uuid[UUID_TEXT + 1];
	int rc = home_at(&home, p, onion);

	if (rc) /* it was left meanwhile */
		return rc == HOME_NONE ? TOKENS_UNPAID : rc;
	uuid_write(uuid, home.uuid);
	*out = json_pack("{s:s, s:s}", "kind", "account", "uuid", uuid);
	return *out ? 0 : E_NOMEM;
}

int pay_make(json_t **out, struct net *net, struct profile *p, const struct payer *payer)
{
	switch (payer->pay) {
	case PAY_INVITE:
		return make_invite(out, p, payer->via->onion);
	case PAY_WORK:
		return make_work(out, net, payer->via, payer->operation);
	case PAY_ALLOWANCE:
		return make_allowance(out, p, payer->via->onion);
	default:
		return E_BUG;
	}
}
