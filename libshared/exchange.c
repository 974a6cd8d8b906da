/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One request, from libmicrohttpd's first callback to the reply. Libmicrohttpd calls again and
 * again with the same slot; all of that ends here: ask and answer see a whole request once. While
 * the call runs the connection is suspended; the exchange outlives its connection until the call is
 * done.
 */
#include "libshared/http_private.h"

#include "libshared/error.h"
#include "libshared/overload.h"

#include <stdio.h>
#include <string.h>

static void exchange_free(struct exchange *ex)
{
	if (!ex)
		return;
	if (ex->rq.kept_free)
		ex->rq.kept_free(ex->rq.kept);
	body_drop(ex);
	if (ex->http)
		ex->http->replies_held -= ex->reply_held;
	reply_clear(&ex->reply);
	free(ex);
}

/* The raw target is known only here; what is no plain path stays empty and is refused later. */
void *exchange_new(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct exchange *ex = calloc(1, sizeof *ex);
	size_t len = strlen(uri);

	if (!ex)
		return NULL;
	ex->http = cls;
	ex->mhd = mhd;
	if (*uri == '/' && len < sizeof ex->path && !strpbrk(uri, "%?#\\"))
		memcpy(ex->path, uri, len + 1);
	return ex;
}

/* --- replying ----------------------------------------------------------- */

static void count(struct http_counters *c, const struct exchange *ex)
{
	int reason = ex->reason ? ex->reason : PROBLEM_UNAVAILABLE; /* health has no other */

	if (ex->whole_us)
		histogram_add(&c->latency_us, http_clock_us() - ex->whole_us);
	if (ex->reply.status < 300) {
		c->served++;
		return;
	}
	c->problems[reason]++;
	if (reason == PROBLEM_UNAVAILABLE)
		c->failed++;
	else
		c->refused++;
}

static void add_headers(const struct exchange *ex, struct MHD_Response *response)
{
	char allow[ALLOW_MOST];
	unsigned status = ex->reply.status;

	MHD_add_response_header(response, "Content-Type", ex->reply.content_type);
	MHD_add_response_header(response, "Sotto-Nonce", http_nonce(ex->http));
	if (status == 503 || status == 429)
		MHD_add_response_header(response, "Retry-After",
				ex->reason == PROBLEM_OVERLOADED ? "60" : "5");
	if (status == 405) {
		route_allow(&ex->http->options, ex->path, allow);
		MHD_add_response_header(response, "Allow", allow);
	}
	if (ex->reason == PROBLEM_TOKEN_REQUIRED)
		payment_ask_for(ex, response);
	if (ex->http->draining || ex->closes)
		MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result send_reply(struct exchange *ex)
{
	struct MHD_Response *response;
	unsigned status = ex->reply.status;
	enum MHD_Result rc;

	response = MHD_create_response_from_buffer(
			ex->reply.len, ex->reply.body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	ex->reply.body = NULL; /* the response's now */
	add_headers(ex, response);
	rc = MHD_queue_response(ex->mhd, status, response);
	MHD_destroy_response(response);
	count(&ex->http->counters, ex);
	return rc;
}

/* The one place where failures become 503. */
static void settle(struct exchange *ex, int rc)
{
	ex->answered = true;
	if (rc == 0 && ex->reply.body)
		return;
	reply_clear(&ex->reply);
	ex->reason = rc > 0 ? rc : PROBLEM_UNAVAILABLE;
	if (reply_problem(&ex->reply, ex->reason))
		ex->reply.status = 0; /* no memory even for that: the connection is closed */
}

static enum MHD_Result reply_now(struct exchange *ex, int rc)
{
	settle(ex, rc);
	return ex->reply.status ? send_reply(ex) : MHD_NO;
}

/* --- the call ----------------------------------------------------------- */

static void park(struct exchange *ex)
{
	ex->http->counters.parked++;
	ex->conn->exchange = ex;
	listener_move(ex->conn, &ex->http->parked);
	MHD_suspend_connection(ex->mhd);
}

static void unpark(struct exchange *ex)
{
	ex->http->counters.parked--;
	ex->conn->exchange = NULL;
	listener_move(ex->conn, &ex->http->reading);
	MHD_resume_connection(ex->mhd);
	http_run_soon(ex->http);
}

/* Nobody runs it any more. False: nobody waits for it either. */
static bool is_awaited(struct exchange *ex)
{
	ex->running = false;
	if (!ex->mhd) {
		exchange_free(ex);
		return false;
	}
	return !ex->answered; /* else given up on; freed when that reply is sent */
}

static void call_done(struct call *call, int rc, const struct result *result)
{
	struct exchange *ex = (struct exchange *)((char *)call -
			offsetof(struct exchange, rq.call));

	if (!is_awaited(ex))
		return;
	if (rc == 0)
		rc = ex->rq.route->answer(&ex->rq, result, &ex->reply);
	if (rc == 0 && ex->rq.finish) {
		rc = later_add(ex);
		ex->running = rc == 0;
		if (rc == 0)
			return;
	}
	settle(ex, rc);
	unpark(ex);
}

void exchange_finish(struct exchange *ex)
{
	if (!is_awaited(ex))
		return;
	settle(ex, ex->rq.finish(&ex->rq, &ex->reply));
	unpark(ex);
}

void exchange_give_up(struct exchange *ex)
{
	settle(ex, PROBLEM_UNAVAILABLE);
	unpark(ex);
}

static enum MHD_Result serve(struct exchange *ex)
{
	const struct route *route = ex->rq.route;
	int rc;

	ex->whole_us = http_clock_us();
	rc = headers_authenticate(ex);
	if (rc == 0)
		rc = payment_take(ex);
	if (rc == 0 && route->ask)
		rc = route->ask(&ex->rq, &ex->rq.call.params);
	if (rc == 0 && ex->rq.finish && later_is_full(ex->http))
		rc = E_BUSY;
	if (rc == 0)
		rc = body_hold_reply(ex);
	if (rc)
		return reply_now(ex, rc);
	if (!route->function)
		return reply_now(ex, route->answer(&ex->rq, NULL, &ex->reply));
	if (ex->http->closing)
		return reply_now(ex, PROBLEM_UNAVAILABLE);
	ex->rq.call.statement = route->function;
	ex->rq.call.done = call_done;
	park(ex); /* first: what is not suspended must not be resumed */
	rc = db_submit(ex->http->options.db, &ex->rq.call);
	if (rc) {
		settle(ex, rc);
		unpark(ex);
		return MHD_YES;
	}
	ex->running = true;
	return MHD_YES;
}

/* --- libmicrohttpd's callbacks ------------------------------------------ */

/* Whatever is asked costs a token, nonsense too. */
static int charge(const struct exchange *ex)
{
	struct http *http = ex->http;

	if (!ex->conn->budget ||
			budget_spend(http->budget, ex->conn->budget, http_now_us(http)) == 0)
		return 0;
	http->counters.over_requests++;
	return PROBLEM_TOO_MANY;
}

static enum MHD_Result begin(struct exchange *ex, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			ex->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	const char *length;
	int over;

	ex->begun = true;
	ex->http->counters.requests++;
	ex->method = method;
	ex->conn = info ? listener_conn(ex->http, info->connect_fd) : NULL;
	if (!ex->conn)
		return MHD_NO;
	ex->conn->busy = true;
	ex->conn->asked = true;
	ex->rq.app = ex->http->options.app;
	over = charge(ex);
	ex->problem = headers_check(ex, version);
	if (!ex->problem)
		ex->problem = over;
	if (!ex->problem && ex->http->options.overload)
		ex->problem = overload_admit(ex->http->options.overload, ex->rq.route);
	if (!ex->problem)
		return MHD_YES;
	/* Where headers lie, nobody knows where the next request begins; and who asks too much is not
	 * to be heard at once again. */
	ex->closes = over || ex->problem == PROBLEM_BAD_REQUEST ||
			ex->problem == PROBLEM_LENGTH_REQUIRED;
	/* A reply before the body closes the connection and may be lost, so short bodies are read
	 * to their end. */
	length = MHD_lookup_connection_value(ex->mhd, MHD_HEADER_KIND, "Content-Length");
	if (ex->problem == PROBLEM_LENGTH_REQUIRED ||
			(length && strtoull(length, NULL, 10) > DRAIN_BYTES))
		return reply_now(ex, ex->problem);
	return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *ex, const char *data, size_t *data_len)
{
	int rc = ex->problem ? 0 : body_take(ex, data, *data_len);

	if (rc == PROBLEM_BODY_SIZE)
		return MHD_NO;
	if (rc) {
		ex->problem = rc;
		body_drop(ex);
	}
	*data_len = 0;
	return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd dictates its form. */
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *mhd, const char *url,
		const char *method, const char *version, const char *data, size_t *data_len,
		void **slot)
{
	struct exchange *ex = *slot;

	(void)cls;
	(void)mhd;
	(void)url;
	if (!ex)
		return MHD_NO;
	if (!ex->begun)
		return begin(ex, method, version);
	if (*data_len)
		return take_body(ex, data, data_len);
	if (ex->answered)
		return ex->reply.body ? send_reply(ex) : MHD_NO;
	if (ex->problem)
		return reply_now(ex, ex->problem);
	if (ex->rq.body_len != ex->rq.route->body_bytes)
		return reply_now(ex, PROBLEM_BODY_SIZE);
	return serve(ex);
}

void exchange_ended(void *cls, struct MHD_Connection *mhd, void **slot,
		enum MHD_RequestTerminationCode code)
{
	struct exchange *ex = *slot;

	(void)cls;
	(void)mhd;
	(void)code;
	*slot = NULL;
	if (!ex)
		return;
	if (ex->conn) {
		ex->conn->busy = false;
		listener_move(ex->conn, &ex->http->reading); /* time for the next request */
	}
	ex->mhd = NULL;
	ex->conn = NULL;
	if (!ex->running)
		exchange_free(ex);
	else if (ex->http->closing)
		ex->http = NULL; /* which is gone before the call is done */
}
