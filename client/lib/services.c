/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Each is asked in its own protocol for the least there is, and believed only to be there. */
#include "client/lib/services.h"

#include "libshared/error.h"
#include "libshared/writer.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { N_DAEMONS = BRIDGED + 1, STUN_HEAD = 20, STUN_ID = 16, CONNACK_BYTES = 4 };
enum { STUN_BINDING = 0x0001, STUN_COOKIE = 0x2112a442 };

DEFINE_CLEANUP(json_t *, json_decref)

static void aim(struct probe *p, const struct net *net, const char *purpose,
		const uint8_t onion[static ONION_KEY_BYTES])
{
	const struct circuit circuit = { purpose, onion, ONION_KEY_BYTES, false };

	net_circuit_name(p->to.circuit, net, &circuit);
}

/* --- the daemons -------------------------------------------------------- */

static bool is_down(const json_t *json, const char *what)
{
	const char *is = json_string_value(json_object_get(json, what));

	return is && strcmp(is, "down") == 0;
}

/* 429: it is there, and finds that this circuit asked too much. */
static enum probe_end read_health(struct services *s, const struct probe *p)
{
	static const char ok[] = "HTTP/1.1 200 ", unwell[] = "HTTP/1.1 503 ",
			  busy[] = "HTTP/1.1 429 ", end[] = "\r\n\r\n";
	const uint8_t *body = memmem(p->heard, p->n_heard, end, sizeof end - 1);
	CLEANUP(json_decref) json_t *json = NULL;

	if (!body ||
			(memcmp(p->heard, ok, sizeof ok - 1) != 0 &&
					memcmp(p->heard, unwell, sizeof unwell - 1) != 0))
		return p->n_heard >= sizeof busy && memcmp(p->heard, busy, sizeof busy - 1) == 0
				? PROBE_HEARD
				: PROBE_OTHER;
	body += sizeof end - 1;
	json = json_loadb((const char *)body, p->n_heard - (size_t)(body - p->heard),
			JSON_REJECT_DUPLICATES, NULL);
	if (!json_object_get(json, "database"))
		return PROBE_OTHER;
	s->no_database |= is_down(json, "database");
	s->no_broker |= is_down(json, "broker");
	return PROBE_HEARD;
}

int services_ask_daemons(struct services *out, const struct net *net,
		const uint8_t onion[static ONION_KEY_BYTES])
{
	static const char *const purposes[] = { "health, prekeyd", "health, blobd",
		"health, bridged" };
	struct probe probes[N_DAEMONS] = { 0 };
	char name[ONION_TEXT + 1], question[160];
	int rc;

	onion_write(name, onion);
	snprintf(question, sizeof question,
			"GET /v1/health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name);
	for (int i = 0; i < N_DAEMONS; i++) {
		aim(&probes[i], net, purposes[i], onion);
		memcpy(probes[i].to.host, name, sizeof name);
		probes[i].to.port = PORT_PREKEYD + i;
		probes[i].says = question;
		probes[i].says_len = strlen(question);
		probes[i].wants = PROBE_HEARS;
	}
	*out = (struct services){ .no_database = false };
	rc = probe_all(probes, N_DAEMONS, net);
	for (int i = 0; rc == 0 && i < N_DAEMONS; i++)
		out->of[i] = probes[i].end == PROBE_HEARD ? read_health(out, &probes[i])
							  : probes[i].end;
	return rc;
}

/* --- broker and relay --------------------------------------------------- */

/* A CONNECT without a session is refused, a binding without a credential too: by these. */
static enum probe_end read_connack(const struct probe *p)
{
	return p->n_heard == CONNACK_BYTES && p->heard[0] == 0x20 && p->heard[3] != 0 ? PROBE_HEARD
										      : PROBE_OTHER;
}

static enum probe_end read_binding(const struct probe *p)
{
	const uint8_t *asked = (const uint8_t *)p->says + STUN_HEAD - STUN_ID;

	return p->n_heard == STUN_HEAD && p->heard[0] == 1 &&
					memcmp(p->heard + STUN_HEAD - STUN_ID, asked, STUN_ID) == 0
			? PROBE_HEARD
			: PROBE_OTHER;
}

static void write_binding(uint8_t out[static STUN_HEAD])
{
	struct writer w = writer_over(out, STUN_HEAD);

	writer_u16(&w, STUN_BINDING);
	writer_u16(&w, 0);
	writer_u32(&w, STUN_COOKIE);
	randombytes_buf(out + w.used, STUN_HEAD - w.used);
}

int services_ask_live(struct services *out, const struct net *net, const struct known_server *at)
{
	static const uint8_t connect[] = { 0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 2,
		'x', 'x' };
	uint8_t binding[STUN_HEAD];
	struct probe probes[] = {
		{ .to.port = at->server.mqtt_port,
				.says = connect,
				.says_len = sizeof connect,
				.wants = CONNACK_BYTES },
		{ .to.port = at->server.turn_port,
				.says = binding,
				.says_len = sizeof binding,
				.wants = STUN_HEAD },
	};
	struct probe *const broker = &probes[0], *const relay = &probes[1];
	int rc;

	write_binding(binding);
	aim(broker, net, "health, broker", at->onion);
	aim(relay, net, "health, relay", at->onion);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++)
		memcpy(probes[i].to.host, at->server.live, sizeof at->server.live);
	rc = probe_all(probes, ARRAY_LEN(probes), net);
	if (rc)
		return rc;
	out->of[BROKER] = broker->end == PROBE_HEARD ? read_connack(broker) : broker->end;
	out->of[RELAY] = relay->end == PROBE_HEARD ? read_binding(relay) : relay->end;
	return 0;
}

/* --- in words ----------------------------------------------------------- */

/* One of these is in that state, or in a later one. */
static bool has(const struct services *s, enum service first, enum service last, enum probe_end end)
{
	for (enum service i = first; i <= last; i++)
		if (s->of[i] >= end)
			return true;
	return false;
}

bool services_are_reached(const struct services *s, enum service first, enum service last)
{
	return has(s, first, last, PROBE_SHUT);
}

bool services_are_there(const struct services *s, enum service first, enum service last)
{
	return has(s, first, last, PROBE_FAILED);
}

bool services_are_denied(const struct services *s, enum service first, enum service last)
{
	return has(s, first, last, PROBE_NO_WAY);
}

bool services_are_well(const struct services *s)
{
	for (enum service i = PREKEYD; i < SERVICES; i++)
		if (s->of[i] != PROBE_HEARD)
			return false;
	return !s->no_database && !s->no_broker;
}

void service_tell(char out[static FINDING_ROOM], const struct services *s, enum service which)
{
	static const char *const names[] = {
		[PREKEYD] = "prekeyd",
		[BLOBD] = "blobd",
		[BRIDGED] = "bridged",
		[BROKER] = "the broker",
		[RELAY] = "the relay",
	}, *const ends[] = {
		[PROBE_NO_WORD] = "was not reached in time, though the server is there",
		[PROBE_NO_WAY] = "was not reached, though the server is there",
		[PROBE_FAILED] = "is away, it seems: Tor gets no connection to its port",
		[PROBE_SHUT] = "is away, though the server is there: nobody listens at its port",
		[PROBE_MUTE] = "accepts but does not answer: it hangs, or has too much to do",
		[PROBE_ENDED] = "accepts but hangs up",
		[PROBE_HEARD] = "answers",
		[PROBE_OTHER] = "answers as no server of ours does",
	}, *const without[] = {
		[PREKEYD] = "no command can send or fetch, and nobody new finds you. Broker and "
			    "relay, which it names, were not asked",
		[BLOBD] = "what you write waits here, what has come waits there",
		[BRIDGED] = "nothing comes live: recv and watch fetch what has come, calls cannot "
			    "be made",
		[BROKER] = "nothing comes live: recv and watch fetch what has come, calls cannot "
			   "be made",
		[RELAY] = "calls cannot be made, all else can",
	};

	snprintf(out, FINDING_ROOM, "%s %s. Without it %s", names[which], ends[s->of[which]],
			without[which]);
}
