/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is wrong, from near to far: the profile, Tor, the server, the account; and what to do. */
#include "client/lib/account.h"
#include "client/lib/handle.h"
#include "client/lib/services.h"
#include "client/lib/store.h"
#include "client/lib/sync.h"
#include "libshared/error.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>

enum { ROOM_LEAST = 16 << 20, DAY_S = 86400, TOR_WAIT_S = 10, ASK_S = 40 };

struct visit {
	struct sotto *s;
	sotto_on_finding *on_finding;
	void *userdata;
	bool goes_on; /* what comes next can be looked at */
	bool names;   /* there are several homes */
	struct home home;
};

/* E_NET: it was stopped, so what did not answer may be well. */
static int find(struct visit *v, enum sotto_part part, bool good, const char *text)
{
	const struct sotto_finding finding = { part, good, text };

	if (net_is_stopped(&v->s->net))
		return E_NET;
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

/* The first words of RFC 1928; it asks for nothing. In turns, so that it can be stopped. */
static enum port greet(int fd, const struct net *net)
{
	static const uint8_t hello[] = { 5, 1, 2 };
	const struct timeval turn = { .tv_sec = 1 };
	uint8_t reply[2];
	int turns = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof turn);
	if (send(fd, hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello)
		return PORT_OTHER;
	do
		n = recv(fd, reply, sizeof reply, MSG_WAITALL);
	while (n < 0 && errno == EAGAIN && ++turns < TOR_WAIT_S && !net_is_stopped(net));
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

		is = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? greet(fd, net)
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

/* --- servers and accounts ----------------------------------------------- */

/* Of which server, when there are several. */
static int find_here(struct visit *v, enum sotto_part part, bool good, const char *text)
{
	char name[ONION_TEXT + 1], long_text[sizeof name + FINDING_ROOM];

	if (!v->names)
		return find(v, part, good, text);
	onion_write(name, v->home.onion);
	snprintf(long_text, sizeof long_text, "%s: %s", name, text);
	return find(v, part, good, long_text);
}

/* What is not well of these. */
static int find_unwell(
		struct visit *v, const struct services *s, enum service first, enum service last)
{
	char text[FINDING_ROOM];
	int rc = 0;

	for (enum service i = first; rc == 0 && i <= last; i++)
		if (s->of[i] != PROBE_HEARD) {
			service_tell(text, s, i);
			rc = find_here(v, SOTTO_SERVER, false, text);
		}
	return rc;
}

static int look_at_daemons(struct visit *v, struct services *s)
{
	int rc = services_ask_daemons(s, &v->s->net, v->home.onion);

	if (rc && rc != E_NET)
		return rc;
	if (rc || !services_are_there(s, PREKEYD, BRIDGED))
		return find_here(v, SOTTO_SERVER, false,
				rc || services_are_denied(s, PREKEYD, BRIDGED)
						? "the server cannot be reached: it is off, or Tor "
						  "has no way to it"
						: "the server cannot be reached: Tor has looked "
						  "for it for a minute. Is Tor itself connected? "
						  "Its log tells; else the server is off");
	if (services_are_reached(s, PREKEYD, BRIDGED))
		rc = find_here(v, SOTTO_SERVER, true, "the server answers through Tor");
	rc = rc ? rc : find_unwell(v, s, PREKEYD, BRIDGED);
	if (rc == 0 && s->no_database)
		rc = find_here(v, SOTTO_SERVER, false,
				"the server has lost its database: nothing is taken or given till "
				"it is back");
	/* Who describes it knows the account. */
	v->goes_on = s->of[PREKEYD] == PROBE_HEARD && !s->no_database;
	return rc;
}

/* Not with the patience that a message deserves. */
static void hurry(struct net *net)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	net->until_ms = ((int64_t)now.tv_sec + ASK_S) * 1000 + now.tv_nsec / 1000000;
}

static int look_at_description(struct visit *v)
{
	int rc;

	hurry(&v->s->net);
	rc = net_know_server(&v->s->net, v->home.onion);
	v->s->net.until_ms = 0;
	if (rc == 0)
		return 0; /* that it answers was said */
	return find_here(v, SOTTO_SERVER, false,
			rc == E_PROTO ? "what answers at the server's name is no server of ours"
				      : "prekeyd answers, but does not tell what the server is: "
					"try "
					"again later");
}

static int look_at_live(struct visit *v, struct services *s)
{
	int rc = services_ask_live(s, &v->s->net, net_known(&v->s->net, v->home.onion));

	if (rc && rc != E_NET)
		return rc;
	if (rc || !services_are_there(s, BROKER, RELAY))
		rc = find_here(v, SOTTO_SERVER, false,
				"the server's onion for what comes live cannot be reached, though "
				"the other can: recv and watch fetch what has come, calls cannot "
				"be made");
	else
		rc = find_unwell(v, s, BROKER, RELAY);
	if (rc == 0 && s->no_broker && s->of[BROKER] == PROBE_HEARD)
		rc = find_here(v, SOTTO_SERVER, false,
				"the broker answers, but the server's daemons have lost it: recv "
				"and watch fetch what has come, calls cannot be made");
	if (rc == 0 && services_are_well(s))
		rc = find_here(v, SOTTO_SERVER, true,
				"all its parts answer: prekeyd, blobd, bridged, broker, relay");
	v->goes_on = true;
	return rc;
}

static int look_at_account(struct visit *v)
{
	struct account account;
	char text[160];
	int rc;

	hurry(&v->s->net);
	rc = account_ask(&account, &v->s->net, &v->home);
	v->s->net.until_ms = 0;
	switch (rc) {
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
	struct services services;
	int64_t after = 0;
	int rc;

	v->names = number(v, "SELECT count(*) FROM home WHERE left_s IS NULL") > 1;
	while ((rc = home_next(&v->home, v->s->profile, after)) == 0) {
		after = v->home.id;
		rc = look_at_daemons(v, &services);
		rc = rc || !v->goes_on ? rc : look_at_description(v);
		rc = rc || !v->goes_on ? rc : look_at_live(v, &services);
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
