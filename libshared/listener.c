/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Connections: accepted on the inherited socket, charged to the circuit of their line, handed to
 * libmicrohttpd, ended at their deadline. Trusts the socket's permissions for the line; strangers
 * decide only how many and how slow.
 */
#include "libshared/http_private.h"

#include "libshared/circuit.h"
#include "libshared/error.h"
#include "libshared/journal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { ACCEPTS_A_TURN = 64, ACCURACY_US = 10000, SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US };

/* --- the two lists ------------------------------------------------------ */

static void unlink_conn(struct conn *conn)
{
	struct conn_list *list = conn->list;

	if (!list)
		return;
	*(conn->prev ? &conn->prev->next : &list->first) = conn->next;
	*(conn->next ? &conn->next->prev : &list->last) = conn->prev;
	conn->prev = conn->next = NULL;
	conn->list = NULL;
}

/* Runs at the first deadline that there is, or earlier: deadlines that moved on are not chased. */
static void wake_at(struct http *http, uint64_t at_us)
{
	if (http->wake_us <= at_us)
		return;
	http->wake_us = at_us;
	sd_event_source_set_time(http->deadlines, at_us);
	sd_event_source_set_enabled(http->deadlines, SD_EVENT_ONESHOT);
}

void listener_move(struct conn *conn, struct conn_list *list)
{
	unlink_conn(conn);
	conn->since_us = http_now_us(conn->http);
	conn->deadline_us = conn->since_us + list->duration_us;
	wake_at(conn->http, conn->deadline_us);
	conn->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = conn;
	list->last = conn;
	conn->list = list;
}

struct conn *listener_conn(const struct http *http, int fd)
{
	return fd >= 0 && (size_t)fd < http->n_by_fd ? http->by_fd[fd] : NULL;
}

static int remember(struct http *http, struct conn *conn)
{
	size_t n = http->n_by_fd;

	while (n <= (size_t)conn->fd)
		n = n ? n * 2 : 64;
	if (n != http->n_by_fd) {
		struct conn **grown = realloc(http->by_fd, n * sizeof(struct conn *));

		if (!grown)
			return E_NOMEM;
		memset(grown + http->n_by_fd, 0, (n - http->n_by_fd) * sizeof(struct conn *));
		http->by_fd = grown;
		http->n_by_fd = n;
	}
	http->by_fd[conn->fd] = conn;
	return 0;
}

static void accept_again(struct http *http)
{
	http->accept_paused = false;
	if (http->listen)
		sd_event_source_set_enabled(http->listen, SD_EVENT_ON);
}

static void tell_limit(struct http *http, const char *limit)
{
	uint64_t now = http_now_us(http);

	if (http->limit_told_us && now - http->limit_told_us < MINUTE_US)
		return;
	http->limit_told_us = now;
	journal_say(http->journal, EVENT_LIMIT, "%s", limit);
}

/* Until one of ours ends, or for a second: descriptors may be used up elsewhere. */
static void pause_accepting(struct http *http, const char *limit)
{
	http->accept_paused = true;
	sd_event_source_set_enabled(http->listen, SD_EVENT_OFF);
	wake_at(http, http_now_us(http) + SECOND_US);
	tell_limit(http, limit);
}

void listener_end(struct conn *conn)
{
	struct http *http = conn->http;

	unlink_conn(conn);
	budget_leave(conn->budget);
	sd_event_source_disable_unref(conn->line);
	http->by_fd[conn->fd] = NULL;
	http->counters.connections--;
	free(conn);
	if (http->accept_paused)
		accept_again(http);
}

/* Before libmicrohttpd has it: the descriptor is ours to close. */
static void drop(struct conn *conn)
{
	int fd = conn->fd;

	listener_end(conn);
	close(fd);
}

static void end_reading(struct conn *conn)
{
	if (conn->line) {
		drop(conn);
		return;
	}
	shutdown(conn->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
	listener_move(conn, &conn->http->reading);
}

/* --- from accept to libmicrohttpd --------------------------------------- */

static void hand_over(struct conn *conn)
{
	struct http *http = conn->http;
	int fd = conn->fd;

	conn->line = sd_event_source_disable_unref(conn->line);
	/* It closes the descriptor itself when it refuses, and may or may not have told us by then.
	 */
	if (MHD_add_connection(http->mhd, fd, (struct sockaddr *)&conn->address,
			    sizeof conn->address) != MHD_YES &&
			listener_conn(http, fd) == conn)
		listener_end(conn);
	http_run_soon(http);
}

static bool is_within_budget(struct conn *conn)
{
	struct http *http = conn->http;

	switch (budget_join(http->budget, circuit_number(&conn->address.sin6_addr),
			http_now_us(http), &conn->budget)) {
	case 0:
		return true;
	case BUDGET_SPENT:
		http->counters.over_connections++;
		return false;
	default:
		http->counters.over_circuits++;
		tell_limit(http, "no more circuits: new ones are closed");
		return false;
	}
}

static int on_line(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct conn *conn = userdata;
	struct in6_addr circuit;
	int rc = circuit_take(&circuit, fd);

	(void)source;
	/* An edge comes once: who left half a line behind will not be heard of again. */
	if (rc == CIRCUIT_MORE && !(revents & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return 0;
	if (rc) {
		conn->http->counters.refused_lines++;
		drop(conn);
		return 0;
	}
	conn->address.sin6_addr = circuit;
	if (is_within_budget(conn))
		hand_over(conn);
	else
		drop(conn);
	return 0;
}

/* Whoever has been heard of longest ago ends for a newcomer, unless that was a moment ago: else a
 * few who say nothing would keep all others out until their deadline. */
static void make_room(struct http *http)
{
	struct conn *conn = http->reading.first;

	if (!conn || conn->since_us + http->options.yield_ms * (uint64_t)1000 > http_now_us(http))
		return;
	http->counters.yielded++;
	end_reading(conn);
}

static void take(struct http *http, int fd)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn) {
		close(fd);
		return;
	}
	conn->http = http;
	conn->fd = fd;
	conn->address.sin6_family = AF_INET6;
	conn->address.sin6_addr = in6addr_loopback;
	if (remember(http, conn)) {
		free(conn);
		close(fd);
		return;
	}
	http->counters.connections++;
	listener_move(conn, &http->reading);
	if (http->options.circuit_line == CIRCUIT_OFF) {
		hand_over(conn);
	} else if (sd_event_add_io(http->event, &conn->line, fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
				   on_line, conn) < 0) {
		drop(conn);
	}
}

static int on_listen(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct http *http = userdata;

	(void)source;
	(void)revents;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int peer;

		if (http->counters.connections >= http->options.max_connections) {
			if (i > 0)
				return 0; /* whether another one waits is not known yet */
			pause_accepting(http, "no more connections: others wait");
			make_room(http);
			return 0;
		}
		peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peer >= 0) {
			take(http, peer);
		} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			pause_accepting(http, "no more descriptors: others wait");
			return 0;
		} else {
			return 0;
		}
	}
	return 0;
}

/* --- deadlines ---------------------------------------------------------- */

static void sweep_reading(struct http *http, uint64_t now)
{
	struct conn *next;

	for (struct conn *conn = http->reading.first; conn && conn->deadline_us <= now;
			conn = next) {
		next = conn->next;
		http->counters.deadlines++;
		end_reading(conn);
	}
}

static void sweep_parked(struct http *http, uint64_t now)
{
	struct conn *conn;

	while ((conn = http->parked.first) && conn->deadline_us <= now) {
		http->counters.deadlines++;
		listener_move(conn, &http->reading);
		exchange_give_up(conn->exchange);
	}
}

static int on_deadlines(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct http *http = userdata;
	uint64_t now = http_now_us(http);

	(void)usec;
	(void)source;
	http->wake_us = UINT64_MAX;
	sweep_reading(http, now);
	sweep_parked(http, now);
	if (http->accept_paused)
		accept_again(http);
	if (http->reading.first) /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what was dropped is
				    in no list */
		wake_at(http, http->reading.first->deadline_us);
	if (http->parked.first)
		wake_at(http, http->parked.first->deadline_us);
	return 0;
}

/* --- start and stop ----------------------------------------------------- */

int listener_start(struct http *http)
{
	http->reading.duration_us = http->options.deadline_ms * (uint64_t)1000;
	http->parked.duration_us = PARK_MS * (uint64_t)1000;
	if (http->parked.duration_us > http->reading.duration_us)
		http->parked.duration_us = http->reading.duration_us;
	http->wake_us = UINT64_MAX;
	if (sd_event_add_io(http->event, &http->listen, http->options.listen_fd, EPOLLIN, on_listen,
			    http) < 0 ||
			sd_event_add_time(http->event, &http->deadlines, CLOCK_MONOTONIC,
					UINT64_MAX, ACCURACY_US, on_deadlines, http) < 0)
		return E_NOMEM;
	return 0;
}

void listener_stop(struct http *http)
{
	http->listen = sd_event_source_disable_unref(http->listen);
}

void listener_drop(struct http *http)
{
	struct conn *next;

	for (struct conn *conn = http->reading.first; conn; conn = next) {
		next = conn->next;
		if (conn->line)
			drop(conn);
	}
}
