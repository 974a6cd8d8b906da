/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The server as people reach it: every port of both onions, through Tor. */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/onion.h"

#include <sys/socket.h>

static const char *const part = "onion";
static const char *const tor = "systemctl status tor@sotto; journalctl -u tor@sotto";

enum { PORT_MQTT = 1883 };

/* RFC 1928 section 6, with what Tor means by it. */
static const char *socks_text(unsigned socks)
{
	switch (socks) {
	case 0:
		return "no Tor answers at the SOCKS socket";
	case 4:
		return "Tor finds no descriptor of it, or cannot reach it";
	case 5:
		return "nobody listens behind that port";
	default:
		return "Tor cannot reach it";
	}
}

/* An HTTP answer from each daemon. */
static bool check_api(
		const struct site *site, struct findings *f, unsigned port, const char *daemon)
{
	const struct onion_target target = { .socks = site->socks,
		.onion = site->settings.onion_api,
		.path = "/v1/health",
		.port = port };
	unsigned socks = 0;
	int status = 0, rc = onion_get(&target, &status, &socks);

	if (rc == 0 && (status == 200 || status == 503))
		return true; /* 503: its own check has told why */
	if (rc == 0)
		found_bad(f, part, tor, "port %u (%s) answers with status %d", port, daemon,
				status);
	else
		found_bad(f, part, tor, "port %u (%s): %s", port, daemon, socks_text(socks));
	return false;
}

/*
 * A CONNECT of MQTT 3.1.1 without a name: ours refuses it with CONNACK 5 or an end. Somebody else
 * would let it in.
 */
static bool check_live(const struct site *site, struct findings *f)
{
	static const uint8_t connect[] = { 0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 2,
		'x', 'x' };
	const struct onion_target target = {
		.socks = site->socks, .onion = site->settings.onion_live, .port = PORT_MQTT
	};
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	uint8_t answer[4] = { 0 };
	unsigned socks = 0;
	int rc = onion_connect(&target, &fd, &socks);
	ssize_t n;

	if (rc) {
		found_bad(f, part, tor, "port %d (broker): %s", PORT_MQTT, socks_text(socks));
		return false;
	}
	if (send(fd, connect, sizeof connect, MSG_NOSIGNAL) < 0)
		return true;
	n = recv(fd, answer, sizeof answer, MSG_WAITALL);
	if (n == sizeof answer && answer[0] == 0x20 && answer[3] == 0) {
		found_bad(f, part, "systemctl restart sotto-broker; sottoctl init",
				"port %d (broker) lets in anybody", PORT_MQTT);
		return false;
	}
	return true;
}

void check_onion(const struct site *site, struct findings *f)
{
	bool good = check_api(site, f, 7001, "prekeyd");

	good &= check_api(site, f, 7002, "blobd");
	good &= check_api(site, f, 7003, "bridged");
	good &= check_live(site, f);
	good &= relay_is_well(site, f, part, true);
	if (good)
		found_good(f, part,
				"all five ports answer through Tor, and a packet of a call went "
				"through");
}
