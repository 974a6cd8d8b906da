/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The relay for calls, tried as two callers would: two credentials as bridged makes them, two
 * allocations, a packet from one to the other. And what must not be: a stranger's allocation, a
 * permission for anything but the relay's own address.
 */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/dial.h"
#include "services/sottoctl/onion.h"
#include "services/sottoctl/stun.h"

#include <sodium.h>
#include <time.h>

static const char *const look = "systemctl start sotto-turn.socket; journalctl -u sotto-turn";
static const char *const make =
		"remove /etc/sotto/keys/turn/secret, sottoctl init, systemctl restart "
		"sotto-turn";
static const char *const conf = "reinstall sotto-server (its turnserver.conf says who may be a "
				"peer); systemctl restart sotto-turn";

enum { SILENCE_S = 20, LIFE_S = 300, PORT_TURN = 3478, LOOPBACK = 0x7f000001 };
enum { UNAUTHORISED = 401, FORBIDDEN = 403 };

struct side {
	struct turn_credential who;
	struct stun stun;
	struct stun_address relayed;
};

static void side_end_ref(struct side *side)
{
	scope_close_ref(&side->stun.fd);
	sodium_memzero(side, sizeof *side);
}

#define SIDE __attribute__((cleanup(side_end_ref))) struct side

static int reach(const struct site *site, bool through_tor, int *out_fd)
{
	const struct onion_target target = {
		.socks = site->socks, .onion = site->settings.onion_live, .port = PORT_TURN
	};
	unsigned socks = 0;
	char path[256];

	snprintf(path, sizeof path, "%s/sotto-turn/s", site->run);
	return through_tor ? onion_connect(&target, out_fd, &socks) : dial(out_fd, path, SILENCE_S);
}

/* E_NET, or what stun_allocate says. */
static int begin(
		struct side *side, const struct site *site, const struct key *key, bool through_tor)
{
	uint8_t name[16];
	int rc = reach(site, through_tor, &side->stun.fd);

	randombytes_buf(name, sizeof name);
	turn_credential_make(&side->who, key, (uint64_t)time(NULL) + LIFE_S, name);
	side->stun.who = &side->who;
	return rc ? rc : stun_allocate(&side->stun, &side->relayed);
}

static bool carries(struct side *from, struct side *to)
{
	uint8_t packet[32];
	bool same = false;

	randombytes_buf(packet, sizeof packet);
	return stun_permit(&from->stun, &to->relayed) == 0 &&
			stun_permit(&to->stun, &from->relayed) == 0 &&
			stun_send(&from->stun, &to->relayed, packet, sizeof packet) == 0 &&
			stun_hear(&to->stun, packet, sizeof packet, &same) == 0 && same;
}

static bool refuses_strangers(const struct site *site, bool through_tor)
{
	CLEANUP(key_wipe) struct key other = { { 0 } };
	SIDE stranger = { .stun.fd = -1 };

	key_random(&other);
	return begin(&stranger, site, &other, through_tor) == UNAUTHORISED;
}

static bool told_trouble(int rc, struct findings *f, const char *part)
{
	if (rc == UNAUTHORISED)
		found_bad(f, part, make, "calls: the relay refuses what bridged gives to callers");
	else if (rc == E_NET)
		found_look(f, part, look, "calls: no relay answers");
	else if (rc)
		found_bad(f, part, look, "calls: the relay gives no address (%d)", rc);
	return rc != 0;
}

bool relay_is_well(const struct site *site, struct findings *f, const char *part, bool through_tor)
{
	const struct stun_address machine = { LOOPBACK, 7000 };
	CLEANUP(key_wipe) struct key key = { { 0 } };
	SIDE one = { .stun.fd = -1 };
	SIDE other = { .stun.fd = -1 };
	char path[4096];
	int rc;

	snprintf(path, sizeof path, "%s/bridged/turn.key", site->keys);
	if (key_load(&key, path)) {
		found_bad(f, part, "sottoctl init (it makes what is missing)",
				"calls: bridged/turn.key is missing or not 32 bytes");
		return false;
	}
	rc = begin(&one, site, &key, through_tor);
	rc = rc ? rc : begin(&other, site, &key, through_tor);
	if (told_trouble(rc, f, part))
		return false;
	if (!carries(&one, &other)) {
		found_bad(f, part, look,
				"calls: the relay carries nothing from one side to the other");
		return false;
	}
	if (stun_permit(&one.stun, &machine) != FORBIDDEN) {
		found_bad(f, part, conf, "calls: the relay leads to services of its machine");
		return false;
	}
	if (!refuses_strangers(site, through_tor)) {
		found_bad(f, part, make, "calls: the relay takes strangers");
		return false;
	}
	return true;
}

void check_turn(const struct site *site, struct findings *f)
{
	if (relay_is_well(site, f, "relay", false))
		found_good(f, "relay",
				"carries a packet from one side of a call to the other, and "
				"nothing else");
}
