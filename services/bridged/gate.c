/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The broker's plugin: nobody gets in without a session, and nobody reaches another's topics.
 * Trusts bridged, and the path of the listener a client came by: daemons and Tor have one each.
 * Keeps one entry a client, by its pointer.
 */
#include "libshared/key.h"
#include "libshared/reader.h"
#include "services/bridged/password.h"

#include <mosquitto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* the header of later ones is whole */
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#endif

#define TOPIC "sotto/v1/"
#define CONTROL_TOPIC "$CONTROL/sotto/v1"

enum { BUCKETS = 4096, ID_MOST = 64, KICKS_A_SECOND = 256, KEEPALIVE_MOST_S = 600 };
enum role { ROLE_SESSION, ROLE_PREKEYD, ROLE_BLOBD, ROLE_BRIDGED, ROLES };

static const char *const role_names[ROLES] = { "", "prekeyd", "blobd", "bridged" };

struct entry {
	const struct mosquitto *client;
	enum role role;
	char id[ID_MOST];
	uint64_t expiry_s; /* sessions only */
	struct entry *next;
};

struct gate {
	mosquitto_plugin_id_t *plugin;
	char live[128], daemons[128]; /* the two listeners' paths */
	struct key session_key;
	struct key hashes[ROLES]; /* of the daemons' passwords */
	uint64_t ticked_s;
	struct entry *buckets[BUCKETS];
};

int mosquitto_plugin_version(int n_versions, const int *versions);
int mosquitto_plugin_init(mosquitto_plugin_id_t *plugin, void **userdata,
		struct mosquitto_opt *options, int n);
int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int n);

/* --- entries ------------------------------------------------------------ */

static struct entry **bucket(struct gate *g, const struct mosquitto *client)
{
	return &g->buckets[((uintptr_t)client >> 6) % BUCKETS];
}

static struct entry *find(struct gate *g, const struct mosquitto *client)
{
	struct entry *e = *bucket(g, client);

	while (e && e->client != client)
		e = e->next;
	return e;
}

static void forget(struct gate *g, const struct mosquitto *client)
{
	struct entry **at = bucket(g, client), *e;

	while (*at && (*at)->client != client)
		at = &(*at)->next;
	e = *at;
	if (!e)
		return;
	*at = e->next;
	free(e);
}

static int admit(struct gate *g, const struct mosquitto *client, const struct entry *like)
{
	struct entry *e = malloc(sizeof *e);

	if (!e)
		return MOSQ_ERR_NOMEM;
	forget(g, client);
	*e = *like;
	e->client = client;
	e->next = *bucket(g, client);
	*bucket(g, client) = e;
	return MOSQ_ERR_SUCCESS;
}

/* --- who may come in ---------------------------------------------------- */

/* "<role>.<32 hex digits>", and the password's hash is that role's. */
static bool is_daemon(const struct gate *g, struct entry *e, const char *user, const char *password)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	struct key hash;
	size_t len;

	for (e->role = ROLE_PREKEYD; e->role < ROLES; e->role++)
		if (strcmp(user, role_names[e->role]) == 0)
			break;
	if (e->role == ROLES ||
			base64url_read(secret.b, sizeof secret.b, password, strlen(password)))
		return false;
	hash256(hash.b, secret.b, sizeof secret.b);
	len = strlen(user);
	return key_equal(&hash, &g->hashes[e->role]) && strncmp(e->id, user, len) == 0 &&
			e->id[len] == '.' && strlen(e->id + len + 1) == 32 &&
			strspn(e->id + len + 1, "0123456789abcdef") == 32;
}

static bool is_session(
		const struct gate *g, struct entry *e, const struct mosquitto_evt_basic_auth *d)
{
	int keepalive = mosquitto_client_keepalive(d->client);

	e->role = ROLE_SESSION;
	return mosquitto_client_protocol_version(d->client) == 4 && keepalive >= 1 &&
			keepalive <= KEEPALIVE_MOST_S && strcmp(e->id, d->username) == 0 &&
			password_check(&g->session_key, e->id, d->password, &e->expiry_s) == 0 &&
			e->expiry_s > (uint64_t)time(NULL);
}

static int on_auth(int event, void *data, void *userdata)
{
	const struct mosquitto_evt_basic_auth *d = data;
	struct gate *g = userdata;
	const char *id = mosquitto_client_id(d->client), *at = mosquitto_client_address(d->client);
	struct entry e = { 0 };
	bool fits = false;

	(void)event;
	if (!id || !at || !d->username || !d->password || strlen(id) >= sizeof e.id ||
			!mosquitto_client_clean_session(d->client))
		return MOSQ_ERR_AUTH;
	snprintf(e.id, sizeof e.id, "%s", id);
	if (strcmp(at, g->live) == 0)
		fits = is_session(g, &e, d);
	else if (strcmp(at, g->daemons) == 0)
		fits = is_daemon(g, &e, d->username, d->password);
	return fits ? admit(g, d->client, &e) : MOSQ_ERR_AUTH;
}

/* --- who may do what ---------------------------------------------------- */

static bool starts(const char *topic, const char *with)
{
	return strncmp(topic, with, strlen(with)) == 0;
}

/* Is it "sotto/v1/session/<id>/<end>"? Whole strings, so no pattern can match. */
static bool is_own(const char *topic, const char *id, const char *end)
{
	char own[sizeof TOPIC "session//down" + ID_MOST];

	snprintf(own, sizeof own, TOPIC "session/%s/%s", id, end);
	return strcmp(topic, own) == 0;
}

static bool session_may(const struct entry *e, const struct mosquitto_evt_acl_check *d)
{
	switch (d->access) {
	case MOSQ_ACL_WRITE:
		return !d->retain && d->qos == 1 && d->payloadlen == UP_BYTES &&
				is_own(d->topic, e->id, "up");
	case MOSQ_ACL_SUBSCRIBE:
		if (d->qos != 1) /* QoS 0 escapes the broker's limit on queued bytes */
			return false;
		/* fall through */
	case MOSQ_ACL_READ:
		return is_own(d->topic, e->id, "down") || strcmp(d->topic, TOPIC "live") == 0;
	case MOSQ_ACL_UNSUBSCRIBE:
		return true;
	}
	return false;
}

static bool bridged_may(const struct mosquitto_evt_acl_check *d)
{
	if (d->access == MOSQ_ACL_WRITE)
		return (starts(d->topic, TOPIC "session/") && !d->retain) ||
				strcmp(d->topic, TOPIC "live") == 0 ||
				strcmp(d->topic, CONTROL_TOPIC) == 0;
	return strcmp(d->topic, TOPIC "event/#") == 0 || strcmp(d->topic, TOPIC "beat/#") == 0 ||
			strcmp(d->topic, TOPIC "session/+/up") == 0 ||
			(d->access == MOSQ_ACL_READ && starts(d->topic, TOPIC) &&
					strcmp(d->topic, TOPIC "live") != 0);
}

static bool may(const struct entry *e, const struct mosquitto_evt_acl_check *d)
{
	switch (e->role) {
	case ROLE_SESSION:
		return session_may(e, d);
	case ROLE_PREKEYD:
		return d->access == MOSQ_ACL_WRITE &&
				(starts(d->topic, TOPIC "event/account/") ||
						starts(d->topic, TOPIC "beat/prekeyd/"));
	case ROLE_BLOBD:
		return d->access == MOSQ_ACL_WRITE &&
				(starts(d->topic, TOPIC "event/blob/") ||
						starts(d->topic, TOPIC "beat/blobd/"));
	case ROLE_BRIDGED:
		return bridged_may(d);
	case ROLES:
		break;
	}
	return false;
}

static int on_acl(int event, void *data, void *userdata)
{
	const struct mosquitto_evt_acl_check *d = data;
	const struct entry *e = find(userdata, d->client);

	(void)event;
	if (e && may(e, d))
		return MOSQ_ERR_SUCCESS;
	/* From READ any other code would become the publisher's error; from the others it cuts the
	 * client. */
	return d->access == MOSQ_ACL_READ ? MOSQ_ERR_ACL_DENIED : MOSQ_ERR_PROTOCOL;
}

static int on_gone(int event, void *data, void *userdata)
{
	const struct mosquitto_evt_disconnect *d = data;

	(void)event;
	forget(userdata, d->client);
	return MOSQ_ERR_SUCCESS;
}

/* --- renewal and expiry ------------------------------------------------- */

/* bridged: n x (session text || new expiry). Rare, so all entries are looked through. */
static int on_control(int event, void *data, void *userdata)
{
	const struct mosquitto_evt_control *d = data;
	struct gate *g = userdata;
	struct reader rd = reader_over(d->payload, d->payloadlen);

	(void)event;
	while (rd.left) {
		char id[SESSION_TEXT + 1] = { 0 };
		uint64_t expiry_s;

		reader_copy(&rd, id, SESSION_TEXT);
		expiry_s = reader_u64(&rd);
		if (rd.failed)
			break;
		for (size_t i = 0; i < BUCKETS; i++)
			for (struct entry *e = g->buckets[i]; e; e = e->next)
				if (e->role == ROLE_SESSION && strcmp(e->id, id) == 0)
					e->expiry_s = expiry_s;
	}
	return MOSQ_ERR_SUCCESS;
}

/* A kick calls on_gone inside: collect, then kick. */
static int on_tick(int event, void *data, void *userdata)
{
	struct gate *g = userdata;
	uint64_t now_s = (uint64_t)time(NULL);
	char ids[KICKS_A_SECOND][SESSION_TEXT + 1];
	size_t n = 0;

	(void)event;
	(void)data;
	if (now_s == g->ticked_s)
		return MOSQ_ERR_SUCCESS;
	g->ticked_s = now_s;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *e = g->buckets[i]; e && n < KICKS_A_SECOND; e = e->next)
			if (e->role == ROLE_SESSION && e->expiry_s <= now_s)
				memcpy(ids[n++], e->id, SESSION_TEXT + 1);
	for (size_t i = 0; i < n; i++)
		mosquitto_kick_client_by_clientid(ids[i], false);
	return MOSQ_ERR_SUCCESS;
}

/* --- start and stop ----------------------------------------------------- */

static int load_secrets(struct gate *g, const char *dir)
{
	char path[512];

	snprintf(path, sizeof path, "%s/session.key", dir);
	if (key_load(&g->session_key, path))
		return MOSQ_ERR_INVAL;
	for (int role = ROLE_PREKEYD; role < ROLES; role++) {
		snprintf(path, sizeof path, "%s/%s.hash", dir, role_names[role]);
		if (key_load(&g->hashes[role], path))
			return MOSQ_ERR_INVAL;
	}
	return MOSQ_ERR_SUCCESS;
}

static int read_options(struct gate *g, const struct mosquitto_opt *options, int n)
{
	const char *secrets = NULL;

	for (int i = 0; i < n; i++) {
		if (strcmp(options[i].key, "secrets") == 0)
			secrets = options[i].value;
		else if (strcmp(options[i].key, "daemons") == 0)
			snprintf(g->daemons, sizeof g->daemons, "%s", options[i].value);
		else if (strcmp(options[i].key, "live") == 0)
			snprintf(g->live, sizeof g->live, "%s", options[i].value);
	}
	return secrets && *g->live && *g->daemons ? load_secrets(g, secrets) : MOSQ_ERR_INVAL;
}

int mosquitto_plugin_version(int n_versions, const int *versions)
{
	for (int i = 0; i < n_versions; i++)
		if (versions[i] == MOSQ_PLUGIN_VERSION)
			return MOSQ_PLUGIN_VERSION;
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *plugin, void **userdata,
		struct mosquitto_opt *options, int n)
{
	struct gate *g;
	int rc;

	if (sodium_init() < 0)
		return MOSQ_ERR_UNKNOWN;
	g = calloc(1, sizeof *g);
	if (!g)
		return MOSQ_ERR_NOMEM;
	*userdata = g;
	g->plugin = plugin;
	rc = read_options(g, options, n);
	if (rc) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
				"sotto gate: options secrets, daemons, live and their files");
		return rc;
	}
	rc = mosquitto_callback_register(plugin, MOSQ_EVT_BASIC_AUTH, on_auth, NULL, g);
	rc = rc ? rc : mosquitto_callback_register(plugin, MOSQ_EVT_ACL_CHECK, on_acl, NULL, g);
	rc = rc ? rc : mosquitto_callback_register(plugin, MOSQ_EVT_DISCONNECT, on_gone, NULL, g);
	rc = rc ? rc : mosquitto_callback_register(plugin, MOSQ_EVT_TICK, on_tick, NULL, g);
	return rc ? rc
		  : mosquitto_callback_register(
				    plugin, MOSQ_EVT_CONTROL, on_control, CONTROL_TOPIC, g);
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int n)
{
	struct gate *g = userdata;

	(void)options;
	(void)n;
	for (size_t i = 0; g && i < BUCKETS; i++)
		while (g->buckets[i])
			forget(g, g->buckets[i]->client);
	if (g)
		sodium_memzero(g, sizeof *g);
	free(g);
	return MOSQ_ERR_SUCCESS;
}
