/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* libcurl over SOCKS5 with remote names. Trusts a server only to be whoever holds its onion key. */
#include "client/lib/net.h"

#include "client/lib/fault.h"
#include "libshared/error.h"
#include "libshared/reader.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ANSWER_MOST = CHUNK_LARGE_BYTES, CONNECT_S = 60, TOTAL_S = 120 };
enum { CONNECTIONS_KEPT = 5, TURN_MS = 250, TURN_BESIDE_MS = 25 };
enum { SILENT_FAILURES = 2, SILENT_FIRST_S = 30, SILENT_MOST_S = 120, SILENT_SLOW_S = 5 };
enum { CIRCUIT_LEAST_S = 600, CIRCUIT_SPREAD_S = 3001 };

DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)

static int carry(struct net *net, const struct ask *ask, struct answer *out);
static int pause_for(struct net *net, int64_t ms);

static int open_curl(struct net *net)
{
	net->curl = curl_easy_init();
	net->multi = curl_multi_init();
	if (!net->curl || !net->multi)
		return E_NOMEM;
	curl_multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return 0;
}

static void close_curl(struct net *net)
{
	curl_easy_cleanup(net->curl);
	curl_multi_cleanup(net->multi);
	net->curl = NULL;
	net->multi = NULL;
}

/* Sleep counts. */
static int64_t up_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

int net_open(struct net *out, const char *socks, bool fast)
{
	const char *colon = strrchr(socks, ':');
	size_t len = colon ? (size_t)(colon - socks) : 0;
	char *end;
	long port;

	memset(out, 0, sizeof *out);
	if (!len || len >= sizeof out->socks_host)
		return E_CONFIG;
	memcpy(out->socks_host, socks, len);
	port = strtol(colon + 1, &end, 10);
	if (*end || port < 1 || port > 65535)
		return E_CONFIG;
	out->socks_port = (int)port;
	out->fast = fast;
	out->carry = carry;
	out->pause = pause_for;
	out->up_s = up_s;
	out->work_bits_most = WORK_BITS_ASKED_FOR;
	key_random(&out->secret);
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return E_NOMEM;
	if (open_curl(out) == 0)
		return 0;
	close_curl(out);
	curl_global_cleanup();
	return E_NOMEM;
}

void net_close(struct net *net)
{
	if (net->curl) {
		close_curl(net);
		curl_global_cleanup();
	}
	sodium_memzero(net, sizeof *net);
}

int net_copy(struct net *out, const struct net *net)
{
	*out = *net;
	out->meanwhile = NULL; /* another thread's */
	out->only = NULL;
	if (open_curl(out) == 0)
		return 0;
	net_copy_close(out);
	return E_NOMEM;
}

void net_copy_close(struct net *copy)
{
	close_curl(copy);
	sodium_memzero(copy, sizeof *copy);
}

/* Milliseconds that a request may still take, TOTAL_S at most. */
static int64_t time_left_ms(const struct net *net)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = net->until_ms - (int64_t)now.tv_sec * 1000 - now.tv_nsec / 1000000;
	return !net->until_ms || left > TOTAL_S * 1000 ? TOTAL_S * 1000 : left;
}

bool net_is_stopped(const struct net *net)
{
	return (net->stop && *net->stop) || time_left_ms(net) <= 0;
}

/* In short turns, like a request. */
static int pause_for(struct net *net, int64_t ms)
{
	const int turn_ms = net->meanwhile ? TURN_BESIDE_MS : TURN_MS;

	while (ms > 0 && !net_is_stopped(net)) {
		const int64_t now_ms = ms < turn_ms ? ms : turn_ms;
		const struct timespec turn = { .tv_nsec = now_ms * 1000000 };

		nanosleep(&turn, NULL);
		ms -= now_ms;
		if (net->meanwhile)
			net->meanwhile(net->meanwhile_userdata);
	}
	return net_is_stopped(net) ? E_NET : 0;
}

bool net_serves(const struct net *net, const uint8_t onion[static ONION_KEY_BYTES])
{
	return !net->only || memcmp(net->only, onion, ONION_KEY_BYTES) == 0;
}

/* How often it was renewed. Each lasts a time of its own, and none begins with another. */
static uint64_t turn_of(const struct net *net, const uint8_t hash[static 16])
{
	struct reader rd = reader_over(hash, 8);
	uint64_t lasts_s = CIRCUIT_LEAST_S + reader_u32(&rd) % CIRCUIT_SPREAD_S;

	return ((uint64_t)net->up_s() + reader_u32(&rd)) / lasts_s;
}

void net_circuit_name(char out[static 33], const struct net *net, const struct circuit *circuit)
{
	crypto_generichash_state state;
	uint8_t hash[16];

	crypto_generichash_init(&state, net->secret.b, sizeof net->secret.b, sizeof hash);
	crypto_generichash_update(
			&state, (const uint8_t *)circuit->purpose, strlen(circuit->purpose) + 1);
	if (circuit->id_len)
		crypto_generichash_update(&state, circuit->id, circuit->id_len);
	crypto_generichash_final(&state, hash, sizeof hash);
	if (circuit->renews) {
		uint64_t turn = turn_of(net, hash);

		crypto_generichash_init(&state, net->secret.b, sizeof net->secret.b, sizeof hash);
		crypto_generichash_update(&state, hash, sizeof hash);
		crypto_generichash_update(&state, (const uint8_t *)&turn, sizeof turn);
		crypto_generichash_final(&state, hash, sizeof hash);
	}
	sodium_bin2hex(out, 33, hash, sizeof hash);
}

void answer_clear(struct answer *answer)
{
	free(answer->body);
	*answer = (struct answer){ 0 };
}

/* --- libcurl's callbacks ------------------------------------------------ */

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
	struct answer *a = userdata;
	size_t len = size * n;
	uint8_t *grown;

	if (len > ANSWER_MOST - a->len)
		return 0;
	grown = realloc(a->body, a->len + len + 1);
	if (!grown)
		return 0;
	memcpy(grown + a->len, bytes, len);
	a->body = grown;
	a->len += len;
	a->body[a->len] = '\0';
	return len;
}

static size_t on_header(char *line, size_t size, size_t n, void *userdata)
{
	static const char name[] = "Sotto-Nonce: ";
	struct answer *a = userdata;
	size_t len = size * n;

	if (len >= sizeof name - 1 + NONCE_TEXT && strncasecmp(line, name, sizeof name - 1) == 0)
		memcpy(a->nonce, line + sizeof name - 1, NONCE_TEXT);
	return len;
}

/* --- headers ------------------------------------------------------------ */

static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	char line[512];
	struct curl_slist *longer;

	snprintf(line, sizeof line, "%s: %s", name, value);
	longer = curl_slist_append(*list, line);
	sodium_memzero(line, sizeof line);
	if (!longer)
		return E_NOMEM;
	*list = longer;
	return 0;
}

int net_request_key(struct key *out, const struct known_server *at, const struct key_pair *owner,
		int port)
{
	return owner_request_key(out, &owner->secret, &owner->pub,
			       &at->server.keys[port - PORT_PREKEYD], at->onion)
			? E_PROTO
			: 0;
}

static int add_signature(struct curl_slist **list, struct net *net, const struct ask *ask)
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	const struct owner_request request = { ask->method, ask->path, "?", ask->body,
		ask->body_len };
	const struct known_server *at = net_known(net, ask->onion);
	struct owner_headers h;
	int rc = at ? net_request_key(&key, at, ask->owner, ask->port) : E_BUG;

	rc = rc ? rc
		: owner_sign(&h, &key, &ask->owner->pub, at->nonces[ask->port - PORT_PREKEYD],
				  &request);
	rc = rc ? rc : add_header(list, "Content-Digest", h.digest);
	rc = rc ? rc : add_header(list, "Signature-Input", h.input);
	return rc ? rc : add_header(list, "Signature", h.signature);
}

static int add_token(struct curl_slist **list, const uint8_t *token)
{
	char text[TOKEN_HEADER_ROOM];
	int rc;

	token_header_write(text, token);
	rc = add_header(list, "Authorization", text);
	sodium_memzero(text, sizeof text);
	return rc;
}

static int add_secret(struct curl_slist **list, const char *name, const struct key *secret)
{
	char text[BASE64URL_ROOM(KEY_BYTES)];
	int rc;

	if (!secret)
		return 0;
	base64url_write(text, secret->b, KEY_BYTES);
	rc = add_header(list, name, text);
	sodium_memzero(text, sizeof text);
	return rc;
}

static int make_headers(struct curl_slist **list, struct net *net, const struct ask *ask)
{
	char text[BASE64URL_ROOM(BLOB_ID_BYTES)];
	int rc = add_header(list, "Expect", ""); /* no 100-continue: it costs a round trip */

	rc = rc ? rc : add_header(list, "Content-Type", "application/octet-stream");
	rc = rc ? rc : add_secret(list, "Sotto-Deposit", ask->deposit);
	rc = rc ? rc : add_secret(list, "Sotto-Chunk", ask->chunk);
	if (rc == 0 && ask->key) {
		base64url_write(text, ask->key, BLOB_ID_BYTES);
		rc = add_header(list, "Idempotency-Key", text);
	}
	if (rc == 0 && ask->token)
		rc = add_token(list, ask->token);
	if (rc == 0 && ask->owner)
		rc = add_signature(list, net, ask);
	return rc;
}

/* --- one request -------------------------------------------------------- */

static void set_proxy(const struct net *net, const struct circuit *circuit)
{
	char user[33];

	net_circuit_name(user, net, circuit);
	curl_easy_setopt(net->curl, CURLOPT_PROXY, net->socks_host);
	curl_easy_setopt(net->curl, CURLOPT_PROXYPORT, (long)net->socks_port);
	curl_easy_setopt(net->curl, CURLOPT_PROXYTYPE, (long)CURLPROXY_SOCKS5_HOSTNAME);
	curl_easy_setopt(net->curl, CURLOPT_PROXYUSERNAME, user);
	curl_easy_setopt(net->curl, CURLOPT_PROXYPASSWORD, "sotto");
	curl_easy_setopt(net->curl, CURLOPT_NOPROXY, ""); /* whatever the environment says */
}

static void set_request(
		const struct net *net, const struct ask *ask, const struct curl_slist *headers)
{
	char onion[ONION_TEXT + 1], url[256];

	onion_write(onion, ask->onion);
	snprintf(url, sizeof url, "http://%s:%d%s", onion, ask->port, ask->path);
	curl_easy_setopt(net->curl, CURLOPT_URL, url);
	curl_easy_setopt(net->curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(net->curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(net->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(net->curl, CURLOPT_USERAGENT, NULL);
	curl_easy_setopt(net->curl, CURLOPT_CUSTOMREQUEST, ask->method);
	curl_easy_setopt(net->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(net->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(net->curl, CURLOPT_TIMEOUT_MS, (long)time_left_ms(net));
	if (ask->body_len || strcmp(ask->method, "GET") != 0) {
		curl_easy_setopt(net->curl, CURLOPT_POSTFIELDS, ask->body ? ask->body : "");
		curl_easy_setopt(net->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body_len);
	}
}

/* In short turns, to see that it is to stop: libcurl 8.22 tells no progress while a proxy is
 * silent. */
static bool perform(const struct net *net)
{
	int n_running = 1, n_left;
	CURLMcode rc = curl_multi_add_handle(net->multi, net->curl);
	const CURLMsg *end;
	bool done;

	while (rc == CURLM_OK && n_running && !net_is_stopped(net)) {
		rc = curl_multi_perform(net->multi, &n_running);
		if (rc == CURLM_OK && n_running)
			rc = curl_multi_poll(net->multi, NULL, 0,
					net->meanwhile ? TURN_BESIDE_MS : TURN_MS, NULL);
		if (net->meanwhile)
			net->meanwhile(net->meanwhile_userdata);
	}
	end = curl_multi_info_read(net->multi, &n_left);
	done = rc == CURLM_OK && end && end->data.result == CURLE_OK;
	curl_multi_remove_handle(net->multi, net->curl);
	return done;
}

static int carry(struct net *net, const struct ask *ask, struct answer *out)
{
	CLEANUP(curl_slist_free_all) struct curl_slist *headers = NULL;
	int rc = make_headers(&headers, net, ask);

	answer_clear(out);
	if (rc)
		return rc;
	if (net_is_stopped(net))
		return E_NET;
	curl_easy_reset(net->curl); /* open connections are kept */
	set_proxy(net, &ask->circuit);
	set_request(net, ask, headers);
	curl_easy_setopt(net->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(net->curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(net->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(net->curl, CURLOPT_HEADERDATA, out);
	fault_before(ask->method, ask->path);
	if (!perform(net) || fault_after(ask->method, ask->path))
		return E_NET;
	curl_easy_getinfo(net->curl, CURLINFO_RESPONSE_CODE, &out->status);
	return 0;
}

/* --- servers that are away ---------------------------------------------- */

static const struct silent_server *silence_of(const struct net *net, const uint8_t *onion)
{
	for (const struct silent_server *s = net->silent; s < net->silent + SERVERS_KNOWN; s++)
		if (s->n_failed && memcmp(s->onion, onion, ONION_KEY_BYTES) == 0)
			return s;
	return NULL;
}

bool net_is_silent(const struct net *net, const uint8_t onion[static ONION_KEY_BYTES])
{
	return silence_of(net, onion) != NULL;
}

/* One failure may be a circuit's. From the second on it is left alone for twice as long each time,
 * but not for a quick one, such as where there is no Tor: that holds up nobody. */
static void note(struct net *net, const uint8_t *onion, bool answered, bool slow)
{
	const struct silent_server *known = silence_of(net, onion);
	struct silent_server *s = known ? &net->silent[known - net->silent] : NULL;
	int64_t wait_s = SILENT_FIRST_S;

	if (answered) {
		if (s)
			s->n_failed = 0;
		return;
	}
	if (!s) {
		s = &net->silent[net->n_silent++ % SERVERS_KNOWN];
		*s = (struct silent_server){ .n_failed = 0 };
		memcpy(s->onion, onion, ONION_KEY_BYTES);
	}
	if (++s->n_failed < SILENT_FAILURES || !slow)
		return;
	for (unsigned i = SILENT_FAILURES; i < s->n_failed && wait_s < SILENT_MOST_S; i++)
		wait_s *= 2;
	s->until_s = net->up_s() + wait_s / 2 + randombytes_uniform((uint32_t)wait_s);
}

static int try(struct net *net, const struct ask *ask, struct answer *out)
{
	const struct silent_server *s = silence_of(net, ask->onion);
	const int64_t began_s = net->up_s();
	int rc;

	if (!net_serves(net, ask->onion) ||
			(s && !net->fast && !net->insists && began_s < s->until_s))
		return E_NET;
	rc = net->carry(net, ask, out);
	if (!net_is_stopped(net) && (rc == 0 || rc == E_NET))
		note(net, ask->onion, rc == 0, net->up_s() - began_s >= SILENT_SLOW_S);
	return rc;
}

int net_ask(struct net *net, const struct ask *ask, struct answer *out)
{
	uint8_t *nonce;
	int rc = ask->owner ? net_know_server(net, ask->onion) : 0;

	memset(out, 0, sizeof *out);
	rc = rc ? rc : try(net, ask, out);
	if (rc || !ask->owner)
		return rc;
	nonce = net_known(net, ask->onion)->nonces[ask->port - PORT_PREKEYD];
	if (base64url_read(nonce, NONCE_BYTES, out->nonce, strlen(out->nonce)))
		return 0;
	return out->status == 401 ? try(net, ask, out) : 0;
}

/* --- servers ------------------------------------------------------------ */

int net_server(struct server *out, struct net *net, const uint8_t onion[static ONION_KEY_BYTES],
		const char *purpose)
{
	__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
	const struct ask ask = {
		.circuit = { purpose, onion, ONION_KEY_BYTES, false },
		.onion = onion,
		.port = PORT_PREKEYD,
		.method = "GET",
		.path = "/v1/server",
	};
	int rc = try(net, &ask, &answer);

	if (rc)
		return rc;
	if (answer.status >= 500 || answer.status == 429)
		return E_NET;
	return answer.status == 200 ? server_read(out, answer.body, answer.len) : E_PROTO;
}

int net_know_server(struct net *net, const uint8_t onion[static ONION_KEY_BYTES])
{
	struct server server;
	struct known_server *at;
	int rc;

	if (net_known(net, onion))
		return 0;
	rc = net_server(&server, net, onion, "server");
	if (rc)
		return rc;
	at = &net->known[net->n_known++ % SERVERS_KNOWN];
	*at = (struct known_server){ .server = server };
	memcpy(at->onion, onion, ONION_KEY_BYTES);
	return 0;
}

struct known_server *net_known(struct net *net, const uint8_t onion[static ONION_KEY_BYTES])
{
	for (struct known_server *k = net->known; k < net->known + SERVERS_KNOWN; k++)
		if (k->server.known && memcmp(k->onion, onion, ONION_KEY_BYTES) == 0)
			return k;
	return NULL;
}
