/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is wrong, from near to far: the profile, Tor, the server, the account; and what to do. */
#include "client/lib/account.h"
#include "client/lib/handle.h"
#include "client/lib/store.h"
#include "client/lib/sync.h"
#include "libshared/error.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

enum { ROOM_LEAST = 16 << 20, DAY_S = 86400, TOR_WAIT_S = 10 };

DEFINE_CLEANUP(json_t *, json_decref)

struct visit {
	struct sotto *s;
	sotto_on_finding *on_finding;
	void *userdata;
	bool goes_on; /* what comes next can be looked at */
	bool names;   /* there are several homes */
	struct home home;
};

static int find(struct visit *v, enum sotto_part part, bool good, const char *text)
{
	const struct sotto_finding finding = { part, good, text };

	v->goes_on = good;
	return v->on_finding(v->userdata, &finding);
}

/* --- the profile -------------------------------------------------------- */

static int64_t number(const struct visit *v, const char *sql)
{
	int64_t n = 0;

	return q_number(&n, v->s->profile->db, sql, "") == 0 ? n : 0;
}

static int look_at_profile(struct visit *v)
{
	int64_t waiting = number(v, "SELECT count(*) FROM outbox"),
		missing = number(v, "SELECT count(*) FROM missing"),
		reused = number(v, "SELECT value FROM meta WHERE name = 'bundles reused'");
	char text[160];
	int rc;

	snprintf(text, sizeof text,
			"the profile opens; %lld packets wait to be sent, %lld gaps are asked for",
			(long long)waiting, (long long)missing);
	rc = find(v, SOTTO_PROFILE, true, text);
	if (rc || !reused)
		return rc;
	snprintf(text, sizeof text,
			"%lld first messages came under a bundle that was used already, and were "
			"refused: your server hands out bundles twice",
			(long long)reused);
	return find(v, SOTTO_PROFILE, false, text);
}

/* Room for a step of both databases; below it nothing can be received any more. */
static int look_at_room(struct visit *v)
{
	const struct profile *p = v->s->profile;
	int64_t last_s = number(v, "SELECT at_s FROM message ORDER BY id DESC LIMIT 1");
	struct statvfs fs;
	char text[160];
	int rc = 0;

	if (statvfs(v->s->dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_LEAST) {
		snprintf(text, sizeof text,
				"the disk is full but for %llu MB: make room, else nothing more is "
				"received",
				(unsigned long long)((uint64_t)fs.f_bavail * fs.f_frsize >> 20));
		rc = find(v, SOTTO_PROFILE, false, text);
	}
	if (rc || profile_now(p) >= last_s - DAY_S)
		return rc;
	snprintf(text, sizeof text,
			"the clock is %lld days behind the last message here: set it, Tor needs "
			"the "
			"right time",
			(long long)((last_s - profile_now(p)) / DAY_S));
	return find(v, SOTTO_PROFILE, false, text);
}

/* --- Tor ---------------------------------------------------------------- */

enum port { PORT_SOCKS, PORT_SILENT, PORT_CLOSED, PORT_OTHER };

/* The first words of RFC 1928; it asks for nothing. */
static enum port greet(int fd)
{
	static const uint8_t hello[] = { 5, 1, 2 };
	const struct timeval wait = { TOR_WAIT_S, 0 };
	uint8_t reply[2];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (send(fd, hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello)
		return PORT_OTHER;
	n = recv(fd, reply, sizeof reply, MSG_WAITALL);
	if (n < 0 && errno == EAGAIN)
		return PORT_SILENT;
	return n == sizeof reply && reply[0] == 5 && reply[1] != 0xff ? PORT_SOCKS : PORT_OTHER;
}

/* Who listens there. Only a number is dialled, so nothing is looked up. */
static enum port who_is_there(const struct net *net)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *to = NULL;
	enum port is = PORT_SOCKS;
	char port[8];

	snprintf(port, sizeof port, "%d", net->socks_port);
	if (getaddrinfo(net->socks_host, port, &hints, &to) == 0) {
		__attribute__((cleanup(scope_close_ref))) int fd = socket(
				to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		is = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? greet(fd)
									      : PORT_CLOSED;
		freeaddrinfo(to);
	}
	return is;
}

static int look_at_tor(struct visit *v)
{
	static const char *const texts[] = {
		[PORT_SOCKS] = "something answers at the SOCKS port",
		[PORT_SILENT] = "whoever listens at the SOCKS port says nothing: is that Tor? See "
				"--socks, and whether Tor is well",
		[PORT_CLOSED] = "nobody listens at the SOCKS port: is Tor running? Install or "
				"start "
				"it, or see --socks (Tor Browser has 127.0.0.1:9150)",
		[PORT_OTHER] = "what listens at the SOCKS port is no SOCKS proxy: see --socks",
	};
	enum port is = who_is_there(&v->s->net);

	return find(v, SOTTO_TOR, is == PORT_SOCKS, texts[is]);
}

/* --- server and account ------------------------------------------------- */

/* Of which server, when there are several. */
static int find_here(struct visit *v, enum sotto_part part, bool good, const char *text)
{
	char name[ONION_TEXT + 1], long_text[sizeof name + 256];

	if (!v->names)
		return find(v, part, good, text);
	onion_write(name, v->home.onion);
	snprintf(long_text, sizeof long_text, "%s: %s", name, text);
	return find(v, part, good, long_text);
}

static int look_at_server(struct visit *v)
{
	switch (net_know_server(&v->s->net, v->home.onion)) {
	case 0:
		return find_here(v, SOTTO_SERVER, true, "the server answers through Tor");
	case E_PROTO:
		return find_here(v, SOTTO_SERVER, false,
				"what answers at the server's name is no server of ours");
	}
	return find_here(v, SOTTO_SERVER, false,
			"the server cannot be reached: it is off, or Tor has no way to it");
}

enum health { WELL, AWAY, NO_DATABASE, NO_BROKER };

static bool is_down(const json_t *json, const char *what)
{
	const char *is = json_string_value(json_object_get(json, what));

	return !is || strcmp(is, "up") != 0;
}

/* On a circuit of its own: anybody may ask. */
static enum health health_of(struct visit *v, int port)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	CLEANUP(json_decref) json_t *json = NULL;
	const struct ask ask = {
		.circuit = { port == PORT_BLOBD ? "health, mail" : "health, live", v->home.onion,
				ONION_KEY_BYTES, false },
		.onion = v->home.onion,
		.port = port,
		.method = "GET",
		.path = "/v1/health",
	};

	if (net_ask(&v->s->net, &ask, &answer) || (answer.status != 200 && answer.status != 503))
		return AWAY;
	json = json_loadb((const char *)answer.body, answer.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return AWAY;
	return is_down(json, "database") ? NO_DATABASE : is_down(json, "broker") ? NO_BROKER : WELL;
}

/* The server is more than who describes it. */
static int look_at_services(struct visit *v)
{
	const enum health mail = health_of(v, PORT_BLOBD), live = health_of(v, PORT_BRIDGED);
	int rc = 0;

	if (mail == AWAY)
		rc = find_here(v, SOTTO_SERVER, false,
				"the server's mailboxes cannot be reached: what you write waits "
				"here, what has come waits there");
	if (rc == 0 && (mail == NO_DATABASE || live == NO_DATABASE))
		rc = find_here(v, SOTTO_SERVER, false,
				"the server has lost its database: nothing is taken or given till "
				"it is back");
	if (rc == 0 && (live == AWAY || live == NO_BROKER))
		rc = find_here(v, SOTTO_SERVER, false,
				"the server brings nothing live: recv and watch fetch what has "
				"come, calls cannot be made");
	if (rc == 0 && mail != AWAY && live == WELL)
		rc = find_here(v, SOTTO_SERVER, true,
				"its mailboxes and what it brings live answer");
	v->goes_on = true; /* who describes it knows the account */
	return rc;
}

static int look_at_account(struct visit *v)
{
	struct account account;
	char text[160];

	switch (account_ask(&account, &v->s->net, &v->home)) {
	case 0:
		snprintf(text, sizeof text, "the account is there, with %d bundles for strangers",
				account.left);
		return find_here(v, SOTTO_ACCOUNT, true, text);
	case SYNC_REFUSED:
		return find_here(v, SOTTO_ACCOUNT, false,
				"the server knows no such account: strangers do not find you, "
				"contacts do. With an invite, sotto init makes one there again, "
				"sotto server move elsewhere");
	}
	return find_here(v, SOTTO_ACCOUNT, false,
			"the server does not tell of the account: try again later");
}

/* Each home, whatever becomes of the others. */
static int look_at_homes(struct visit *v)
{
	int64_t after = 0;
	int rc;

	v->names = number(v, "SELECT count(*) FROM home WHERE left_s IS NULL") > 1;
	while ((rc = home_next(&v->home, v->s->profile, after)) == 0) {
		after = v->home.id;
		rc = look_at_server(v);
		rc = rc || !v->goes_on ? rc : look_at_services(v);
		rc = rc || !v->goes_on ? rc : look_at_account(v);
		if (rc)
			return rc;
	}
	return rc == HOME_NONE ? 0 : rc;
}

int sotto_examine(struct sotto *s, sotto_on_finding *on_finding, void *userdata)
{
	struct visit v = { .s = s, .on_finding = on_finding, .userdata = userdata };
	int rc = look_at_profile(&v);

	rc = rc ? rc : look_at_room(&v);
	s->net.insists = true;
	rc = rc ? rc : look_at_tor(&v);
	rc = rc || !v.goes_on ? rc : look_at_homes(&v);
	s->net.insists = false;
	home_wipe(&v.home);
	return rc;
}
