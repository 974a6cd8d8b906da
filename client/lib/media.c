/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the child says is believed as little as the stranger whose media it decodes. */
#include "client/lib/media.h"

#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAY_FD = 3, LINE_MOST = 16384, PIECE = 65536, READY_MS = 60000, END_MS = 5000 };

struct media {
	pid_t pid;
	int talk;	 /* its standard input and output */
	int listener;	 /* its, behind which we put the relay */
	int relay, stop; /* stop: an eventfd that ends the thread */
	bool carries;
	pthread_t carrier;
	char line[LINE_MOST];
	size_t used;
};

/* --- the stream --------------------------------------------------------- */

struct way {
	int from, to;
	uint8_t bytes[PIECE];
	size_t at, len;
};

/* Moves what can be moved. false: that end is gone. */
static bool move(struct way *w, int from_events, int to_events)
{
	ssize_t n;

	if (w->len == 0 && from_events) {
		n = recv(w->from, w->bytes, sizeof w->bytes, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		w->at = 0;
		w->len = n > 0 ? (size_t)n : 0;
		to_events = POLLOUT; /* most often there is room */
	}
	if (w->len && to_events) {
		n = send(w->to, w->bytes + w->at, w->len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		w->at += n > 0 ? (size_t)n : 0;
		w->len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void carry_both(struct way *out, struct way *in, int stop)
{
	for (bool alive = true; alive;) {
		struct pollfd fds[3] = {
			{ out->from, (short)((out->len ? 0 : POLLIN) | (in->len ? POLLOUT : 0)),
					0 },
			{ in->from, (short)((in->len ? 0 : POLLIN) | (out->len ? POLLOUT : 0)), 0 },
			{ stop, POLLIN, 0 },
		};
		const int gone = POLLIN | POLLHUP | POLLERR;

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		alive = !fds[2].revents &&
				move(out, fds[0].revents & gone,
						fds[1].revents & (POLLOUT | POLLERR)) &&
				move(in, fds[1].revents & gone,
						fds[0].revents & (POLLOUT | POLLERR));
	}
}

/* One connection and no more. When one end is gone so is the other: the media notice. */
static void *carrier(void *userdata)
{
	struct media *m = userdata;
	struct way *out = calloc(1, sizeof *out), *in = calloc(1, sizeof *in);
	struct pollfd fds[2] = { { m->listener, POLLIN, 0 }, { m->stop, POLLIN, 0 } };
	int inner = -1;

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (!fds[1].revents)
		inner = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
	if (inner >= 0 && out && in) {
		out->from = in->to = inner;
		out->to = in->from = m->relay;
		carry_both(out, in, m->stop);
	}
	shutdown(m->relay, SHUT_RDWR);
	close(inner);
	free(out);
	free(in);
	return NULL;
}

int media_carry(struct media *m, int relay_fd)
{
	m->relay = relay_fd;
	m->stop = eventfd(0, EFD_CLOEXEC);
	if (m->stop < 0 || pthread_create(&m->carrier, NULL, carrier, m))
		return E_NOMEM;
	m->carries = true;
	return 0;
}

/* --- the child ---------------------------------------------------------- */

/* Nothing of ours but its three descriptors, and nothing of what libraries say that look for
 * devices; in a group of its own, so that what a person types to end us does not end it first. */
static int spawn(pid_t *out, const char *program, int talk, int way)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t all;
	char *argv[] = { (char *)program, NULL };
	int rc;

	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	rc = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF) ||
					posix_spawnattr_setsigdefault(&how, &all) ||
					posix_spawn_file_actions_adddup2(
							&files, talk, STDIN_FILENO) ||
					posix_spawn_file_actions_adddup2(
							&files, talk, STDOUT_FILENO) ||
					posix_spawn_file_actions_adddup2(&files, way, WAY_FD) ||
					posix_spawn_file_actions_addopen(&files, STDERR_FILENO,
							"/dev/null", O_WRONLY, 0) ||
					posix_spawn_file_actions_addclosefrom_np(&files, WAY_FD + 1)
			? ENOMEM
			: posix_spawn(out, program, &files, &how, argv, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	if (rc == 0)
		return 0;
	return rc == ENOENT || rc == EACCES ? MEDIA_NONE : E_NOMEM;
}

/* The listening socket that it hands over, or -1: it ends instead, and says why. */
static int receive_listener(int from)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct pollfd fd = { from, POLLIN, 0 };
	struct cmsghdr *head;
	int listener;

	while (poll(&fd, 1, READY_MS) < 0 && errno == EINTR)
		;
	if (recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
			head->cmsg_len != CMSG_LEN(sizeof listener))
		return -1;
	memcpy(&listener, CMSG_DATA(head), sizeof listener);
	return listener;
}

int media_open(struct media **out, const char *program)
{
	CLEANUP(media_close) struct media *m = calloc(1, sizeof *m);
	int talk[2] = { -1, -1 }, way[2] = { -1, -1 }, rc;

	if (!m)
		return E_NOMEM;
	m->talk = m->listener = m->relay = m->stop = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		return E_NOMEM;
	m->talk = talk[0];
	rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, way) < 0 ? E_NOMEM : 0;
	rc = rc ? rc : spawn(&m->pid, program, talk[1], way[1]);
	close(talk[1]);
	close(way[1]);
	if (rc == 0)
		m->listener = receive_listener(way[0]);
	close(way[0]);
	if (rc == 0)
		*out = STEAL(m);
	return rc;
}

/* The end of its input ends it; one that does not end is ended. */
static void end_child(struct media *m)
{
	struct pollfd fd = { m->talk, POLLIN, 0 };
	char rest[4096];

	shutdown(m->talk, SHUT_WR);
	while (poll(&fd, 1, END_MS) > 0 && recv(m->talk, rest, sizeof rest, MSG_DONTWAIT) > 0)
		;
	kill(m->pid, SIGKILL);
	while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void media_close(struct media *m)
{
	const uint64_t one = 1;

	if (!m)
		return;
	if (m->carries && write(m->stop, &one, sizeof one) == sizeof one)
		pthread_join(m->carrier, NULL);
	if (m->pid > 0)
		end_child(m);
	close(m->talk);
	close(m->listener);
	close(m->relay);
	close(m->stop);
	free(m);
}

/* --- lines -------------------------------------------------------------- */

void media_tell(struct media *m, json_t *command)
{
	char *text = json_dumps(command, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;

	if (text) {
		text[len] = '\n'; /* in place of its NUL */
		if (send(m->talk, text, len + 1, MSG_NOSIGNAL) < 0) {
			/* it is gone: the next event says so */
		}
		sodium_memzero(text, len); /* credentials */
	}
	free(text);
	json_decref(command);
}

int media_fd(const struct media *m)
{
	return m->talk;
}

static int take_line(struct media *m, json_t **out, char *end)
{
	*end = '\0';
	*out = json_loads(m->line, JSON_REJECT_DUPLICATES, NULL);
	m->used -= (size_t)(end + 1 - m->line);
	memmove(m->line, end + 1, m->used);
	return *out ? 0 : MEDIA_GONE;
}

int media_next(struct media *m, json_t **out)
{
	char *end = memchr(m->line, '\n', m->used);
	ssize_t n;

	if (!end) {
		n = recv(m->talk, m->line + m->used, sizeof m->line - m->used, MSG_DONTWAIT);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR) ? MEDIA_NOTHING
									    : MEDIA_GONE;
		m->used += (size_t)n;
		end = memchr(m->line, '\n', m->used);
	}
	return end ? take_line(m, out, end) : MEDIA_NOTHING;
}
