/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Libmicrohttpd in our loop: its epoll descriptor is one of our sources, and it is run when that is
 * readable or when it says that it has more to do. It never accepts, never times out, never logs:
 * listener.c does the first two.
 */
#include "libshared/http_private.h"

#include "libshared/error.h"

#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { SECOND_US = 1000000, HOUR_S = 3600 };

uint64_t http_now_us(const struct http *http)
{
	uint64_t now = 0;

	sd_event_now(http->event, CLOCK_MONOTONIC, &now);
	return now;
}

uint64_t http_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

const char *http_nonce(struct http *http)
{
	uint64_t now_s = (uint64_t)time(NULL);
	uint8_t nonce[NONCE_BYTES];

	if (now_s / HOUR_S != http->nonce_hour) {
		http->nonce_hour = now_s / HOUR_S;
		nonce_at(nonce, http->options.nonce_key, now_s);
		base64url_write(http->nonce_text, nonce, sizeof nonce);
	}
	return http->nonce_text;
}

void http_run_soon(struct http *http)
{
	sd_event_source_set_enabled(http->mhd_run, SD_EVENT_ONESHOT);
}

static int run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(http->mhd);
	if (MHD_get_timeout(http->mhd, &wait_ms) == MHD_YES && wait_ms == 0)
		http_run_soon(http);
	return 0;
}

static int on_mhd_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	return run(userdata);
}

static int on_mhd_run(sd_event_source *source, void *userdata)
{
	(void)source;
	return run(userdata);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
		enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		*slot = info ? listener_conn(http, info->connect_fd) : NULL;
	} else if (*slot) {
		listener_end(*slot);
		*slot = NULL;
	}
}

static void no_log(void *cls, const char *format, va_list args)
{
	(void)cls; /* it would write addresses and three lines a request on unix sockets */
	(void)format;
	(void)args;
}

/*
 * 1.0 (Debian 13) joins folded lines unseen unless it is told to refuse them; 0.9.75 (Debian 12)
 * does not know the option and leaves them to headers.c.
 */
#if MHD_VERSION >= 0x00097701
#define STRICT MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#else
#define STRICT
#endif

static int start_mhd(struct http *http)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ERROR_LOG;
	const union MHD_DaemonInfo *info;

	http->mhd = MHD_start_daemon(flags, 0, NULL, NULL, exchange_step, http,
			STRICT MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
			MHD_OPTION_URI_LOG_CALLBACK, exchange_new, http,
			MHD_OPTION_NOTIFY_COMPLETED, exchange_ended, http,
			MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
			MHD_OPTION_CONNECTION_LIMIT, http->options.max_connections + 8,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
			MHD_OPTION_END);
	if (!http->mhd)
		return E_NOMEM;
	info = MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info ||
			sd_event_add_io(http->event, &http->mhd_io, info->epoll_fd, EPOLLIN,
					on_mhd_io, http) < 0)
		return E_IO;
	return 0;
}

static int start_budget(struct http *http)
{
	const struct http_options *o = &http->options;
	const struct budget_options options = {
		.rows = BUDGET_ROWS_PER_CONNECTION * o->max_connections,
		.connections = o->circuit_connections,
		.requests = o->circuit_requests,
		.burst = o->circuit_burst,
	};

	return o->circuit_line == CIRCUIT_OFF ? 0 : budget_new(&http->budget, &options);
}

int http_new(struct http **out, sd_event *event, const struct journal *journal,
		const struct http_options *options)
{
	CLEANUP(http_free) struct http *http = calloc(1, sizeof *http);
	int rc;

	if (!http)
		return E_NOMEM;
	http->event = sd_event_ref(event);
	http->journal = journal;
	http->options = *options;
	http->nonce_hour = UINT64_MAX;
	token_challenge_digest(http->token_digest, options->onion_name);
	if (sd_event_add_defer(event, &http->mhd_run, on_mhd_run, http) < 0 ||
			sd_event_source_set_enabled(http->mhd_run, SD_EVENT_OFF) < 0)
		return E_NOMEM;
	rc = start_budget(http);
	if (rc == 0)
		rc = later_start(http);
	if (rc == 0)
		rc = start_mhd(http);
	if (rc == 0)
		rc = listener_start(http);
	if (rc)
		return rc;
	*out = STEAL(http);
	return 0;
}

void http_drain(struct http *http)
{
	http->draining = true;
	listener_stop(http);
	/* Kept alive, asking nothing. A request that has arrived but was not read yet is still read
	 * and answered, and who has only just come may still ask. */
	for (struct conn *conn = http->reading.first; conn; conn = conn->next)
		if (conn->asked && !conn->busy)
			shutdown(conn->fd, SHUT_RD);
}

bool http_is_idle(const struct http *http)
{
	return http->counters.parked == 0 && !http->reading.first;
}

/* Libmicrohttpd must not be stopped while connections are suspended: give each its 503 first. */
static void unpark_all(struct http *http)
{
	struct conn *conn;

	http->closing = true;
	while ((conn = http->parked.first)) {
		listener_move(conn, &http->reading);
		exchange_give_up(conn->exchange);
	}
	MHD_run(http->mhd);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	listener_stop(http);
	listener_drop(http);
	if (http->mhd) {
		unpark_all(http);
		MHD_stop_daemon(http->mhd);
	}
	later_stop(http);
	sd_event_source_disable_unref(http->mhd_io);
	sd_event_source_disable_unref(http->mhd_run);
	sd_event_source_disable_unref(http->deadlines);
	sd_event_unref(http->event);
	budget_free(http->budget);
	free(http->by_fd);
	free(http);
}

struct http_counters *http_counters(struct http *http)
{
	return &http->counters;
}
