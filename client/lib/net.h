/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Requests through Tor's SOCKS port, never around it. What must not be linked gets a circuit of its
 * own: SOCKS credentials made from a purpose and a random key of this process. Names are resolved
 * by Tor only.
 */
#ifndef SOTTO_NET_H
#define SOTTO_NET_H

#include "client/lib/link.h"
#include "client/lib/server.h"
#include "libshared/owner.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { PORT_PREKEYD = 7001, PORT_BLOBD = 7002, PORT_BRIDGED = 7003, SOCKS_NAME_MOST = 128 };
enum { SERVERS_KNOWN = 16 };
enum {
	WORK_BITS_ASKED_FOR = 32, /* half an hour, for somebody who waits */
	WORK_BITS_UNASKED = 24,	  /* some seconds, in between */
};

struct ask;
struct answer;

/* One where we own something. */
struct known_server {
	uint8_t onion[ONION_KEY_BYTES];
	struct server server;
	uint8_t nonces[DAEMONS][NONCE_BYTES];
};

/* One that let requests fail: none is tried for a while, or what is asked of it would hold up all
 * that is asked of others. */
struct silent_server {
	uint8_t onion[ONION_KEY_BYTES];
	unsigned n_failed; /* in a row; 0: a free place */
	int64_t until_s;
};

struct net {
	char socks_host[SOCKS_NAME_MOST];
	int socks_port;
	bool fast;	       /* pacing: no random delays */
	struct key secret;     /* turns purposes into circuits */
	int64_t (*up_s)(void); /* seconds since whenever; never goes back */
	CURL *curl;
	CURLM *multi; /* it is carried out in */
	/* One request goes out and its answer comes back: libcurl, or a test's server. */
	int (*carry)(struct net *net, const struct ask *ask, struct answer *out);
	void *carrier;
	struct known_server known[SERVERS_KNOWN]; /* the latest */
	unsigned n_known;			  /* so far */
	struct silent_server silent[SERVERS_KNOWN];
	unsigned n_silent;    /* so far */
	bool insists;	      /* tries all the same, as does a `fast` one */
	struct server_twice { /* whichever was last asked over two circuits, and when */
		struct server server;
		uint8_t onion[ONION_KEY_BYTES];
		int64_t asked_s;
	} twice;
	/* Work that a server asks for is done up to so many bits: 2^bits hashes. */
	unsigned work_bits_most;
	/* Long work: so many tries are done of about so many; 0 and 0: it is over. NULL: nobody
	 * wants to know. */
	void (*on_work)(void *userdata, uint64_t done, uint64_t about);
	void *on_work_userdata;
	/* Waits; a test's does not. E_NET: it is to stop. */
	int (*pause)(struct net *net, int64_t ms);
	/* Before each gap between mailboxes: so many of so many were read. NULL: nobody wants to
	 * know. */
	void (*on_reading)(void *userdata, uint32_t done, uint32_t of);
	void *on_reading_userdata;
	/* Called many times a second while a request is under way; asks nothing itself. NULL:
	 * nothing else is to be done meanwhile. */
	void (*meanwhile)(void *userdata);
	void *meanwhile_userdata;
	/* Nothing is asked of any other server: E_NET at once. NULL: of all. */
	const uint8_t *only;
	unsigned n_prepared; /* mailboxes and bundles that sending took, so far */
	/* Not 0: whatever is under way ends within a second, with E_NET. NULL: nobody stops it. */
	const atomic_int *stop; /* a handler or another thread sets it */
	int64_t until_ms;	/* by CLOCK_MONOTONIC nothing is asked after that; 0: no such end */
};

/* socks: "HOST:PORT". E_CONFIG. */
int net_open(struct net *out, const char *socks, bool fast) MUST_CHECK;
void net_close(struct net *net); /* also a zeroed one */

/* For another thread, over the same circuits; ends with net_copy_close, before the first does. */
int net_copy(struct net *out, const struct net *net) MUST_CHECK;
void net_copy_close(struct net *copy);
bool net_is_stopped(const struct net *net);
bool net_serves(const struct net *net, const uint8_t onion[static ONION_KEY_BYTES]); /* net->only */

/* What must share a circuit, and nothing else must: a name, and the bytes of an id. */
struct circuit {
	const char *purpose; /* "account", "read", "write" */
	const void *id;
	size_t id_len;
	bool renews; /* after 10 to 60 minutes; what is under way goes on over the old one */
};

/* SOCKS user name of that circuit, 32 hex digits and NUL; the password is "sotto". */
void net_circuit_name(char out[static 33], const struct net *net, const struct circuit *circuit);

struct ask {
	struct circuit circuit;
	const uint8_t *onion;
	int port;
	const char *method, *path;
	const void *body;
	size_t body_len;
	const struct key_pair *owner; /* signs, or NULL */
	const struct key *deposit;    /* Sotto-Deposit, or NULL */
	const struct key *chunk;      /* Sotto-Chunk, or NULL */
	const uint8_t *key;	      /* Idempotency-Key of 16 bytes, or NULL */
	const uint8_t *token;	      /* Authorization, TOKEN_BYTES, or NULL */
};

struct answer {
	long status;
	uint8_t *body; /* owned; free with answer_clear */
	size_t len;
	char nonce[NONCE_TEXT + 1];
};
void answer_clear(struct answer *answer);
static inline __attribute__((unused)) void answer_clear_ref(struct answer *answer)
{
	answer_clear(answer);
}

/* E_NET: Tor or the server could not be reached, now or shortly before; an answer of any status is
 * 0. A stale nonce is repeated once. */
int net_ask(struct net *net, const struct ask *ask, struct answer *out) MUST_CHECK;

/* Asks a server what it is, once. E_PROTO: it answered something else. */
int net_know_server(struct net *net, const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;
/* Nothing came back when it was last asked. */
bool net_is_silent(const struct net *net, const uint8_t onion[static ONION_KEY_BYTES]);
/* What it said; NULL: it was not asked. Until SERVERS_KNOWN others were. */
struct known_server *net_known(struct net *net, const uint8_t onion[static ONION_KEY_BYTES]);

/* What any server tells over that circuit. E_PROTO: something else. */
int net_server(struct server *out, struct net *net, const uint8_t onion[static ONION_KEY_BYTES],
		const char *purpose) MUST_CHECK;

/* The request key of an owner at one of that server's daemons. */
int net_request_key(struct key *out, const struct known_server *at, const struct key_pair *owner,
		int port) MUST_CHECK;

#endif
