/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Shared by the files that make up http.h, and by nobody else:
 *   http.c      start, stop, libmicrohttpd's descriptor in the loop
 *   listener.c  accepting, the circuit line, connections and their deadlines
 *   exchange.c  one request: from libmicrohttpd's first callback to the reply
 *   body.c      a request's body as it comes in, and what all of them hold
 *   later.c     replies that take long to compute, one at a time
 *   headers.c   what is demanded of headers, and who is asking
 *   payment.c   what they pay with
 */
#ifndef SOTTO_HTTP_PRIVATE_H
#define SOTTO_HTTP_PRIVATE_H

#include "libshared/budget.h"
#include "libshared/http.h"

#include <microhttpd.h>
#include <netinet/in.h>

enum {
	HTTP_CONNECTION_MEMORY = 16
			<< 10,	 /* libmicrohttpd's, for the headers and a piece of the body */
	PARK_MS = 10000,	 /* most that a request waits for its call */
	DRAIN_BYTES = 128 << 10, /* a refused body that is read to its end all the same */
	PATH_MOST = 256,
	ALLOW_MOST = 64, /* far more than all the methods that rows have */
};

struct exchange;

/* In one of the two lists below, each in order of deadlines, because each has one duration. */
struct conn {
	struct http *http;
	int fd;
	struct sockaddr_in6 address; /* the circuit's, or ::1 */
	struct budget_row *budget;   /* the circuit's; NULL: none, or not known yet */
	sd_event_source *line;	     /* waiting for the circuit line; NULL: libmicrohttpd has it */
	struct exchange *exchange;   /* the parked one, or NULL */
	bool busy;		     /* a request has begun and is not answered */
	bool asked;		     /* a request has begun here, now or earlier */
	struct conn_list *list;
	struct conn *prev, *next;
	uint64_t since_us, deadline_us;
};

struct conn_list {
	struct conn *first, *last;
	uint64_t duration_us;
};

struct http {
	sd_event *event;
	const struct journal *journal;
	struct http_options options;
	struct http_counters counters;
	struct MHD_Daemon *mhd;
	struct budget *budget; /* NULL: no circuits are known */
	sd_event_source *listen, *mhd_io, *mhd_run, *deadlines;
	struct conn_list reading, parked;
	uint64_t wake_us; /* when deadlines runs; UINT64_MAX: never */
	struct conn **by_fd;
	size_t n_by_fd;
	bool draining;
	bool closing; /* nothing is parked any more */
	bool accept_paused;
	uint64_t limit_told_us;		  /* the log hears of it at most once a minute */
	uint8_t token_digest[HASH_BYTES]; /* of the challenge, the same for all operations */
	size_t bodies_held, replies_held; /* bytes of large ones, BODIES_HELD_MOST and so on */
	sd_event_source *later;
	struct exchange *later_first, **later_end; /* in order of arrival */
	unsigned n_later;
	uint64_t nonce_hour;
	char nonce_text[NONCE_TEXT + 1];
};

struct exchange {
	struct http *http;	    /* NULL: it ended before the call */
	struct MHD_Connection *mhd; /* NULL: its end came before the call's */
	struct conn *conn;
	char path[PATH_MOST]; /* as sent; empty: unusable */
	const char *method;   /* libmicrohttpd's */
	bool begun;
	bool running;	   /* db has the call, and so this; or later.c has it */
	bool answered;	   /* reply is there, or given up */
	bool closes;	   /* the connection ends with the reply */
	int problem;	   /* found before the body was complete; or a negative failure */
	int reason;	   /* PROBLEM_* of a reply that is not 2xx, for the counters */
	uint64_t whole_us; /* when the request was there to its last byte; 0: it never was */
	size_t body_room, reply_held;
	struct exchange *later;
	struct request rq;
	struct reply reply;
};

/* listener.c */
int listener_start(struct http *http) MUST_CHECK;
void listener_stop(struct http *http); /* accepts nobody more; whoever was is still heard */
void listener_drop(struct http *http); /* whoever waits for a circuit line */
struct conn *listener_conn(const struct http *http, int fd);
void listener_move(struct conn *conn, struct conn_list *list); /* with a new deadline */
void listener_end(struct conn *conn);			       /* libmicrohttpd closed it */

/* exchange.c: libmicrohttpd's callbacks; cls is struct http. */
void *exchange_new(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *mhd, const char *url,
		const char *method, const char *version, const char *data, size_t *data_len,
		void **slot);
void exchange_ended(void *cls, struct MHD_Connection *mhd, void **slot,
		enum MHD_RequestTerminationCode code);
void exchange_give_up(struct exchange *exchange); /* parked too long: 503 */
void exchange_finish(struct exchange *exchange);  /* its turn has come */

/* body.c: 0, a PROBLEM_*, or a failure: E_BUSY when bodies or replies hold too much. */
int body_take(struct exchange *exchange, const char *data, size_t len) MUST_CHECK;
void body_drop(struct exchange *exchange);
int body_hold_reply(struct exchange *exchange) MUST_CHECK;

/* later.c */
int later_start(struct http *http) MUST_CHECK;
void later_stop(struct http *http); /* after libmicrohttpd */
bool later_is_full(const struct http *http);
int later_add(struct exchange *exchange) MUST_CHECK; /* E_BUSY */

/* headers.c: 0 or a PROBLEM_*. */
int headers_check(struct exchange *exchange, const char *version) MUST_CHECK;
int headers_authenticate(struct exchange *exchange) MUST_CHECK;
const char *headers_get(const struct exchange *exchange, const char *name); /* "": absent */

/* payment.c */
int payment_take(struct exchange *exchange) MUST_CHECK; /* 0 or PROBLEM_TOKEN_REQUIRED */
void payment_ask_for(const struct exchange *exchange, struct MHD_Response *response);

/* route.c */
int route_find(const struct http_options *options, const char *method, const char *path,
		struct request *rq) MUST_CHECK;
/* Of the rows of rq->route's method and path, the one with that body. PROBLEM_BODY_SIZE. */
int route_for_body(const struct http_options *options, size_t len, struct request *rq) MUST_CHECK;
/* What the Allow of a 405 says (RFC 9110 15.5.6): "PUT, DELETE". */
void route_allow(const struct http_options *options, const char *path, char out[static ALLOW_MOST]);

/* http.c */
uint64_t http_now_us(const struct http *http); /* when this loop turn began */
uint64_t http_clock_us(void);		       /* now */
const char *http_nonce(struct http *http);
void http_run_soon(struct http *http);

#endif
