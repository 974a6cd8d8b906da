/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions that need no network, and the watch when there is none. */
#include "tests/unit/client/opened.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

static int hear(void *userdata, const struct sotto_message *m)
{
	const char *stop = userdata;

	if (stop && strcmp(m->text, stop) == 0)
		return 77;
	snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%d%s ", m->contact,
			(int)m->state, m->text);
	heard_n++;
	return 0;
}

/* --- opening ------------------------------------------------------------ */

START_TEST(what_cannot_be_opened_says_why)
{
	struct sotto_options o;
	struct sotto *s = NULL;

	meet_and_open();
	o = options_of(&alice);
	ck_assert_int_eq(sotto_open(&s, &o, "wrong"), SOTTO_E_LOCKED);
	ck_assert_int_eq(sotto_open(&s, &o, NULL), SOTTO_E_LOCKED); /* not in the keyring */
	o.socks = "no port";
	ck_assert_int_eq(sotto_open(&s, &o, "correct horse"), SOTTO_E_ARGUMENT);
	o = options_of(&alice);
	o.dir = "/nowhere";
	ck_assert_int_eq(sotto_open(&s, &o, "correct horse"), SOTTO_E_FILE);
	o = options_of(&alice);
	ck_assert_int_eq(sotto_create(&s, &o, "correct horse", "no server"), SOTTO_BAD_LINK);
	ck_assert_ptr_null(s);
	part();
}
END_TEST

START_TEST(options_of_a_later_version_are_refused_and_of_an_earlier_one_taken)
{
	struct sotto_options o;
	struct sotto *s = NULL;

	meet_and_open();
	o = options_of(&alice);
	o.size = sizeof o + 1;
	ck_assert_int_eq(sotto_open(&s, &o, "correct horse"), SOTTO_E_ARGUMENT);
	o.size = 0;
	ck_assert_int_eq(sotto_open(&s, &o, "correct horse"), SOTTO_E_ARGUMENT);
	o.size = offsetof(struct sotto_options, decoy);
	o.decoy = true; /* beyond its end: not looked at */
	ck_assert_int_eq(sotto_open(&s, &o, "correct horse"), 0);
	sotto_close(s);
	part();
}
END_TEST

START_TEST(each_result_has_a_text)
{
	static const int results[] = { SOTTO_E_MEMORY, SOTTO_E_FILE, SOTTO_E_ARGUMENT,
		SOTTO_E_CRYPTO, SOTTO_E_LOCKED, SOTTO_E_NETWORK, SOTTO_E_PEER, SOTTO_E_BUG,
		SOTTO_REFUSED, SOTTO_NO_CONTACT, SOTTO_NO_BUNDLE, SOTTO_NOT_TEXT, SOTTO_FULL,
		SOTTO_GONE, SOTTO_UNPAID, SOTTO_NO_INVITE, SOTTO_BAD_INVITE, SOTTO_CLOSED,
		SOTTO_TWO_FACED, SOTTO_TOO_HARD, SOTTO_EXISTS, SOTTO_BAD_NAME, SOTTO_BAD_LINK,
		SOTTO_OWN_LINK, SOTTO_NO_KEY, SOTTO_OTHER_NUMBER, SOTTO_BAD_NUMBER, SOTTO_NOTHING,
		SOTTO_NO_DECOY, SOTTO_NO_KEYRING, SOTTO_FOREIGN, SOTTO_OTHER_VERSION, SOTTO_DAMAGED,
		SOTTO_CUT_OFF, SOTTO_NO_FILE, SOTTO_NO_ROOM, SOTTO_FILE_EXPIRED, SOTTO_FILE_WRONG,
		SOTTO_FILE_CHANGED, SOTTO_FILE_TOO_LARGE, SOTTO_NAME_TAKEN, SOTTO_NO_PLACE,
		SOTTO_BUSY, SOTTO_NO_GROUP, SOTTO_GROUP_FULL, SOTTO_NOT_YOURS, SOTTO_NOT_IN,
		SOTTO_NOT_WHOLE, SOTTO_STILL_IN, SOTTO_NO_CALL, SOTTO_IN_CALL, SOTTO_NO_MEDIA };

	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		ck_assert_str_ne(sotto_text((enum sotto_result)results[i]), "unknown error");
	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		ck_assert_str_ne(sotto_code((enum sotto_result)results[i]), "unknown");
	ck_assert_str_eq(sotto_code((enum sotto_result)1000), "unknown");
	ck_assert_str_eq(sotto_text((enum sotto_result)1000), "unknown error");
	ck_assert_str_eq(sotto_text((enum sotto_result) - 1000), "unknown error");
	ck_assert_str_eq(sotto_version(), SOTTO_VERSION);
}
END_TEST

/* --- messages ----------------------------------------------------------- */

START_TEST(what_is_written_waits_and_stands_in_the_history)
{
	const struct sotto_range last = { 0, 2 };
	struct sotto_range older = { 0, 2 };

	meet_and_open();
	ck_assert_int_eq(sotto_write(opened, "alice", "three"), 0);
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear, NULL), 0);
	ck_assert_str_eq(heard, "alice0one alice0two alice1three ");
	heard[0] = '\0';
	ck_assert_int_eq(sotto_history(opened, "alice", &last, hear, NULL), 0);
	ck_assert_str_eq(heard, "alice0two alice1three ");
	heard[0] = '\0';
	older.before = 3;
	older.most = 1;
	ck_assert_int_eq(sotto_history(opened, "alice", &older, hear, NULL), 0);
	ck_assert_str_eq(heard, "alice0two ");
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear, "two"), 77);
	ck_assert_int_eq(sotto_history(opened, "nobody", NULL, hear, NULL), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_write(opened, "nobody", "three"), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_write(opened, "alice", "\xff"), SOTTO_NOT_TEXT);
	part();
}
END_TEST

START_TEST(what_has_come_is_read_once_the_callback_took_it)
{
	meet_and_open();
	ck_assert_int_eq(sotto_unread(opened, hear, "two"), 77);
	ck_assert_str_eq(heard, "alice0one ");
	heard[0] = '\0';
	ck_assert_int_eq(sotto_unread(opened, hear, NULL), 0);
	ck_assert_str_eq(heard, "alice0two ");
	ck_assert_int_eq(sotto_unread(opened, hear, NULL), 0);
	ck_assert_int_eq(heard_n, 2);
	part();
}
END_TEST

static int reply(void *userdata, const struct sotto_message *m)
{
	(void)userdata;
	/* Another connection writes meanwhile, as the watch's does. */
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE contact SET asks = asks + 1", ""), 0);
	return sotto_write(opened, m->contact, m->text);
}

START_TEST(a_callback_may_use_the_handle)
{
	meet_and_open();
	ck_assert_int_eq(sotto_unread(opened, reply, NULL), 0);
	ck_assert_int_eq(sotto_history(opened, "alice", NULL, hear, NULL), 0);
	ck_assert_str_eq(heard, "alice0one alice0two alice1one alice1two ");
	part();
}
END_TEST

static int note_contact(void *userdata, const struct sotto_contact *c)
{
	(void)userdata;
	snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s:%d:%u:%u:%u:%d ", c->name,
			(int)c->state, c->n_unread, c->n_waiting, c->n_missing, c->last_s > 0);
	return strcmp(c->name, "alice") == 0 ? 0 : 78;
}

START_TEST(contacts_come_by_name_with_what_is_new_and_what_waits)
{
	char link[SOTTO_LINK_ROOM];

	meet_and_open();
	ck_assert_int_eq(sotto_write(opened, "alice", "three"), 0);
	ck_assert_int_eq(sotto_contacts(opened, note_contact, NULL), 0);
	ck_assert_str_eq(heard, "alice:1:2:1:0:1 ");
	heard[0] = '\0';
	ck_assert_int_eq(sotto_read(opened, "alice"), 0);
	ck_assert_int_eq(sotto_block(opened, "alice"), 0);
	sotto_link(opened, link);
	ck_assert_int_eq(sotto_add(opened, "", link), SOTTO_BAD_NAME);
	ck_assert_int_eq(sotto_add(opened, "x", "no link"), SOTTO_BAD_LINK);
	ck_assert_int_eq(sotto_contacts(opened, note_contact, NULL), 0);
	ck_assert_str_eq(heard, "alice:2:0:1:0:1 ");
	ck_assert_int_eq(sotto_block(opened, "nobody"), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_accept(opened, "nobody", "x"), SOTTO_NO_CONTACT);
	part();
}
END_TEST

/* --- the watch ---------------------------------------------------------- */

/* A SOCKS port that takes everybody and never says a word. Returns the descriptor. */
static int silent_port(char *text, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(text, size, "127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

/* A request under way would last for a minute: the alarm ends the test long before. */
START_TEST(a_watch_ends_although_nobody_answers)
{
	struct sotto_options o;
	struct pollfd proxy = { .events = POLLIN };
	char socks[32];
	int fd;

	meet_and_open();
	sotto_close(opened);
	proxy.fd = silent_port(socks, sizeof socks);
	o = options_of(&bob);
	o.socks = socks;
	o.fast = true;
	ck_assert_int_eq(sotto_open(&opened, &o, "correct horse"), 0);
	ck_assert_int_eq(sotto_watch(opened, &fd), 0);
	ck_assert_int_eq(sotto_watch(opened, &fd), SOTTO_EXISTS);
	ck_assert_int_eq(poll(&proxy, 1, -1), 1); /* it is in the middle of a request */
	ck_assert_int_eq(sotto_write(opened, "alice", "while it is busy"), 0);
	alarm(30);
	ck_assert_int_eq(sotto_unwatch(opened), 0);
	alarm(0);
	ck_assert_int_eq(sotto_unwatch(opened), 0);
	close(proxy.fd);
	part();
}
END_TEST

static int stop_and_count(void *userdata, const struct sotto_finding *finding)
{
	(void)finding;
	++*(int *)userdata;
	sotto_stop(opened);
	return 0;
}

START_TEST(what_is_stopped_waits_for_nobody)
{
	struct sotto_options o;
	char socks[32];
	int fd = silent_port(socks, sizeof socks), n_found = 0;

	meet_and_open();
	sotto_close(opened);
	o = options_of(&bob);
	o.socks = socks;
	ck_assert_int_eq(sotto_open(&opened, &o, "correct horse"), 0);
	alarm(30);
	ck_assert_int_eq(sotto_examine(opened, stop_and_count, &n_found), SOTTO_E_NETWORK);
	ck_assert_int_eq(n_found, 1); /* nothing of who was not waited for */
	ck_assert_int_eq(sotto_fetch(opened, NULL), SOTTO_E_NETWORK);
	alarm(0);
	ck_assert_int_eq(sotto_write(opened, "alice", "three"), 0); /* waits */
	close(fd);
	part();
}
END_TEST

static int note_event(void *userdata, enum sotto_event event)
{
	*(unsigned *)userdata |= 1u << event;
	return 0;
}

START_TEST(events_come_once_and_by_the_descriptor)
{
	struct pollfd told = { .events = POLLIN };
	unsigned events = 0;

	meet_and_open();
	ck_assert_int_eq(sotto_events(opened, note_event, &events), 0);
	ck_assert_int_eq(sotto_watch(opened, &told.fd), 0);
	ck_assert_int_eq(sotto_write(opened, "alice", "three"), 0);
	ck_assert_int_eq(poll(&told, 1, -1), 1); /* it made a packet of it */
	ck_assert_int_eq(sotto_events(opened, note_event, &events), 0);
	ck_assert_uint_eq(events, 1u << SOTTO_CHANGED);
	part();
}
END_TEST

UNIT("sotto", what_cannot_be_opened_says_why,
		options_of_a_later_version_are_refused_and_of_an_earlier_one_taken,
		each_result_has_a_text, what_is_written_waits_and_stands_in_the_history,
		what_has_come_is_read_once_the_callback_took_it, a_callback_may_use_the_handle,
		contacts_come_by_name_with_what_is_new_and_what_waits,
		a_watch_ends_although_nobody_answers, what_is_stopped_waits_for_nobody,
		events_come_once_and_by_the_descriptor)
