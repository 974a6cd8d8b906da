/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What buys tokens, and what tokens buy, on a real PostgreSQL: once, for whom, in which order. */
#include "libshared/sizes.h"
#include "libshared/token.h"
#include "tests/unit/scratch_pg.h"

#include <stdbool.h>
#include <time.h>

enum { QUERY_MOST = 64 * 1024 };

static PGconn *admin, *blobd, *prekeyd;

static const char UUID_A[] = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
static const char UUID_B[] = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

static void setup(void)
{
	admin = scratch_connect("postgres");
	blobd = scratch_connect("blobd");
	prekeyd = scratch_connect("prekeyd");
	PQclear(PQexec(admin,
			"TRUNCATE sotto.mailbox, sotto.blob, sotto.account, sotto.bundle, "
			"sotto.spent, sotto.issued, sotto.invite"));
}

static void teardown(void)
{
	PQfinish(admin);
	PQfinish(blobd);
	PQfinish(prekeyd);
}

/* Room for a query; two are valid at once. */
static char *room(void)
{
	static char texts[2][QUERY_MOST];
	static unsigned turn;

	return texts[turn++ % 2];
}

/* --- spending ----------------------------------------------------------- */

struct token { /* 0: none */
	unsigned token, request;
};

static const char *payment(struct token t)
{
	static char text[256];

	if (t.token)
		snprintf(text, sizeof text, "'\\x%064x', '\\x%064x', %u", t.token, t.request,
				token_epoch((uint64_t)time(NULL) / 86400));
	else
		snprintf(text, sizeof text, "NULL, NULL, 0");
	return text;
}

static const char *account_query(const char *uuid, unsigned owner, struct token t)
{
	char *query = room();

	snprintf(query, QUERY_MOST, "SELECT * FROM sotto.account_put('%s', %s, %s, %s)", uuid,
			bytes(owner, 32), bytes(0xee, BUNDLE_BYTES), payment(t));
	return query;
}

static const char *account_put(const char *uuid, unsigned owner, struct token t)
{
	return scratch_ask(prekeyd, account_query(uuid, owner, t));
}

static const char *mailbox_query(unsigned id, unsigned secret, bool inbox, struct token t)
{
	char *query = room();

	snprintf(query, QUERY_MOST, "SELECT * FROM sotto.mailbox_put(%s, %s, '21', %s, %s)",
			bytes(id, 32), bytes(secret, 32), inbox ? "true" : "false", payment(t));
	return query;
}

static const char *mailbox_put(unsigned id, unsigned secret, bool inbox, struct token t)
{
	return scratch_ask(blobd, mailbox_query(id, secret, inbox, t));
}

static const char *deposit_query(unsigned secret, unsigned id, int limit, struct token t)
{
	char *query = room();

	snprintf(query, QUERY_MOST,
			"SELECT code FROM sotto.deposit(%s, '00000000-0000-0000-0000-%012u', %s, "
			"%d, %s)",
			bytes(secret, 32), id, bytes(id, BLOB_BYTES), limit, payment(t));
	return query;
}

static const char *deposit(unsigned secret, unsigned id, int limit, struct token t)
{
	return scratch_ask(blobd, deposit_query(secret, id, limit, t));
}

static const char *take(const char *uuid, struct token t)
{
	char *query = room();

	snprintf(query, QUERY_MOST, "SELECT code, bundle FROM sotto.bundle_take('%s', %s)", uuid,
			payment(t));
	return scratch_ask(prekeyd, query);
}

static int n_spent(void)
{
	return atoi(scratch_ask(admin, "SELECT count(*) FROM sotto.spent"));
}

#define NO_TOKEN ((struct token){ 0, 0 })
#define TOKEN(...) ((struct token){ __VA_ARGS__ })

START_TEST(an_account_costs_a_token_and_a_renewal_none)
{
	ck_assert_str_eq(account_put(UUID_A, 1, NO_TOKEN), "4||");
	ck_assert_str_eq(account_put(UUID_A, 1, TOKEN(1, 1)), "0|0|1");
	ck_assert_str_eq(account_put(UUID_A, 1, NO_TOKEN), "1|0|1");
	ck_assert_str_eq(account_put(UUID_A, 1, TOKEN(1, 1)), "1|0|1");
	ck_assert_str_eq(account_put(UUID_A, 1, TOKEN(2, 1)), "1|0|1");
	ck_assert_str_eq(account_put(UUID_A, 2, TOKEN(2, 2)), "2|0|1"); /* another's: not burnt */
	ck_assert_int_eq(n_spent(), 1);
	ck_assert_str_eq(account_put(UUID_B, 2, TOKEN(1, 3)), "4||"); /* spent */
	ck_assert_str_eq(account_put(UUID_B, 2, TOKEN(2, 3)), "0|0|1");
	/* Ended since: the first request of its token is answered as at first, and makes nothing. */
	PQclear(PQexec(admin, "TRUNCATE sotto.account"));
	ck_assert_str_eq(account_put(UUID_A, 1, TOKEN(1, 1)), "1|0|1");
	ck_assert_str_eq(account_put(UUID_A, 1, TOKEN(1, 4)), "4||");
	ck_assert_str_eq(scratch_ask(admin, "SELECT count(*) FROM sotto.account"), "0");
}
END_TEST

START_TEST(a_mailbox_costs_a_token_and_a_renewal_none)
{
	ck_assert_str_eq(mailbox_put(1, 0x51, false, NO_TOKEN), "4");
	ck_assert_str_eq(mailbox_put(1, 0x51, false, TOKEN(1, 1)), "0");
	ck_assert_str_eq(mailbox_put(1, 0x51, false, NO_TOKEN), "1");
	ck_assert_str_eq(mailbox_put(1, 0x51, false, TOKEN(2, 1)), "1");
	ck_assert_str_eq(mailbox_put(2, 0x51, false, TOKEN(2, 2)), "2"); /* its hash is taken */
	ck_assert_str_eq(mailbox_put(1, 0x52, false, TOKEN(2, 3)), "2");
	ck_assert_int_eq(n_spent(), 1);
	ck_assert_str_eq(mailbox_put(2, 0x52, false, TOKEN(1, 4)), "4"); /* spent */
	ck_assert_str_eq(mailbox_put(2, 0x52, false, TOKEN(2, 4)), "0");
	PQclear(PQexec(admin, "TRUNCATE sotto.mailbox"));
	ck_assert_str_eq(mailbox_put(1, 0x51, false, TOKEN(1, 1)), "1");
	ck_assert_str_eq(scratch_ask(admin, "SELECT count(*) FROM sotto.mailbox"), "0");
}
END_TEST

START_TEST(a_bundle_costs_a_token_and_the_same_one_gets_the_same)
{
	account_put(UUID_A, 1, TOKEN(1, 1));
	PQclear(PQexec(admin,
			"INSERT INTO sotto.bundle (account, number, generation, head, body) "
			"SELECT 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', i, 0, "
			"decode(repeat('0' || i, 52), 'hex'), decode(repeat('0' || i, 1996), "
			"'hex') "
			"FROM generate_series(1, 2) i"));
	ck_assert_str_eq(take(UUID_A, NO_TOKEN), "4|");
	ck_assert_str_eq(take(UUID_B, TOKEN(2, 2)), "3|"); /* nobody there: not burnt */
	ck_assert_str_eq(take(UUID_A, TOKEN(2, 2)), "0|\\x01010101");
	ck_assert_str_eq(take(UUID_A, TOKEN(2, 2)), "0|\\x01010101");
	ck_assert_str_eq(take(UUID_A, TOKEN(2, 3)), "4|"); /* for another request */
	ck_assert_str_eq(take(UUID_A, TOKEN(3, 2)), "0|\\x02020202");
	ck_assert_str_eq(take(UUID_A, TOKEN(4, 2)), "0|\\xeeeeeeee");
	ck_assert_str_eq(scratch_ask(admin,
					 "SELECT count(*) FROM sotto.bundle "
					 "WHERE taken_on = current_date AND token IS NOT NULL"),
			"2");
}
END_TEST

START_TEST(an_inbox_costs_a_token_and_other_mailboxes_do_not_look)
{
	mailbox_put(1, 0x51, false, TOKEN(1, 1));
	mailbox_put(2, 0x52, true, TOKEN(2, 2));
	ck_assert_str_eq(deposit(0x51, 1, 9, NO_TOKEN), "0");
	ck_assert_str_eq(deposit(0x51, 2, 9, TOKEN(7, 7)), "0");
	ck_assert_int_eq(n_spent(), 2);
	ck_assert_str_eq(deposit(0x52, 1, 2, NO_TOKEN), "4");
	ck_assert_str_eq(deposit(0x53, 1, 2, TOKEN(7, 7)), "3"); /* no such mailbox: not burnt */
	ck_assert_str_eq(deposit(0x52, 1, 2, TOKEN(7, 7)), "0");
	ck_assert_str_eq(deposit(0x52, 1, 2, TOKEN(7, 7)), "1");
	ck_assert_str_eq(deposit(0x52, 1, 2, TOKEN(8, 7)), "1"); /* it is there: not burnt */
	ck_assert_str_eq(deposit(0x52, 1, 2, NO_TOKEN), "1");
	ck_assert_str_eq(deposit(0x52, 2, 2, TOKEN(7, 8)), "4"); /* spent */
	ck_assert_str_eq(deposit(0x52, 2, 2, TOKEN(8, 8)), "0");
	ck_assert_str_eq(deposit(0x52, 3, 2, TOKEN(9, 9)), "2"); /* full: not burnt */
	ck_assert_int_eq(n_spent(), 4);
	/* Acknowledged, and the mailbox filled by others: what was paid for is still done. */
	PQclear(PQexec(admin,
			"DELETE FROM sotto.blob WHERE id = "
			"'00000000-0000-0000-0000-000000000001'"));
	ck_assert_str_eq(deposit(0x52, 3, 2, TOKEN(9, 9)), "0");
	ck_assert_str_eq(deposit(0x52, 1, 2, TOKEN(7, 7)), "1");
	ck_assert_str_eq(deposit(0x52, 4, 2, NO_TOKEN), "2");
}
END_TEST

/* The second waits for the end of the first; codes are the first's and the second's. */
static void beside(PGconn *conn, const char *first, const char *second, const char *codes,
		const char *end)
{
	PGconn *other = scratch_connect(PQuser(conn));

	scratch_ask(conn, "BEGIN");
	ck_assert_int_eq(*scratch_ask(conn, first), codes[0]);
	PQsendQuery(other, second);
	scratch_await_waiting(admin, 1);
	scratch_ask(conn, end);
	ck_assert_int_eq(*scratch_row(PQgetResult(other)), codes[1]);
	PQclear(PQgetResult(other));
	PQfinish(other);
}

START_TEST(a_token_that_is_being_spent_is_waited_for)
{
	mailbox_put(9, 0x59, true, TOKEN(1, 1));
	/* the same request, another, another after a rollback */
	beside(blobd, mailbox_query(1, 0x51, false, TOKEN(10, 1)),
			mailbox_query(1, 0x51, false, TOKEN(10, 1)), "01", "COMMIT");
	beside(blobd, mailbox_query(2, 0x52, false, TOKEN(11, 1)),
			mailbox_query(3, 0x53, false, TOKEN(11, 2)), "04", "COMMIT");
	beside(blobd, mailbox_query(4, 0x54, false, TOKEN(12, 1)),
			mailbox_query(5, 0x55, false, TOKEN(12, 2)), "00", "ROLLBACK");
	beside(blobd, deposit_query(0x59, 1, 9, TOKEN(13, 1)),
			deposit_query(0x59, 1, 9, TOKEN(13, 1)), "01", "COMMIT");
	beside(blobd, deposit_query(0x59, 2, 9, TOKEN(14, 1)),
			deposit_query(0x59, 3, 9, TOKEN(14, 2)), "04", "COMMIT");
	beside(prekeyd, account_query(UUID_A, 1, TOKEN(15, 1)),
			account_query(UUID_A, 1, TOKEN(15, 1)), "01", "COMMIT");
	beside(prekeyd, account_query(UUID_B, 1, TOKEN(16, 1)),
			account_query("cccccccc-cccc-4ccc-8ccc-cccccccccccc", 1, TOKEN(16, 2)),
			"04", "COMMIT");
}
END_TEST

/* Two tokens for one thing at once: the second is not burnt. */
START_TEST(who_comes_second_keeps_the_token)
{
	beside(blobd, mailbox_query(1, 0x51, false, TOKEN(1, 1)),
			mailbox_query(1, 0x51, false, TOKEN(2, 1)), "01", "COMMIT");
	beside(blobd, mailbox_query(2, 0x52, false, TOKEN(3, 1)),
			mailbox_query(3, 0x52, false, TOKEN(4, 1)), "02", "COMMIT");
	beside(prekeyd, account_query(UUID_A, 1, TOKEN(5, 1)),
			account_query(UUID_A, 2, TOKEN(6, 1)), "02", "COMMIT");
	beside(prekeyd, account_query(UUID_B, 1, TOKEN(7, 1)),
			account_query(UUID_B, 1, TOKEN(8, 1)), "01", "COMMIT");
	ck_assert_int_eq(n_spent(), 4);
}
END_TEST

/* --- paying for tokens -------------------------------------------------- */

enum { INVITE = 1, WORK = 2, ALLOWANCE = 3, TODAY = 20000 };

struct batch {
	unsigned payment, request;
	int kind;
	bool open_only;
	int limit, day;
	const char *account;
	unsigned owner;
};

static const char *pay_query(const struct batch *p)
{
	char *query = room();

	snprintf(query, QUERY_MOST,
			"SELECT * FROM sotto.tokens_pay(%s, %s, '%d', %s, %d, %d, '%s', %s)",
			bytes(p->payment, 32), bytes(p->request, 32), p->kind,
			p->open_only ? "true" : "false", p->limit, p->day,
			p->account ? p->account : UUID_A, bytes(p->owner, 32));
	return query;
}

#define PAY(paid_by, hash, ...)                                          \
	scratch_ask(prekeyd,                                             \
			pay_query(&(struct batch){ .payment = (paid_by), \
					.request = (hash),               \
					.kind = __VA_ARGS__ }))

static void policy(const char *registration)
{
	char *query = room();

	snprintf(query, QUERY_MOST, "UPDATE sotto.policy SET registration = '%s'", registration);
	PQclear(PQexec(admin, query));
}

static void invite(unsigned code, int uses, int days)
{
	char *query = room();

	snprintf(query, QUERY_MOST,
			"INSERT INTO sotto.invite (code, uses, expires_on) "
			"VALUES (%s, %d, current_date + %d)",
			bytes(code, 32), uses, days);
	PQclear(PQexec(admin, query));
}

START_TEST(an_invite_pays_as_often_as_it_says)
{
	policy("invite");
	invite(1, 2, 0);
	invite(2, 9, -1);
	ck_assert_str_eq(PAY(1, 0xa, INVITE), "0");
	ck_assert_str_eq(PAY(1, 0xa, INVITE), "1");
	ck_assert_str_eq(PAY(1, 0xb, INVITE), "0");
	ck_assert_str_eq(PAY(1, 0xc, INVITE), "3");
	ck_assert_str_eq(PAY(1, 0xb, INVITE), "1");
	ck_assert_str_eq(PAY(2, 0xa, INVITE), "3"); /* expired */
	ck_assert_str_eq(PAY(3, 0xa, INVITE), "3"); /* unknown, whatever the caller's limit */
	ck_assert_str_eq(PAY(3, 0xa, INVITE, false, 5, TODAY), "3");
	policy("closed");
	invite(4, 1, 5);
	ck_assert_str_eq(PAY(4, 0xa, INVITE), "3");
	ck_assert_str_eq(PAY(1, 0xa, INVITE), "1"); /* what was paid stays paid */
	policy("open");
	ck_assert_str_eq(PAY(4, 0xa, INVITE), "0");
}
END_TEST

START_TEST(work_pays_once_and_for_registering_only_where_all_may)
{
	policy("invite");
	ck_assert_str_eq(PAY(1, 0xa, WORK, false, 1, TODAY), "0");
	ck_assert_str_eq(PAY(1, 0xa, WORK, false, 1, TODAY), "1");
	ck_assert_str_eq(PAY(1, 0xb, WORK, false, 1, TODAY), "3");
	ck_assert_str_eq(
			PAY(1, 0xa, WORK, false, 0, 0), "1"); /* a repeat when its hours are over */
	ck_assert_str_eq(PAY(2, 0xa, WORK, false, 0, 0), "3");
	ck_assert_str_eq(PAY(3, 0xa, WORK, true, 1, TODAY), "3");
	policy("open");
	ck_assert_str_eq(PAY(3, 0xa, WORK, true, 1, TODAY), "0");
	policy("closed");
	ck_assert_str_eq(PAY(4, 0xa, WORK, true, 1, TODAY), "3");
	ck_assert_str_eq(PAY(4, 0xa, WORK, false, 1, TODAY), "0");
}
END_TEST

START_TEST(an_allowance_is_the_owners_for_a_day)
{
	account_put(UUID_A, 1, TOKEN(1, 1));
	PQclear(PQexec(admin, "UPDATE sotto.account SET seen_on = current_date - 80"));
	ck_assert_str_eq(PAY(1, 0xa, ALLOWANCE, false, 2, TODAY, UUID_A, 2), "3");
	ck_assert_str_eq(PAY(1, 0xa, ALLOWANCE, false, 2, TODAY, UUID_B, 1), "3");
	ck_assert_str_eq(scratch_ask(admin, "SELECT current_date - seen_on FROM sotto.account"),
			"80");
	ck_assert_str_eq(PAY(1, 0xa, ALLOWANCE, false, 2, TODAY, UUID_A, 1), "0");
	ck_assert_str_eq(PAY(1, 0xb, ALLOWANCE, false, 2, TODAY, UUID_A, 1), "0");
	ck_assert_str_eq(PAY(1, 0xc, ALLOWANCE, false, 2, TODAY, UUID_A, 1), "3");
	ck_assert_str_eq(PAY(1, 0xa, ALLOWANCE, false, 2, TODAY + 1, UUID_A, 1), "1");
	ck_assert_str_eq(PAY(1, 0xc, ALLOWANCE, false, 2, TODAY + 1, UUID_A, 1), "0");
	ck_assert_str_eq(PAY(1, 0xd, ALLOWANCE, false, 0, TODAY + 2, UUID_A, 1), "3");
	ck_assert_str_eq(scratch_ask(admin, "SELECT current_date - seen_on FROM sotto.account"),
			"0");
}
END_TEST

/* Two that pay at once with the last use: the second waits for the first, and is its repeat or late. */
START_TEST(who_pays_beside_another_waits_and_looks_again)
{
	static const struct {
		unsigned request;
		const char *end, *code;
	} seconds[] = { { 0xa, "COMMIT", "1" }, { 0xb, "COMMIT", "3" }, { 0xb, "ROLLBACK", "0" } };
	PGconn *other = scratch_connect("prekeyd");

	for (unsigned i = 0; i < ARRAY_LEN(seconds); i++) {
		struct batch second = { .payment = 10 + i,
			.request = seconds[i].request,
			.kind = WORK,
			.limit = 1,
			.day = TODAY };

		scratch_ask(prekeyd, "BEGIN");
		ck_assert_str_eq(PAY(10 + i, 0xa, WORK, false, 1, TODAY), "0");
		PQsendQuery(other, pay_query(&second));
		scratch_await_waiting(admin, 1);
		scratch_ask(prekeyd, seconds[i].end);
		ck_assert_str_eq(scratch_row(PQgetResult(other)), seconds[i].code);
		PQclear(PQgetResult(other));
	}
	PQfinish(other);
}
END_TEST

SCRATCH_UNIT("paying", scratch_pg_up, setup, teardown, an_account_costs_a_token_and_a_renewal_none,
		a_mailbox_costs_a_token_and_a_renewal_none,
		a_bundle_costs_a_token_and_the_same_one_gets_the_same,
		an_inbox_costs_a_token_and_other_mailboxes_do_not_look,
		a_token_that_is_being_spent_is_waited_for, who_comes_second_keeps_the_token,
		an_invite_pays_as_often_as_it_says,
		work_pays_once_and_for_registering_only_where_all_may,
		an_allowance_is_the_owners_for_a_day, who_pays_beside_another_waits_and_looks_again)
