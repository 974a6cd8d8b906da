/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is wrong, from near to far: the profile, Tor, the server, the account; and what to do. */
#include "client/cli/cli.h"

#include "client/lib/account.h"
#include "client/lib/store.h"
#include "client/lib/sync.h"
#include "libshared/error.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

struct visit {
	struct cli *cli;
	int n_bad;
};

static void good(const struct visit *v, const char *what)
{
	show_event(v->cli, "ok", what);
}

static void bad(struct visit *v, const char *what)
{
	show_event(v->cli, "bad", what);
	v->n_bad++;
}

/* --- the profile -------------------------------------------------------- */

static int64_t number(const struct visit *v, const char *sql)
{
	int64_t n = 0;

	return q_number(&n, v->cli->profile->db, sql, "") == 0 ? n : 0;
}

static void look_at_profile(struct visit *v)
{
	int64_t waiting = number(v, "SELECT count(*) FROM outbox"),
		missing = number(v, "SELECT count(*) FROM missing"),
		reused = number(v, "SELECT value FROM meta WHERE name = 'bundles reused'");
	char text[160];

	snprintf(text, sizeof text,
			"the profile opens; %lld packets wait to be sent, %lld gaps are asked for",
			(long long)waiting, (long long)missing);
	good(v, text);
	if (!reused)
		return;
	snprintf(text, sizeof text,
			"%lld first messages came under a bundle that was used already, and were "
			"refused: your server hands out bundles twice",
			(long long)reused);
	bad(v, text);
}

/* --- Tor ---------------------------------------------------------------- */

/* Whether anybody listens there. Only a number is dialled, so nothing is looked up. */
static bool is_there(const struct net *net)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *to = NULL;
	char port[8];
	bool is = true;

	snprintf(port, sizeof port, "%d", net->socks_port);
	if (getaddrinfo(net->socks_host, port, &hints, &to) == 0) {
		__attribute__((cleanup(scope_close_ref))) int fd = socket(
				to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		is = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;
		freeaddrinfo(to);
	}
	return is;
}

static bool look_at_tor(struct visit *v)
{
	const bool is = is_there(&v->cli->net);

	if (is)
		good(v, "something answers at the SOCKS port");
	else
		bad(v, "nobody listens at the SOCKS port: is Tor running? See --socks");
	return is;
}

/* --- server and account ------------------------------------------------- */

static bool look_at_server(struct visit *v)
{
	int rc = net_know_server(&v->cli->net, v->cli->profile->onion);

	if (rc == 0)
		good(v, "the server answers through Tor");
	else if (rc == E_PROTO)
		bad(v, "what answers at the server's name is no server of ours");
	else
		bad(v, "the server cannot be reached: it is off, or Tor has no way to it");
	return rc == 0;
}

static void look_at_account(struct visit *v)
{
	struct account account;
	char text[160];
	int rc = account_ask(&account, &v->cli->net, v->cli->profile);

	if (rc == SYNC_REFUSED) {
		bad(v, "the server knows no such account: strangers do not find you, contacts do");
	} else if (rc) {
		bad(v, "the server does not tell of the account: try again later");
	} else {
		snprintf(text, sizeof text, "the account is there, with %d bundles for strangers",
				account.left);
		good(v, text);
	}
}

int doctor_command(struct cli *cli)
{
	struct visit v = { .cli = cli };

	look_at_profile(&v);
	if (look_at_tor(&v) && look_at_server(&v))
		look_at_account(&v);
	return v.n_bad ? SYNC_REFUSED : 0;
}
