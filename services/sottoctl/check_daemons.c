/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/health of each daemon at its own socket, with a circuit line as Tor writes it. */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/dial.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const char line[] = "PROXY TCP6 fc00:dead:beef:4dad::ffff:ffff ::1 65535 7001\r\n";
static const char ask[] = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

enum { SILENCE_S = 5 };

/* All that comes, as text. */
static int hear(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = recv(fd, out + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	return len ? 0 : E_NET;
}

static int health(const struct site *site, const char *path, char *out, size_t size)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	int rc = dial(&fd, path, SILENCE_S);

	if (rc)
		return rc;
	if (site->settings.circuit_line && send(fd, line, sizeof line - 1, MSG_NOSIGNAL) < 0)
		return E_NET;
	if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0)
		return E_NET;
	return hear(fd, out, size);
}

static void check_daemon(const struct site *site, struct findings *f, const char *daemon)
{
	char path[256], answer[4096];
	bool database, broker;
	int rc;

	snprintf(path, sizeof path, "%s/sotto-%s/s", site->run, daemon);
	rc = health(site, path, answer, sizeof answer);
	if (rc) {
		found_bad(f, daemon,
				"systemctl start sotto.target; then journalctl -x -u that daemon",
				"does not answer at %s: %s", path,
				errno ? strerror(errno) : error_text(rc));
		return;
	}
	database = strstr(answer, "\"database\":\"up\"") || strstr(answer, "\"database\": \"up\"");
	broker = strstr(answer, "\"broker\":\"up\"") || strstr(answer, "\"broker\": \"up\"");
	if (!database)
		found_bad(f, daemon,
				"journalctl -u 'postgresql@*-sotto'; systemctl start postgresql",
				"answers, but has no database: requests get 503");
	else if (!broker)
		found_look(f, daemon, "systemctl status sotto-broker; systemctl start sotto-broker",
				"answers, but has no broker: nothing arrives live");
	else
		found_good(f, daemon, "answers; database and broker are up");
}

void check_daemons(const struct site *site, struct findings *f)
{
	check_daemon(site, f, "prekeyd");
	check_daemon(site, f, "blobd");
	check_daemon(site, f, "bridged");
}
