/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The HTTP side of a daemon: accepts on the inherited socket, takes Tor's circuit line, lets
 * libmicrohttpd read, checks headers and authentication, calls the route's ask, submits the call,
 * sends answer's reply after the commit. Every connection has one deadline from accept to the end
 * of its request; every parked request another.
 */
#ifndef SOTTO_HTTP_H
#define SOTTO_HTTP_H

#include "libshared/histogram.h"
#include "libshared/nonce.h"
#include "libshared/route.h"
#include "libshared/token_keys.h"

#include <systemd/sd-event.h>

struct http;
struct journal;
struct overload;

enum circuit_line { CIRCUIT_OFF, CIRCUIT_REQUIRED };

struct http_options {
	int listen_fd; /* inherited, non-blocking; borrowed */
	enum circuit_line circuit_line;
	const struct route *routes;
	size_t n_routes;
	void *app; /* for ask and answer */
	struct db *db;
	struct overload *overload; /* has a word in what is taken; NULL: all is */
	const struct key_pair
			*server_keys; /* newest first; older ones are still accepted (overlap) */
	size_t n_server_keys;
	const struct key *nonce_key;
	uint8_t onion[ONION_KEY_BYTES];
	const char *onion_name; /* of the same: what tokens are made for */
	const struct token_keys *token_keys;
	unsigned max_connections; /* above: we stop accepting until one ends */
	unsigned yield_ms;	  /* who was silent so long ends then, for a newcomer */
	unsigned deadline_ms;	  /* accept, or last reply, to the end of the next request */
	/* Of one circuit, see budget.h; nothing where no circuit line is read. */
	unsigned circuit_connections, circuit_requests, circuit_burst;
};

struct http_counters {
	uint64_t requests;
	uint64_t served, refused, failed; /* replies; failed: 503, for a part was away or slow */
	uint64_t problems[PROBLEMS];	  /* replies that were not 2xx, by their reason */
	uint64_t refused_lines, deadlines;
	/* A circuit had its requests (429), its connections (closed); no row was free (closed). */
	uint64_t over_requests, over_connections, over_circuits;
	uint64_t yielded; /* connections ended to make room for others */
	unsigned connections, parked;
	struct histogram latency_us; /* from the whole request to its reply */
};

int http_new(struct http **out, sd_event *event, const struct journal *journal,
		const struct http_options *options) MUST_CHECK;

/* Stop accepting; requests that are under way are answered, keep-alive connections get Connection:
 * close. */
void http_drain(struct http *http);
bool http_is_idle(const struct http *http);

/* Closes what is left. */
void http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free)

/* The caller may clear latency_us, and nothing else. */
struct http_counters *http_counters(struct http *http);

#endif
