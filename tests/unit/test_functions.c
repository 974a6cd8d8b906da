/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The SQL functions on a real PostgreSQL: every answer, every repeat, and concurrency. */
#include "libshared/sizes.h"
#include "libshared/token.h"
#include "tests/unit/scratch_pg.h"

#include <sys/wait.h>
#include <time.h>

enum { QUERY_MOST = 512 * 1024 };

static PGconn *admin, *blobd, *prekeyd, *bridged;
static char query[QUERY_MOST];

static const char UUID_A[] = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
static const char UUID_B[] = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

static void setup(void)
{
	admin = scratch_connect("postgres");
	blobd = scratch_connect("blobd");
	prekeyd = scratch_connect("prekeyd");
	bridged = scratch_connect("bridged");
	PQclear(PQexec(admin,
			"TRUNCATE sotto.mailbox, sotto.blob, sotto.account, sotto.bundle, "
			"sotto.spent, sotto.issued, sotto.invite"));
}

static void teardown(void)
{
	PQfinish(admin);
	PQfinish(blobd);
	PQfinish(prekeyd);
	PQfinish(bridged);
}

/* Literals are quoted throughout: a daemon may not even call the function that widens an integer.
 */

static const char *deposit(unsigned secret, unsigned id, unsigned body, int limit)
{
	snprintf(query, sizeof query,
			"SELECT * FROM sotto.deposit(%s, '00000000-0000-0000-0000-%012u', %s, %d, "
			"NULL, NULL, NULL)",
			bytes(secret, 32), id, bytes(body, BLOB_BYTES), limit);
	return scratch_ask(blobd, query);
}

/* A token hash, a request hash and today's epoch. */
static const char *payment(unsigned token)
{
	static char text[256];

	snprintf(text, sizeof text, "'\\x%064x', '\\x%064x', %u", token, 0x99,
			token_epoch((uint64_t)time(NULL) / 86400));
	return text;
}

static const char *new_payment(void)
{
	static unsigned token = 1 << 20;

	return payment(token++);
}

static const char *mailbox_put(unsigned id, unsigned secret)
{
	snprintf(query, sizeof query, "SELECT * FROM sotto.mailbox_put(%s, %s, '21', false, %s)",
			bytes(id, 32), bytes(secret, 32), new_payment());
	return scratch_ask(blobd, query);
}

static const char *of_mailbox(const char *function, unsigned mailbox)
{
	snprintf(query, sizeof query, "SELECT * FROM sotto.%s(%s)", function, bytes(mailbox, 32));
	return scratch_ask(blobd, query);
}

static int n_blobs(void)
{
	return atoi(scratch_ask(admin, "SELECT count(*) FROM sotto.blob"));
}

/* --- blobd -------------------------------------------------------------- */

START_TEST(a_mailbox_is_made_once)
{
	ck_assert_str_eq(mailbox_put(1, 0x51), "0");
	ck_assert_str_eq(mailbox_put(1, 0x51), "1");
	ck_assert_str_eq(mailbox_put(1, 0x52), "2");
	ck_assert_str_eq(
			mailbox_put(2, 0x51), "2"); /* else whoever knows the secret diverts mail */
	ck_assert_str_eq(mailbox_put(2, 0x52), "0");
}
END_TEST

START_TEST(the_first_body_of_a_blob_stays)
{
	ck_assert_str_eq(deposit(0x51, 1, 0xb1, 10), "3|");
	mailbox_put(1, 0x51);
	ck_assert_str_eq(deposit(0x51, 1, 0xb1, 10), "0|\\x01010101");
	ck_assert_str_eq(deposit(0x51, 1, 0xb2, 10), "1|\\x01010101");
	ck_assert_str_eq(of_mailbox("fetch", 1), "00000000-0|\\xb1b1b1b1");
	ck_assert_int_eq(n_blobs(), 1);
}
END_TEST

START_TEST(a_full_mailbox_refuses_but_knows_repeats)
{
	mailbox_put(1, 0x51);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_str_eq(deposit(0x51, i, 0xb1, 3), "0|\\x01010101");
	ck_assert_str_eq(deposit(0x51, 9, 0xb1, 3), "2|\\x01010101");
	ck_assert_str_eq(deposit(0x51, 2, 0xb1, 3), "1|\\x01010101");
	ck_assert_int_eq(n_blobs(), 3);
}
END_TEST

START_TEST(a_fetch_shows_the_oldest_eight_in_order)
{
	PGresult *r;

	ck_assert_str_eq(of_mailbox("fetch", 1), "none");
	mailbox_put(1, 0x51);
	ck_assert_str_eq(of_mailbox("fetch", 1), "|");
	for (unsigned i = 0; i < 10; i++)
		deposit(0x51, 99 - i, i, 1000);
	snprintf(query, sizeof query, "SELECT * FROM sotto.fetch(%s)", bytes(1, 32));
	r = PQexec(blobd, query);
	ck_assert_int_eq(PQntuples(r), FETCH_SLOTS);
	for (int i = 0; i < FETCH_SLOTS; i++) {
		char id[8], body[8];

		snprintf(id, sizeof id, "%d", 99 - i);
		snprintf(body, sizeof body, "\\x%02x", i);
		ck_assert_str_eq(PQgetvalue(r, i, 0) + 34, id);
		ck_assert_int_eq(strncmp(PQgetvalue(r, i, 1), body, 4), 0);
		ck_assert_int_eq(PQgetlength(r, i, 1), 2 + 2 * BLOB_BYTES);
	}
	PQclear(r);
}
END_TEST

START_TEST(a_fetch_marks_the_day)
{
	mailbox_put(1, 0x51);
	PQclear(PQexec(admin, "UPDATE sotto.mailbox SET seen_on = current_date - 80"));
	of_mailbox("fetch", 1);
	ck_assert_str_eq(scratch_ask(admin, "SELECT seen_on = current_date FROM sotto.mailbox"),
			"t");
}
END_TEST

START_TEST(an_ack_forgets_only_its_own_mailbox)
{
	static const char both[] = "'{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-"
				   "000000000077}'";
	const char *const acks[] = { "ack", "live_ack" };
	PGconn *const conns[] = { blobd, bridged };

	mailbox_put(1, 0x51);
	mailbox_put(2, 0x52);
	for (unsigned i = 0; i < 2; i++) {
		deposit(0x51, 1, 0xb1, 10);
		deposit(0x52, 1, 0xb1, 10);
		snprintf(query, sizeof query, "SELECT * FROM sotto.%s(%s, %s)", acks[i],
				bytes(1, 32), both);
		ck_assert_str_eq(scratch_ask(conns[i], query), "0");
		ck_assert_str_eq(scratch_ask(conns[i], query), "0");
		ck_assert_str_eq(scratch_ask(admin, "SELECT mailbox FROM sotto.blob"),
				"\\x02020202");
	}
}
END_TEST

START_TEST(an_ended_mailbox_is_gone_with_its_blobs)
{
	mailbox_put(1, 0x51);
	mailbox_put(2, 0x52);
	deposit(0x51, 1, 0xb1, 10);
	deposit(0x52, 1, 0xb1, 10);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_str_eq(of_mailbox("mailbox_end", 1), "0");
	ck_assert_int_eq(n_blobs(), 1);
	ck_assert_str_eq(deposit(0x51, 1, 0xb1, 10), "3|");
	ck_assert_str_eq(mailbox_put(1, 0x51), "0");
}
END_TEST

/* --- prekeyd ------------------------------------------------------------ */

static const char *account_put(const char *uuid, unsigned owner)
{
	snprintf(query, sizeof query, "SELECT * FROM sotto.account_put('%s', %s, %s, %s)", uuid,
			bytes(owner, 32), bytes(0xee, BUNDLE_BYTES), new_payment());
	return scratch_ask(prekeyd, query);
}

/* Bundle number n is 2048 bytes n. */
static const char *bundles_put(const char *uuid, unsigned owner, int generation, int from)
{
	char *at = query +
			snprintf(query, sizeof query,
					"SELECT * FROM sotto.bundles_put('%s', %s, '%d', '%d', %s, "
					"'\\x",
					uuid, bytes(owner, 32), generation, from,
					bytes(0xef, BUNDLE_BYTES));

	for (int i = 0; i < BUNDLES_PER_PUT; i++)
		for (int j = 0; j < BUNDLE_BYTES; j++)
			at += sprintf(at, "%02x", (unsigned)(from + i) & 0xff);
	strcpy(at, "')");
	return scratch_ask(prekeyd, query);
}

static const char *count(const char *uuid, unsigned owner)
{
	snprintf(query, sizeof query, "SELECT * FROM sotto.bundles_count('%s', %s)", uuid,
			bytes(owner, 32));
	return scratch_ask(prekeyd, query);
}

static const char *take_query(const char *uuid, unsigned token)
{
	snprintf(query, sizeof query, "SELECT * FROM sotto.bundle_take('%s', %s)", uuid,
			payment(token));
	return query;
}

static const char *take(const char *uuid, unsigned token)
{
	return scratch_ask(prekeyd, take_query(uuid, token));
}

START_TEST(an_account_is_its_first_owners)
{
	ck_assert_str_eq(account_put(UUID_A, 1), "0|0|1");
	ck_assert_str_eq(account_put(UUID_A, 1), "1|0|1");
	ck_assert_int_eq(strncmp(account_put(UUID_A, 2), "2|", 2), 0);
	ck_assert_str_eq(count(UUID_A, 1), "0|0|1|0");
	ck_assert_str_eq(count(UUID_A, 2), "3|||");
	ck_assert_str_eq(count(UUID_B, 1), "3|||");
	bundles_put(UUID_A, 1, 4, 1);
	ck_assert_str_eq(account_put(UUID_A, 1), "1|4|51");
}
END_TEST

START_TEST(bundles_are_taken_only_at_the_next_number)
{
	account_put(UUID_A, 1);
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 2), "1|0|1");
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 1), "0|0|51");
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 1), "1|0|51");
	ck_assert_str_eq(bundles_put(UUID_A, 2, 0, 51), "3||");
	ck_assert_str_eq(bundles_put(UUID_B, 1, 0, 1), "3||");
	ck_assert_str_eq(count(UUID_A, 1), "0|0|51|50");
}
END_TEST

START_TEST(a_hundred_bundles_are_held_at_most)
{
	account_put(UUID_A, 1);
	bundles_put(UUID_A, 1, 0, 1);
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 51), "0|0|101");
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 101), "1|0|101");
	for (unsigned i = 0; i < 50; i++)
		take(UUID_A, i);
	ck_assert_str_eq(bundles_put(UUID_A, 1, 0, 101), "0|0|151");
	ck_assert_str_eq(count(UUID_A, 1), "0|0|151|100");
}
END_TEST

START_TEST(a_new_generation_drops_what_was_not_handed_out)
{
	account_put(UUID_A, 1);
	bundles_put(UUID_A, 1, 1, 1);
	ck_assert_str_eq(take(UUID_A, 7), "0|\\x01010101|20");
	ck_assert_str_eq(bundles_put(UUID_A, 1, 2, 51), "0|2|101");
	ck_assert_str_eq(count(UUID_A, 1), "0|2|101|50");
	ck_assert_str_eq(bundles_put(UUID_A, 1, 1, 101), "1|2|101"); /* an older one */
	ck_assert_str_eq(take(UUID_A, 7), "0|\\x01010101|20"); /* a repeat of what is handed out */
	ck_assert_str_eq(take(UUID_A, 8), "0|\\x33333333|20");
}
END_TEST

START_TEST(each_bundle_once_and_then_the_last_resort)
{
	ck_assert_str_eq(take(UUID_A, 0), "3||");
	account_put(UUID_A, 1);
	ck_assert_str_eq(take(UUID_A, 1000), "0|\\xeeeeeeee|0");
	bundles_put(UUID_A, 1, 0, 1);
	for (unsigned i = 0; i < 50; i++) {
		char expected[64];

		snprintf(expected, sizeof expected, "0|\\x%02x%02x%02x%02x|%u", i + 1, i + 1, i + 1,
				i + 1, 49 - i < 20 ? 49 - i : 20);
		ck_assert_str_eq(take(UUID_A, i), expected);
	}
	ck_assert_str_eq(take(UUID_A, 50), "0|\\xefefefef|0");
	ck_assert_str_eq(take(UUID_A, 3), "0|\\x04040404|0");
	ck_assert_str_eq(take(UUID_A, 50), "0|\\xefefefef|0");
	bundles_put(UUID_A, 1, 0,
			51); /* who got the last resort gets it again, and takes nothing */
	ck_assert_str_eq(take(UUID_A, 50), "0|\\xefefefef|20");
	ck_assert_str_eq(take(UUID_A, 1000), "0|\\xefefefef|20");
	ck_assert_str_eq(count(UUID_A, 1), "0|0|101|50");
}
END_TEST

static void taker(unsigned first, int out)
{
	PGconn *conn = PQconnectdb(scratch_conninfo("prekeyd"));

	for (unsigned i = first; i < first + 40; i++) {
		PGresult *r = PQexec(conn, take_query(UUID_A, i));
		unsigned number = 0;

		sscanf(PQgetvalue(r, 0, 1), "\\x%02x", &number);
		if (write(out, &(uint8_t){ (uint8_t)number }, 1) != 1)
			_exit(1);
		PQclear(r);
	}
	PQfinish(conn);
	_exit(0);
}

START_TEST(three_takers_at_once_never_get_the_same_bundle)
{
	unsigned seen[256] = { 0 }, n = 0;
	uint8_t number;
	int ends[2];

	account_put(UUID_A, 1);
	bundles_put(UUID_A, 1, 0, 1);
	ck_assert_int_eq(pipe(ends), 0);
	for (unsigned i = 0; i < 3; i++)
		if (fork() == 0)
			taker(i * 1000, ends[1]);
	close(ends[1]);
	for (; read(ends[0], &number, 1) == 1; n++)
		seen[number]++;
	while (wait(NULL) > 0)
		;
	ck_assert_uint_eq(n, 120);
	for (unsigned i = 1; i <= 50; i++)
		ck_assert_uint_eq(seen[i], 1);
	ck_assert_uint_eq(seen[0xef], 70);
}
END_TEST

START_TEST(a_repeat_during_the_first_waits_and_gets_the_same)
{
	PGconn *other = scratch_connect("prekeyd");

	account_put(UUID_A, 1);
	bundles_put(UUID_A, 1, 0, 1);
	scratch_ask(prekeyd, "BEGIN");
	ck_assert_str_eq(take(UUID_A, 5), "0|\\x01010101|20");
	PQsendQuery(other, take_query(UUID_A, 5));
	scratch_await_waiting(admin, 1);
	scratch_ask(prekeyd, "COMMIT");
	ck_assert_str_eq(scratch_row(PQgetResult(other)), "0|\\x01010101|20");
	ck_assert_str_eq(count(UUID_A, 1), "0|0|51|49");
	PQfinish(other);
}
END_TEST

START_TEST(an_ended_account_is_gone_with_its_bundles)
{
	account_put(UUID_A, 1);
	bundles_put(UUID_A, 1, 0, 1);
	snprintf(query, sizeof query, "SELECT * FROM sotto.account_end('%s', %s)", UUID_A,
			bytes(2, 32));
	ck_assert_str_eq(scratch_ask(prekeyd, query), "3");
	snprintf(query, sizeof query, "SELECT * FROM sotto.account_end('%s', %s)", UUID_A,
			bytes(1, 32));
	ck_assert_str_eq(scratch_ask(prekeyd, query), "0");
	ck_assert_str_eq(scratch_ask(prekeyd, query), "3");
	ck_assert_str_eq(scratch_ask(admin, "SELECT count(*) FROM sotto.bundle"), "0");
	ck_assert_str_eq(take(UUID_A, 1), "3||");
}
END_TEST

/* --- bridged ------------------------------------------------------------ */

START_TEST(a_session_opens_only_when_all_exist)
{
	static const struct {
		const char *mailboxes;
		const char *uuid;
		unsigned owner;
		const char *code;
	} cases[] = {
		{ "repeat('\\001', 32)::bytea", UUID_B, 9, "0" },
		{ "(repeat('\\001', 32) || repeat('\\002', 32))::bytea", UUID_B, 9, "0" },
		{ "(repeat('\\001', 32) || repeat('\\003', 32))::bytea", UUID_A, 1, "3" },
		{ "''", UUID_A, 1, "0" },
		{ "''", UUID_A, 2, "3" },
		{ "''", UUID_B, 1, "3" },
	};

	mailbox_put(1, 0x51);
	mailbox_put(2, 0x52);
	account_put(UUID_A, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases);
			i++) { /* bridged may not even call repeat(): the owner asks */
		PGconn *owner = scratch_connect("sotto_owner");

		snprintf(query, sizeof query, "SELECT * FROM sotto.session_open(%s, '%s', %s)",
				cases[i].mailboxes, cases[i].uuid, bytes(cases[i].owner, 32));
		ck_assert_str_eq(scratch_ask(owner, query), cases[i].code);
		PQfinish(owner);
	}
}
END_TEST

START_TEST(a_signal_finds_its_mailbox_and_writes_nothing)
{
	mailbox_put(1, 0x51);
	PQclear(PQexec(admin, "UPDATE sotto.mailbox SET seen_on = current_date - 80"));
	snprintf(query, sizeof query, "SELECT * FROM sotto.signal_to(%s)", bytes(0x51, 32));
	ck_assert_str_eq(scratch_ask(bridged, query), "0|\\x01010101");
	snprintf(query, sizeof query, "SELECT * FROM sotto.signal_to(%s)", bytes(0x52, 32));
	ck_assert_str_eq(scratch_ask(bridged, query), "3|");
	ck_assert_str_eq(
			scratch_ask(admin, "SELECT seen_on = current_date - 80 FROM sotto.mailbox"),
			"t");
	ck_assert_int_eq(n_blobs(), 0);
}
END_TEST

SCRATCH_UNIT("functions", scratch_pg_up, setup, teardown, a_mailbox_is_made_once,
		the_first_body_of_a_blob_stays, a_full_mailbox_refuses_but_knows_repeats,
		a_fetch_shows_the_oldest_eight_in_order, a_fetch_marks_the_day,
		an_ack_forgets_only_its_own_mailbox, an_ended_mailbox_is_gone_with_its_blobs,
		an_account_is_its_first_owners, bundles_are_taken_only_at_the_next_number,
		a_hundred_bundles_are_held_at_most, a_new_generation_drops_what_was_not_handed_out,
		each_bundle_once_and_then_the_last_resort,
		three_takers_at_once_never_get_the_same_bundle,
		a_repeat_during_the_first_waits_and_gets_the_same,
		an_ended_account_is_gone_with_its_bundles, a_session_opens_only_when_all_exist,
		a_signal_finds_its_mailbox_and_writes_nothing)
