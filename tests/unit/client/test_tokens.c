/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The client's side of paying: what is never lost, never shown twice, and refused. */
#include "tests/unit/client/shop.h"

#include "client/lib/account.h"

static struct shop shop;
static struct net net;
static struct person anna;
static uint8_t onion[ONION_KEY_BYTES]; /* where she buys */

static void setup(void)
{
	person_make(&anna);
	memcpy(onion, anna.p->home.onion, sizeof onion);
	shop_open(&shop);
	shop_connect(&net, &shop);
	net.work_bits_most = WORK_BITS_UNASKED;
}

static void end(void)
{
	person_end(&anna);
}

static const char path[] = "/v1/blobs";

/* A deposit: paid by an `inbox` token in front, or only when asked. */
static int buy(enum token_operation operation, const char *at, const char *what, bool if_asked)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	const struct ask ask = {
		.circuit = { "spend", what, strlen(what), false },
		.onion = onion,
		.port = PORT_BLOBD,
		.method = "POST",
		.path = at,
		.body = what,
		.body_len = strlen(what),
	};
	const struct payment payment = { operation, what, strlen(what), if_asked };
	int rc = tokens_ask(&net, anna.p, &ask, &payment, &answer);

	if (rc || answer.status != 201)
		return rc ? rc : (int)answer.status;
	return tokens_spent(anna.p, &ask, &payment);
}

static int buy_inbox(const char *what)
{
	return buy(TOKEN_INBOX, path, what, false);
}

static int64_t stock(enum token_operation operation)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, anna.p->db, "SELECT count(*) FROM token WHERE operation = ?",
					 "i", (int64_t)operation),
			0);
	return n;
}

static const struct shop_visit *last(void)
{
	return &shop.visits[shop.n - 1];
}

static int keep_invite(const uint8_t code[static INVITE_CODE_BYTES])
{
	struct invite invite;

	memcpy(invite.onion, onion, sizeof invite.onion);
	memcpy(invite.code, code, sizeof invite.code);
	return tokens_keep_invite(anna.p, &invite);
}

/* --- buying ----------------------------------------------------------------------------------- */

START_TEST(an_invite_buys_the_account_and_is_forgotten)
{
	setup();
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), TOKENS_NO_INVITE);
	ck_assert_int_eq(keep_invite(shop.invite), 0);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), 0);
	ck_assert_int_eq(shop.invites_left, 0);
	ck_assert_int_eq(stock(TOKEN_ACCOUNT), 0);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/y", "y", true), TOKENS_NO_INVITE);
	end();
}
END_TEST

/* Who was stopped before the account was there goes on with the one token that the invite bought. */
START_TEST(a_token_that_waits_for_its_answer_is_there_for_that_request_and_no_other)
{
	const struct payment same = { TOKEN_ACCOUNT, "x", 1, true },
			     other = { TOKEN_ACCOUNT, "y", 1, true };

	setup();
	ck_assert_int_eq(keep_invite(shop.invite), 0);
	shop.refuse_with = 503;
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), 503);
	ck_assert_int_eq(stock(TOKEN_ACCOUNT), 1);
	ck_assert_int_eq(tokens_have(&net, anna.p, onion, &same), 0);
	ck_assert_int_eq(tokens_have(&net, anna.p, onion, &other), TOKENS_NO_INVITE);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), 0);
	end();
}
END_TEST

START_TEST(an_invite_is_shown_to_its_own_server_only)
{
	struct invite invite = { .onion = { 1 } };

	setup();
	memcpy(invite.code, shop.invite, sizeof invite.code);
	ck_assert_int_eq(tokens_keep_invite(anna.p, &invite), 0);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), TOKENS_NO_INVITE);
	ck_assert_int_eq(shop.invites_left, 1);
	end();
}
END_TEST

START_TEST(a_wrong_invite_and_a_closed_server_are_told_apart)
{
	const uint8_t wrong[INVITE_CODE_BYTES] = { 1 };

	setup();
	ck_assert_int_eq(keep_invite(wrong), 0);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), TOKENS_BAD_INVITE);
	shop.registration = "closed";
	net.twice.server.known = false;
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), TOKENS_CLOSED);
	end();
}
END_TEST

START_TEST(where_anybody_may_register_work_buys_the_account)
{
	setup();
	shop.registration = "open";
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/challenges"), 1);
	end();
}
END_TEST

START_TEST(the_allowance_comes_first_then_work_where_work_is_taken)
{
	setup();
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/challenges"), 0);
	ck_assert_int_eq(stock(TOKEN_INBOX), 31);
	ck_assert_int_eq(buy(TOKEN_PREKEY, "/v1/accounts/x/bundle", "b", false), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/challenges"), 1);
	ck_assert_int_eq(buy(TOKEN_MAILBOX, "/v1/mailboxes/m", "m", false), TOKENS_UNPAID);
	end();
}
END_TEST

START_TEST(at_another_server_only_work_pays_and_nobody_signs)
{
	setup();
	onion[0] ^= 1;
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_int_eq(shop.allowance_left, 1);
	ck_assert_int_eq(shop_count(&shop, "/v1/challenges"), 1);
	for (int i = 0; i < shop.n; i++)
		ck_assert(!shop.visits[i].is_signed);
	ck_assert_int_eq(buy(TOKEN_MAILBOX, "/v1/mailboxes/m", "m", false), TOKENS_UNPAID);
	end();
}
END_TEST

START_TEST(work_above_the_limit_is_not_done)
{
	setup();
	onion[0] ^= 1;
	shop.bits = WORK_BITS_UNASKED + 1;
	ck_assert_int_eq(buy_inbox("a"), TOKENS_TOO_HARD);
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 0);
	end();
}
END_TEST

START_TEST(what_is_not_asked_for_is_not_paid)
{
	setup();
	shop.takes_nothing = true;
	ck_assert_int_eq(buy(TOKEN_INBOX, path, "a", true), TOKENS_UNPAID);
	ck_assert(!shop.visits[0].has_token); /* tried without first */
	end();
}
END_TEST

/* --- nothing is lost -------------------------------------------------------------------------- */

START_TEST(a_lost_answer_to_issuing_costs_no_second_payment)
{
	uint8_t body[HASH_BYTES];

	setup();
	ck_assert_int_eq(keep_invite(shop.invite), 0);
	shop.lose = "/v1/tokens";
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), E_NET);
	memcpy(body, last()->body_hash, sizeof body);
	ck_assert_int_eq(buy(TOKEN_ACCOUNT, "/v1/accounts/x", "x", true), 0);
	ck_assert_int_eq(shop.n_issued, 1);
	ck_assert_mem_eq(shop.issued[0], body, sizeof body);
	end();
}
END_TEST

START_TEST(a_lost_answer_is_asked_for_again_with_the_same_token)
{
	uint8_t token[TOKEN_BYTES];

	setup();
	shop.lose = path;
	ck_assert_int_eq(buy_inbox("a"), E_NET);
	memcpy(token, last()->token, sizeof token);
	ck_assert_int_eq(buy_inbox("b"), 0); /* another request in between */
	ck_assert_mem_ne(last()->token, token, sizeof token);
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_mem_eq(last()->token, token, sizeof token);
	ck_assert_int_eq(stock(TOKEN_INBOX), 30);
	end();
}
END_TEST

START_TEST(a_server_in_trouble_is_shown_the_same_token_again)
{
	uint8_t token[TOKEN_BYTES];

	setup();
	shop.refuse_with = 507;
	ck_assert_int_eq(buy_inbox("a"), 507);
	memcpy(token, last()->token, sizeof token);
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_mem_eq(last()->token, token, sizeof token);
	end();
}
END_TEST

/* --- nothing is linked ------------------------------------------------------------------------ */

/* shop_take itself sees that no token comes with two requests. */
START_TEST(a_token_of_a_refused_request_is_never_shown_again)
{
	uint8_t token[TOKEN_BYTES];

	setup();
	shop.refuse_with = 404;
	ck_assert_int_eq(buy_inbox("a"), 404);
	memcpy(token, last()->token, sizeof token);
	ck_assert_int_eq(stock(TOKEN_INBOX), 31);
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_mem_ne(last()->token, token, sizeof token);
	end();
}
END_TEST

START_TEST(each_batch_is_issued_on_a_circuit_of_its_own)
{
	setup();
	shop.allowance_left = 2;
	ck_assert_int_eq(buy_inbox("a"), 0);
	ck_assert_int_eq(buy(TOKEN_PREKEY, "/v1/accounts/x/bundle", "b", false), 0);
	for (int i = 0; i < shop.n; i++)
		for (int j = 0; j < i; j++)
			if (strcmp(shop.visits[i].path, "/v1/tokens") == 0)
				ck_assert_str_ne(shop.visits[i].circuit, shop.visits[j].circuit);
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 2);
	end();
}
END_TEST

START_TEST(a_server_with_two_faces_gets_nothing)
{
	setup();
	shop.two_faced = true;
	ck_assert_int_eq(buy_inbox("a"), TOKENS_TWO_FACED);
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 0);
	ck_assert_int_eq(shop_count(&shop, path), 0);
	ck_assert_str_ne(shop.visits[0].circuit, shop.visits[1].circuit);
	end();
}
END_TEST

START_TEST(a_batch_under_another_key_is_not_kept)
{
	setup();
	shop.other_key = true;
	ck_assert_int_eq(buy_inbox("a"), TOKENS_TWO_FACED);
	ck_assert_int_eq(stock(TOKEN_INBOX), 0);
	shop.other_key = false;
	shop.allowance_left = 1;
	ck_assert_int_eq(buy_inbox("a"), 0);
	end();
}
END_TEST

/* --- epochs ----------------------------------------------------------------------------------- */

START_TEST(stock_of_an_ended_epoch_is_thrown_away_and_bought_anew)
{
	setup();
	shop.allowance_left = 2;
	ck_assert_int_eq(buy_inbox("a"), 0);
	shop_renew_keys(&shop);
	ck_assert_int_eq(buy_inbox("b"), 0);
	ck_assert_int_eq(stock(TOKEN_INBOX), 31);
	ck_assert_int_eq(shop_count(&shop, path), 3); /* one in vain */
	end();
}
END_TEST

START_TEST(a_batch_whose_epoch_ended_before_it_was_made_is_begun_anew)
{
	setup();
	shop.lose = "/v1/tokens";
	shop.allowance_left = 2;
	ck_assert_int_eq(buy_inbox("a"), E_NET);
	shop_renew_keys(&shop);
	ck_assert_int_eq(buy_inbox("a"), 0);
	end();
}
END_TEST

START_TEST(a_server_that_takes_no_token_does_not_get_all)
{
	setup();
	shop.allowance_left = 9;
	shop.takes_nothing = true;
	ck_assert_int_eq(buy_inbox("a"), TOKENS_UNPAID);
	ck_assert_int_lt(shop.n, 20);
	end();
}
END_TEST

/* --- refilling -------------------------------------------------------------------------------- */

START_TEST(low_stocks_are_filled_from_the_allowance_one_at_a_time)
{
	setup();
	shop.allowance_left = 4;
	for (int i = 1; i <= 4; i++) {
		ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0);
		ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), i);
		test_now += 2;
	}
	ck_assert_int_eq(stock(TOKEN_MAILBOX) + stock(TOKEN_PREKEY) + stock(TOKEN_INBOX), 96);
	ck_assert_int_eq(stock(TOKEN_TURN), 32); /* else who calls would be seen to buy them */
	ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0); /* none is low */
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 4);
	end();
}
END_TEST

START_TEST(a_used_up_allowance_is_no_failure_and_no_work_is_done)
{
	setup();
	shop.allowance_left = 0;
	shop.registration = "open"; /* work would buy anything */
	ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/challenges"), 0);
	end();
}
END_TEST

START_TEST(a_refill_comes_when_it_is_planned_and_not_when_something_was_spent)
{
	int64_t due = 0;

	setup();
	net.fast = false;
	shop.allowance_left = 99;
	ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0);
	ck_assert_int_eq(q_number(&due, anna.p->db,
					 "SELECT value FROM meta WHERE name = 'tokens due 1'", ""),
			0);
	ck_assert_int_ge(due, test_now);
	ck_assert_int_lt(due, test_now + 4 * 3600);
	ck_assert_int_eq(q_run(anna.p->db, "UPDATE meta SET value = ? WHERE name = 'tokens due 1'",
					 "i", test_now + 100),
			0);
	ck_assert_int_eq(q_run(anna.p->db, "DELETE FROM token", ""), 0); /* all spent */
	test_now += 99;
	ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 1);
	test_now += 1;
	ck_assert_int_eq(tokens_refill(&net, anna.p, &anna.p->home), 0);
	ck_assert_int_eq(shop_count(&shop, "/v1/tokens"), 2);
	end();
}
END_TEST

UNIT("tokens", work_above_the_limit_is_not_done, an_invite_buys_the_account_and_is_forgotten,
		a_token_that_waits_for_its_answer_is_there_for_that_request_and_no_other,
		an_invite_is_shown_to_its_own_server_only,
		a_wrong_invite_and_a_closed_server_are_told_apart,
		where_anybody_may_register_work_buys_the_account,
		the_allowance_comes_first_then_work_where_work_is_taken,
		at_another_server_only_work_pays_and_nobody_signs,
		what_is_not_asked_for_is_not_paid, a_lost_answer_to_issuing_costs_no_second_payment,
		a_lost_answer_is_asked_for_again_with_the_same_token,
		a_server_in_trouble_is_shown_the_same_token_again,
		a_token_of_a_refused_request_is_never_shown_again,
		each_batch_is_issued_on_a_circuit_of_its_own, a_server_with_two_faces_gets_nothing,
		a_batch_under_another_key_is_not_kept,
		stock_of_an_ended_epoch_is_thrown_away_and_bought_anew,
		a_batch_whose_epoch_ended_before_it_was_made_is_begun_anew,
		a_server_that_takes_no_token_does_not_get_all,
		low_stocks_are_filled_from_the_allowance_one_at_a_time,
		a_used_up_allowance_is_no_failure_and_no_work_is_done,
		a_refill_comes_when_it_is_planned_and_not_when_something_was_spent)
