/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Mosquitto's rules, tried: who must not enter is refused, at both of its sockets, and a daemon
 * that may enter cannot listen to everything. Logs in under an id of its own, so that nobody is put
 * out.
 */
#include "libshared/encode.h"
#include "services/sottoctl/checks.h"

#include <mosquitto.h>
#include <sodium.h>
#include <string.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* the header of later ones is whole */
#include <mqtt_protocol.h>
#endif

static const char *const part = "broker";
static const char *const remedy = "sottoctl init (it writes the broker's configuration anew); "
				  "systemctl restart sotto-broker";

enum { TRIES = 100, TRY_MS = 100 };

struct attempt {
	const char *socket; /* path */
	const char *id, *user, *password;
	const char *filter; /* to be subscribed to; NULL: only entering counts */
	/* results */
	bool reached, entered, subscribed, ended;
};

static void on_connect(struct mosquitto *m, void *userdata, int rc, int flags,
		const mosquitto_property *properties)
{
	struct attempt *a = userdata;

	(void)flags;
	(void)properties;
	a->entered = rc == 0;
	a->ended = rc || !a->filter || mosquitto_subscribe(m, NULL, a->filter, 1);
}

static void on_subscribe(struct mosquitto *m, void *userdata, int id, int n, const int *granted)
{
	struct attempt *a = userdata;

	(void)m;
	(void)id;
	a->subscribed = n > 0 && granted[0] < 0x80;
	a->ended = true;
}

static void on_disconnect(
		struct mosquitto *m, void *userdata, int rc, const mosquitto_property *properties)
{
	struct attempt *a = userdata;

	(void)m;
	(void)rc;
	(void)properties;
	a->ended = true;
}

static void attempt(struct attempt *a)
{
	struct mosquitto *m = mosquitto_new(a->id, true, a);

	if (!m)
		return;
	mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	a->reached = (!a->user || mosquitto_username_pw_set(m, a->user, a->password) == 0) &&
			mosquitto_connect(m, a->socket, 0, 60) == 0;
	for (int i = 0; a->reached && !a->ended && i < TRIES; i++)
		if (mosquitto_loop(m, TRY_MS, 1))
			break;
	mosquitto_disconnect(m);
	mosquitto_destroy(m);
}

/* False when it is not there at all. */
static bool is_refused(struct attempt a, struct findings *f, const char *who, bool *good)
{
	attempt(&a);
	if (!a.reached)
		return false;
	if (a.entered) {
		*good = false;
		found_bad(f, part, remedy, "lets in %s", who);
	}
	return true;
}

static bool read_password(const struct site *site, char out[static BASE64URL_ROOM(KEY_BYTES)])
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	char path[4096];

	snprintf(path, sizeof path, "%s/blobd/broker.key", site->keys);
	if (key_load(&key, path))
		return false;
	base64url_write(out, key.b, sizeof key.b);
	return true;
}

static bool check_entrance(const struct site *site, struct findings *f, const char *live,
		const char *password, const char *id)
{
	const char *daemons = site->settings.broker;
	const char wrong[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		   stranger[] = "AAAAAAAAAAAAAAAAAAAAAA";
	struct attempt right = {
		.socket = daemons, .id = id, .user = "blobd", .password = password, .filter = "#"
	};
	bool good = true;

	if (!is_refused((struct attempt){ daemons, "x", NULL, NULL, NULL, 0, 0, 0, 0 }, f,
			    "anybody at the daemons' socket", &good) ||
			!is_refused((struct attempt){ live, stranger, NULL, NULL, NULL, 0, 0, 0,
						    0 },
					f, "anybody at the onion's socket", &good)) {
		found_bad(f, part, "systemctl start sotto-broker; journalctl -u sotto-broker",
				"does not listen at %s and %s", daemons, live);
		return false;
	}
	is_refused((struct attempt){ daemons, id, "blobd", wrong, NULL, 0, 0, 0, 0 }, f,
			"a daemon with a wrong password", &good);
	is_refused((struct attempt){ live, id, "blobd", password, NULL, 0, 0, 0, 0 }, f,
			"a daemon through the onion", &good);
	is_refused((struct attempt){ live, stranger, stranger, wrong, NULL, 0, 0, 0, 0 }, f,
			"a session that bridged did not open", &good);
	attempt(&right);
	if (!right.entered)
		found_bad(f, part, remedy, "refuses blobd with its own password");
	else if (right.subscribed)
		found_bad(f, part, remedy, "lets blobd listen to every topic");
	return good && right.entered && !right.subscribed;
}

void check_broker(const struct site *site, struct findings *f)
{
	char password[BASE64URL_ROOM(KEY_BYTES)], id[64], boot[33], live[256];
	uint8_t random[16];

	if (!read_password(site, password))
		return; /* check_keys has told */
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(boot, sizeof boot, random, sizeof random);
	snprintf(id, sizeof id, "blobd.%s", boot);
	snprintf(live, sizeof live, "%s/sotto-broker/t/s", site->run);
	mosquitto_lib_init();
	if (check_entrance(site, f, live, password, id))
		found_good(f, part, "lets in whom it should and nobody else");
	mosquitto_lib_cleanup();
	sodium_memzero(password, sizeof password);
}
