/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Several processes have one profile open: what another one does in the very moment between two
 * statements of ours ends nothing that it was not about, and is no fault of the disk. */
#include "tests/unit/client/shop.h"

#include "client/lib/account.h"
#include "client/lib/backup.h"
#include "client/lib/handle.h"
#include "client/lib/loss.h"
#include "client/lib/move.h"
#include "client/lib/timer.h"
#include "client/lib/upload.h"
#include "tests/unit/client/opened.h"

#include <unistd.h>

/* The other process, and when it does what. */
static struct {
	struct profile *p;
	const char *at;			/* before the first statement that has this in it */
	const char *sql;		/* NULL: that statement itself */
	int (*does)(struct profile *p); /* instead */
	int n, rc;
} other;

static void other_open(const struct person *a)
{
	struct vault vault;

	memset(&other, 0, sizeof other);
	ck_assert_int_eq(profile_unlock(&vault, a->dir, "correct horse"), 0);
	ck_assert_int_eq(profile_open(&other.p, a->dir, &vault), 0);
	sodium_memzero(&vault, sizeof vault);
	other.p->now_s = test_clock;
	sqlite3_busy_timeout(other.p->db, 0); /* or it would wait for us, who wait for it */
}

static void other_close(void)
{
	profile_close(other.p);
}

static void other_acts(sqlite3_stmt *statement)
{
	char *same = other.sql ? NULL : sqlite3_expanded_sql(statement);

	other.rc = other.does
			? other.does(other.p)
			: sqlite3_exec(other.p->db, same ? same : other.sql, NULL, NULL, NULL);
	sqlite3_free(same);
}

static int on_statement(unsigned kind, void *userdata, void *statement, void *text)
{
	(void)kind;
	(void)userdata;
	if (other.n || !strstr(text, other.at))
		return 0;
	other.n++;
	other_acts(statement);
	return 0;
}

static void meanwhile(sqlite3 *ours, const char *at, const char *sql)
{
	other.at = at;
	other.sql = sql;
	other.n = 0;
	ck_assert_int_eq(sqlite3_trace_v2(ours, SQLITE_TRACE_STMT, on_statement, NULL), SQLITE_OK);
}

/* --- tokens --------------------------------------------------------------- */

static struct shop shop;
static struct net net;

static int spend(const char *what)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	const struct ask ask = {
		.circuit = { "spend", what, strlen(what), false },
		.onion = alice.p->home.onion,
		.port = PORT_BLOBD,
		.method = "POST",
		.path = "/v1/blobs",
		.body = what,
		.body_len = strlen(what),
	};
	const struct payment payment = { TOKEN_INBOX, what, strlen(what), false };
	int rc = tokens_ask(&net, alice.p, &ask, &payment, &answer);

	return rc ? rc : (int)answer.status;
}

START_TEST(what_two_processes_pay_for_is_paid_by_one_token)
{
	meet();
	shop_open(&shop);
	shop_connect(&net, &shop);
	ck_assert_int_eq(spend("a"), 201);
	other_open(&alice);
	meanwhile(alice.p->db, "UPDATE token SET use", NULL);
	ck_assert_int_eq(spend("b"), 201);
	ck_assert_int_eq(other.n, 1);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM token WHERE use NOT NULL"), 2);
	other_close();
	tear_down();
}
END_TEST

/* --- who is ended --------------------------------------------------------- */

static int on_contact(void *userdata, const struct sotto_contact *contact)
{
	(void)userdata;
	note("%s ", contact->name);
	return 0;
}

static int on_file(void *userdata, const struct sotto_file *file)
{
	(void)userdata;
	note("%s ", file->name);
	return 0;
}

static void open_both(void)
{
	meet_and_open();
	other_open(&bob);
}

static void close_both(void)
{
	other_close();
	part();
}

START_TEST(a_contact_that_ends_is_listed_no_more)
{
	open_both();
	meanwhile(opened->profile->db, "SELECT (SELECT count(*) FROM message",
			"DELETE FROM contact");
	ck_assert_int_eq(sotto_contacts(opened, on_contact, NULL), 0);
	ck_assert_int_eq(other.n, 1);
	ck_assert_str_eq(heard, "");
	close_both();
}
END_TEST

START_TEST(nor_is_it_found)
{
	open_both();
	meanwhile(opened->profile->db, "SELECT (SELECT count(*) FROM message",
			"DELETE FROM contact");
	ck_assert_int_eq(sotto_find(opened, "alice", on_contact, NULL), SOTTO_NO_CONTACT);
	ck_assert_int_eq(other.n, 1);
	close_both();
}
END_TEST

static void put_source(char path[static 64])
{
	FILE *to;

	snprintf(path, 64, "%s/../so-beside-%d", bob.dir, (int)getpid());
	to = fopen(path, "w");
	ck_assert_ptr_nonnull(to);
	ck_assert_int_ge(fputs("a file", to), 0);
	ck_assert_int_eq(fclose(to), 0);
}

START_TEST(a_file_whose_contact_ends_is_listed_no_more)
{
	struct transfer t = { .id = 0 };
	char path[64];

	open_both();
	put_source(path);
	ck_assert_int_eq(upload_begin(&t, bob.p, "alice", path), 0);
	ck_assert_int_eq(sotto_files(opened, on_file, NULL), 0);
	ck_assert_int_eq(heard_n, 1);
	forget();
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM contact", ""), 0);
	ck_assert_int_eq(sotto_files(opened, on_file, NULL), 0);
	ck_assert_int_eq(heard_n, 0);
	sodium_memzero(&t, sizeof t);
	unlink(path);
	close_both();
}
END_TEST

START_TEST(a_file_for_who_ends_while_it_is_read_is_not_begun)
{
	struct transfer t = { .id = 0 };
	char path[64];

	open_both();
	put_source(path);
	meanwhile(bob.p->db, "INSERT INTO file", "DELETE FROM contact");
	ck_assert_int_eq(upload_begin(&t, bob.p, "alice", path), SYNC_NO_CONTACT);
	ck_assert_int_eq(other.n, 1);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM file"), 0);
	sodium_memzero(&t, sizeof t);
	unlink(path);
	close_both();
}
END_TEST

static int lose(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	(void)ask;
	(void)out;
	return E_NET;
}

static void open_net(int (*serve)(struct net *, const struct ask *, struct answer *))
{
	ck_assert_int_eq(net_open(&net, "127.0.0.1:1", true), 0);
	net.carry = serve;
}

START_TEST(what_waits_for_who_ends_is_not_sent_and_stops_nothing)
{
	struct own_mailbox box;
	struct contact c;
	unsigned sent;

	set_up();
	add(&bob, "alice", &alice);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(conversation_send(bob.p, &c, "hello"), 0);
	ck_assert_int_eq(mailbox_for(&box, bob.p, c.id), 0);
	ck_assert_int_eq(mailbox_made(bob.p, &box), 0);
	other_open(&bob);
	open_net(lose);
	meanwhile(bob.p->db, "UPDATE contact SET taking",
			"DELETE FROM outbox; DELETE FROM contact");
	ck_assert_int_eq(sync_flush(&net, bob.p, &sent), 0);
	ck_assert_int_eq(other.n, 1);
	net_close(&net);
	other_close();
	tear_down();
}
END_TEST

START_TEST(nothing_is_said_or_made_for_who_has_ended)
{
	struct outgoing signal = { .type = CONTENT_CALL, .body = (const uint8_t *)"x", .len = 1 };
	struct own_mailbox box;
	struct parcel parcel;
	struct contact c;

	set_up();
	add(&bob, "alice", &alice);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(mailbox_spare(&box, bob.p, &bob.p->home), 0);
	ck_assert_int_eq(mailbox_made(bob.p, &box), 0);
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM contact", ""), 0);
	signal.contact = c.id;
	ck_assert_int_eq(conversation_send(bob.p, &c, "hello"), SEND_NO_CONTACT);
	ck_assert_int_eq(timer_set(bob.p, &c, 30), TIMER_NO_CONTACT);
	ck_assert_int_eq(loss_refused(bob.p, c.id, 3), 0);
	ck_assert_int_eq(outbox_signal(&parcel, bob.p, &signal), OUTBOX_EMPTY);
	ck_assert_int_eq(mailbox_for(&box, bob.p, c.id), CONTACT_NONE);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM outbox"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM mailbox WHERE kind = 2"), 1);
	tear_down();
}
END_TEST

/* --- what is overwritten --------------------------------------------------- */

START_TEST(what_is_overwritten_while_the_log_is_emptied_waits_for_the_next_time)
{
	set_up();
	other_open(&bob);
	ck_assert_int_eq(store_overwrote(bob.p->db), 0);
	meanwhile(bob.p->db, "DELETE FROM meta WHERE name = 'overwrote'", NULL);
	other.sql = "UPDATE meta SET value = value + 1 WHERE name = 'overwrote'";
	ck_assert_int_eq(store_forget(bob.p->db), 0);
	ck_assert_int_eq(other.n, 1);
	ck_assert_int_eq(other.rc, SQLITE_OK);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM meta WHERE name = 'overwrote'"), 1);
	ck_assert_int_eq(store_forget(bob.p->db), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM meta WHERE name = 'overwrote'"), 0);
	other_close();
	tear_down();
}
END_TEST

/* --- homes ---------------------------------------------------------------- */

static struct home north;
static int n_asked;

/* Bob lives there too. */
static void live_twice(void)
{
	uint8_t onion[ONION_KEY_BYTES];
	int64_t id;

	set_up();
	add(&bob, "alice", &alice);
	randombytes_buf(onion, sizeof onion);
	ck_assert_int_eq(home_put(&id, bob.p, onion), 0);
	ck_assert_int_eq(home_at(&north, bob.p, onion), 0);
	other_open(&bob);
	n_asked = 0;
}

static void live_no_more(void)
{
	home_wipe(&north);
	other_close();
	tear_down();
}

static void leave_north(struct profile *p)
{
	ck_assert_int_eq(q_run(p->db, "UPDATE home SET left_s = 1 WHERE id = ?", "i", north.id), 0);
}

START_TEST(who_is_added_at_a_server_that_was_just_left_belongs_to_the_main_one)
{
	struct contact_link link;
	struct contact c;

	live_twice();
	leave_north(other.p);
	profile_link(alice.p, &link);
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM contact", ""), 0);
	ck_assert_int_eq(contact_add_at(bob.p, "alice", &link, &north), 0);
	ck_assert_int_eq(count(&bob, "SELECT h.main FROM contact c JOIN home h ON h.id = c.home"),
			1);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(move_contact(bob.p, c.id, &north, true), 0);
	ck_assert_int_eq(count(&bob, "SELECT h.main FROM contact c JOIN home h ON h.id = c.home"),
			1);
	live_no_more();
}
END_TEST

START_TEST(no_mailbox_is_made_where_one_has_left)
{
	struct own_mailbox box;

	live_twice();
	leave_north(other.p);
	ck_assert_int_eq(mailbox_inbox(&box, bob.p, &north), HOME_NONE);
	ck_assert_int_eq(mailbox_spare(&box, bob.p, &north), CONTACT_NONE);
	ck_assert_int_eq(q_run(bob.p->db, "DELETE FROM home WHERE id = ?", "i", north.id), 0);
	ck_assert_int_eq(mailbox_inbox(&box, bob.p, &north), HOME_NONE);
	ck_assert_int_eq(
			count(&bob,
					"SELECT count(*) FROM mailbox WHERE home NOT IN (SELECT id "
					"FROM home WHERE left_s IS NULL)"),
			0);
	live_no_more();
}
END_TEST

/* While the server is asked, the other process gives up what is left there. */
static int forget_it(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	(void)out;
	ck_assert_mem_eq(ask->onion, north.onion, ONION_KEY_BYTES);
	n_asked++;
	ck_assert_int_eq(q_run(other.p->db, "DELETE FROM home WHERE id = ?", "i", north.id), 0);
	return E_NET;
}

/* Upkeep asks the server that was left to end the account. */
static void leave_and_end(int (*serve)(struct net *, const struct ask *, struct answer *))
{
	leave_north(bob.p);
	open_net(serve);
	ck_assert_int_eq(move_keep(&net, bob.p), 0);
	ck_assert_int_eq(n_asked, 1);
	net_close(&net);
}

START_TEST(what_is_given_up_while_its_server_is_asked_is_over)
{
	live_twice();
	leave_and_end(forget_it);
	live_no_more();
}
END_TEST

/* It is left, and another one comes to live under its number. */
static int replace_it(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	(void)ask;
	(void)out;
	n_asked++;
	ck_assert_int_eq(q_run(other.p->db,
					 "UPDATE home SET left_s = NULL, uuid = randomblob(16), "
					 "onion = randomblob(32) WHERE id = ?",
					 "i", north.id),
			0);
	return E_NET;
}

START_TEST(nor_is_another_one_under_its_number_ended)
{
	live_twice();
	leave_and_end(replace_it);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM home WHERE ended_s IS NULL"), 2);
	live_no_more();
}
END_TEST

/* The server knows the account no more, which the other process has just ended. */
static int end_it(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)n;
	(void)ask;
	if (n_asked++ == 0)
		leave_north(other.p);
	return shop_say(out, 404, json_object());
}

START_TEST(an_account_that_was_just_ended_is_not_registered_again)
{
	live_twice();
	open_net(end_it);
	ck_assert_int_eq(account_look_after(&net, bob.p, &north), 0);
	ck_assert_int_eq(n_asked, 1);
	net_close(&net);
	live_no_more();
}
END_TEST

/* --- exports -------------------------------------------------------------- */

START_TEST(an_export_that_is_due_is_written_by_one)
{
	struct stream_key key;
	char path[64];

	set_up();
	other_open(&bob);
	put_source(path);
	randombytes_buf(&key, sizeof key);
	ck_assert_int_eq(backup_daily(bob.p, path, &key), 0);
	test_now += 86400;
	meanwhile(bob.p->db, "SELECT * FROM", NULL);
	other.does = backup_keep;
	ck_assert_int_eq(backup_keep(bob.p), 0);
	ck_assert_int_eq(other.n, 1);
	ck_assert_int_eq(other.rc, BACKUP_OFF);
	unlink(path);
	other_close();
	tear_down();
}
END_TEST

UNIT("beside", what_two_processes_pay_for_is_paid_by_one_token,
		a_contact_that_ends_is_listed_no_more, nor_is_it_found,
		a_file_whose_contact_ends_is_listed_no_more,
		a_file_for_who_ends_while_it_is_read_is_not_begun,
		what_waits_for_who_ends_is_not_sent_and_stops_nothing,
		nothing_is_said_or_made_for_who_has_ended,
		what_is_overwritten_while_the_log_is_emptied_waits_for_the_next_time,
		who_is_added_at_a_server_that_was_just_left_belongs_to_the_main_one,
		no_mailbox_is_made_where_one_has_left,
		what_is_given_up_while_its_server_is_asked_is_over,
		nor_is_another_one_under_its_number_ended,
		an_account_that_was_just_ended_is_not_registered_again,
		an_export_that_is_due_is_written_by_one)
