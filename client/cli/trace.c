/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sotto trace COMMAND: the command runs where there is no network but one listening socket, which
 * it takes for Tor's SOCKS port. We accept outside, carry the bytes to the real one, and tell what
 * was asked for. The kernel sees to it that there is no other way.
 */
#include "client/cli/cli.h"

#include "client/media/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GREETING = 3, LANES_MOST = 64, ROOM = 16384, HEAD_MOST = 3 + 3 + 2 * 255 + 5 + 255 + 2 };

struct half { /* what one side has said and the other has not heard yet */
	uint8_t bytes[ROOM];
	size_t from, to;
	uint64_t total;
	bool ended;
};

struct lane {	   /* one connection of the command, and ours to the real port */
	int fd[2]; /* -1: free */
	struct half half[2];
	uint8_t head[HEAD_MOST]; /* the command's first bytes: RFC 1928, 1929 */
	size_t head_len;
};

struct trace {
	const struct cli *cli;
	struct addrinfo *socks;
	int child, listener;		   /* child: a socket that ends with the command */
	unsigned n_carried, n_odd, n_lost; /* lost: nobody listens at the port */
	struct lane lanes[LANES_MOST];
};

/* --- what was asked for -------------------------------------------------- */

/* The user name stands for the circuit; its first 8 digits will do to tell them apart. */
struct wish {
	char circuit[9], onion[256];
	unsigned port;
};
static bool read_head(struct wish *out, const struct lane *lane)
{
	const uint8_t *b = lane->head, *end = lane->head + lane->head_len;
	const uint8_t *auth = b + 2 + b[1], *ask;

	if (lane->head_len < 2 || b[0] != 5 || auth + 2 > end || auth[0] != 1)
		return false;
	ask = auth + 2 + auth[1];
	if (ask + 1 > end || ask + 1 + ask[0] + 5 > end)
		return false;
	ask += 1 + ask[0];
	if (ask[0] != 5 || ask[1] != 1 || ask[3] != 3 || ask + 5 + ask[4] + 2 > end)
		return false;
	snprintf(out->circuit, sizeof out->circuit, "%.*s", auth[1], (const char *)auth + 2);
	snprintf(out->onion, sizeof out->onion, "%.*s", ask[4], (const char *)ask + 5);
	out->port = (unsigned)ask[5 + ask[4]] << 8 | ask[6 + ask[4]];
	return true;
}

static void tell_lane(struct trace *t, const struct lane *lane)
{
	const unsigned long long out = lane->half[0].total, in = lane->half[1].total;
	struct wish w = { .port = 0 };
	char text[480];
	const size_t end = read_head(&w, lane) ? strlen(w.onion) : 0;
	const bool known = end > 6 && strcmp(w.onion + end - 6, ".onion") == 0;
	const bool asked = out > GREETING; /* else it only looked who is there, as doctor does */

	t->n_carried++;
	t->n_odd += asked && !known;
	if (t->cli->json) {
		show_json(json_pack("{s:s, s:b, s:o, s:o, s:i, s:I, s:I}", "event", "traced",
				"named", known, "circuit", show_string(w.circuit), "onion",
				show_string(w.onion), "port", (int)w.port, "out", (json_int_t)out,
				"in", (json_int_t)in));
		return;
	}
	if (known)
		snprintf(text, sizeof text, "circuit %s to %s:%u, %llu bytes out, %llu in",
				w.circuit, w.onion, w.port, out, in);
	else
		snprintf(text, sizeof text, "%s, %llu bytes out, %llu in",
				asked ? "no onion over a circuit of its own" : "asked for nothing",
				out, in);
	show_event(t->cli, "traced", text);
}

/* --- carrying ------------------------------------------------------------ */

static void lane_end(struct trace *t, struct lane *lane)
{
	tell_lane(t, lane);
	close(lane->fd[0]);
	close(lane->fd[1]);
	lane->fd[0] = lane->fd[1] = -1;
}

static int connect_to(const struct addrinfo *at)
{
	int fd = -1;

	for (; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	return fd;
}

static void lane_begin(struct trace *t)
{
	int fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), to;
	struct lane *lane = NULL;

	for (size_t i = 0; i < LANES_MOST && !lane; i++)
		if (t->lanes[i].fd[0] < 0)
			lane = &t->lanes[i];
	to = fd >= 0 && lane ? connect_to(t->socks) : -1;
	if (to < 0) {
		t->n_lost += fd >= 0;
		close(fd);
		return;
	}
	fcntl(to, F_SETFL, O_NONBLOCK);
	memset(lane, 0, sizeof *lane);
	lane->fd[0] = fd;
	lane->fd[1] = to;
}

static void hear(struct lane *lane, int side)
{
	struct half *h = &lane->half[side];
	ssize_t n = recv(lane->fd[side], h->bytes, ROOM, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	h->ended = n <= 0;
	h->from = 0;
	h->to = n > 0 ? (size_t)n : 0;
	h->total += h->to;
	if (side == 0 && lane->head_len < HEAD_MOST) {
		size_t more = HEAD_MOST - lane->head_len;

		more = more < h->to ? more : h->to;
		memcpy(lane->head + lane->head_len, h->bytes, more);
		lane->head_len += more;
	}
	if (h->ended)
		shutdown(lane->fd[!side], SHUT_WR);
}

static bool pass_on(struct lane *lane, int side)
{
	struct half *h = &lane->half[side];
	ssize_t n = send(lane->fd[!side], h->bytes + h->from, h->to - h->from, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->from += (size_t)n;
	return true;
}

static short wants(const struct lane *lane, int side)
{
	const struct half *in = &lane->half[side], *out = &lane->half[!side];

	return (short)((in->from == in->to && !in->ended ? POLLIN : 0) |
			(out->from < out->to ? POLLOUT : 0));
}

static void lane_turn(struct trace *t, struct lane *lane, const struct pollfd *polled)
{
	bool goes_on = true;

	for (int side = 0; side < 2 && goes_on; side++) {
		if (polled[side].revents & (POLLIN | POLLHUP | POLLERR) &&
				wants(lane, side) & POLLIN)
			hear(lane, side);
		if (lane->half[!side].from < lane->half[!side].to)
			goes_on = pass_on(lane, !side);
	}
	if (!goes_on || (lane->half[0].ended && lane->half[1].ended))
		lane_end(t, lane);
}

/* Until the command has ended. */
static void carry(struct trace *t)
{
	struct pollfd polled[2 + 2 * LANES_MOST];
	char unused;

	for (;;) {
		polled[0] = (struct pollfd){ .fd = t->child, .events = POLLIN };
		polled[1] = (struct pollfd){ .fd = t->listener, .events = POLLIN };
		for (size_t i = 0; i < 2 * LANES_MOST; i++)
			polled[2 + i] = (struct pollfd){ .fd = t->lanes[i / 2].fd[i % 2],
				.events = wants(&t->lanes[i / 2], (int)(i % 2)) };
		if (poll(polled, ARRAY_LEN(polled), -1) < 0)
			continue;
		for (size_t i = 0; i < LANES_MOST; i++)
			if (t->lanes[i].fd[0] >= 0)
				lane_turn(t, &t->lanes[i], &polled[2 + 2 * i]);
		if (polled[1].revents)
			lane_begin(t);
		if (polled[0].revents && recv(t->child, &unused, 1, MSG_DONTWAIT) == 0)
			break;
	}
	for (size_t i = 0; i < LANES_MOST; i++)
		if (t->lanes[i].fd[0] >= 0)
			lane_end(t, &t->lanes[i]);
}

/* --- inside and outside -------------------------------------------------- */

/* A socket that was open already would be a way out. */
static void close_others(int one, int two)
{
	const unsigned first = (unsigned)(one < two ? one : two),
		       last = (unsigned)(one < two ? two : one), least = STDERR_FILENO + 1;

	if (two < (int)least) {
		syscall(SYS_close_range, least, (unsigned)one - 1, 0);
		syscall(SYS_close_range, (unsigned)one + 1, ~0U, 0);
		return;
	}
	if (first > least)
		syscall(SYS_close_range, least, first - 1, 0);
	if (last > first + 1)
		syscall(SYS_close_range, first + 1, last - 1, 0);
	syscall(SYS_close_range, last + 1, ~0U, 0);
}

static int inside(struct cli *cli, int to, pid_t parent)
{
	char socks[32];
	int port;

	close_others(to, cli->passphrase_fd);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || fcntl(to, F_DUPFD_CLOEXEC, 0) < 0) /* open while we are */
		return 1;
	if (sandbox_enter(to, &port) < 0 || sandbox_isolate() < 0) {
		tell(cli, 0,
				"this system gives no network namespace: run it as root, or allow "
				"unprivileged user namespaces");
		return tell_finish(cli, CLI_NO_CAGE);
	}
	snprintf(socks, sizeof socks, "127.0.0.1:%d", port);
	cli->socks = socks;
	return cli_run(cli);
}

static int take_listener(int from)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && (head = CMSG_FIRSTHDR(&message)))
		memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}

static int outside(struct trace *t, pid_t pid)
{
	char text[120];
	int status;

	signal(SIGINT, SIG_IGN); /* the command decides */
	t->listener = take_listener(t->child);
	if (t->listener >= 0)
		carry(t);
	close(t->listener);
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return tell(t->cli, CLI_STOPPED, "the command was killed");
	if (t->listener < 0)
		return CLI_STATUS + WEXITSTATUS(status);
	snprintf(text, sizeof text, "%u connections, all to %.60s; there was no other network",
			t->n_carried, t->cli->socks);
	show_event(t->cli, t->n_odd ? "bad" : "ok", text);
	if (t->n_lost)
		warn(t->cli, "nobody listens at the SOCKS port: is Tor running? See --socks");
	return t->n_odd ? answer(t->cli, CLI_UNWELL, text) : CLI_STATUS + WEXITSTATUS(status);
}

bool read_socks(char host[static HOST_MOST], char port[static PORT_MOST], const char *text)
{
	const char *colon = strrchr(text, ':');
	const size_t len = colon ? (size_t)(colon - text) : 0;
	const int number = colon ? read_number(colon + 1) : -1;

	if (!len || len >= HOST_MOST || number < 1 || number > 65535)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	snprintf(port, PORT_MOST, "%d", number);
	return true;
}

int trace_command(struct cli *cli)
{
	static struct trace t; /* two buffers a lane are too much for a stack */
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char host[HOST_MOST], port[PORT_MOST];
	int ends[2];
	pid_t pid, own = getpid();

	t.cli = cli;
	for (size_t i = 0; i < LANES_MOST; i++)
		t.lanes[i].fd[0] = t.lanes[i].fd[1] = -1;
	if (!read_socks(host, port, cli->socks) || getaddrinfo(host, port, &hints, &t.socks))
		return tell(cli, SOTTO_E_ARGUMENT, "--socks names no address");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return tell_answer(cli, SOTTO_E_FILE);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		exit(inside(cli, ends[1], own));
	}
	close(ends[1]);
	t.child = ends[0];
	return pid < 0 ? tell_answer(cli, SOTTO_E_FILE) : outside(&t, pid);
}
