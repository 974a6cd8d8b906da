/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The secret goes through pipes, in hexadecimal; only the name, which is none, is an argument. */
#include "client/lib/device.h"

#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Never looked for elsewhere. */
#define TOOL "/usr/bin/secret-tool"

enum {
	NAME_TEXT = 2 * DEVICE_NAME_BYTES,
	SECRET_TEXT = 2 * KEY_BYTES,
	ASKING_MS = 120000,
	FORGETTING_MS = 5000
};

/* --- the program -------------------------------------------------------- */

static int spawn(pid_t *out, char *const argv[], int in, int to)
{
	posix_spawn_file_actions_t files;
	int rc;

	posix_spawn_file_actions_init(&files);
	rc = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) ||
					posix_spawn_file_actions_adddup2(
							&files, to, STDOUT_FILENO) ||
					posix_spawn_file_actions_addopen(&files, STDERR_FILENO,
							"/dev/null", O_WRONLY, 0) ||
					posix_spawn_file_actions_addclosefrom_np(
							&files, STDERR_FILENO + 1)
			? ENOMEM
			: posix_spawn(out, TOOL, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return rc ? DEVICE_NONE : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the other end is closed, which it is when the program has ended. How much came, or -1. */
static int hear(char *out, size_t room, int from, int wait_ms)
{
	const int64_t until_ms = now_ms() + wait_ms;
	size_t used = 0;

	for (;;) {
		const int64_t left_ms = until_ms - now_ms();
		struct pollfd fd = { from, POLLIN, 0 };
		ssize_t n;

		if (left_ms <= 0)
			return -1;
		if (poll(&fd, 1, (int)left_ms) < 1)
			continue;
		n = read(from, out + used, room - used);
		if (n == 0)
			return (int)used;
		if (n < 0 || used + (size_t)n == room)
			return -1;
		used += (size_t)n;
	}
}

/* 0: it ended well. Killed if it has not ended by now. */
static int reap(pid_t child, bool in_time)
{
	int status = -1;

	if (!in_time)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : DEVICE_NONE;
}

struct talk {
	char *const *argv;
	const char *says; /* SECRET_TEXT, or NULL */
	char *hears;	  /* SECRET_TEXT and one more */
	int wait_ms;
};

static int run(const struct talk *t)
{
	int to[2], from[2], heard, rc;
	bool told = true;
	pid_t child;

	if (pipe2(to, O_CLOEXEC) < 0)
		return E_NOMEM;
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		close(to[1]);
		return E_NOMEM;
	}
	rc = spawn(&child, t->argv, to[0], from[1]);
	/* Less than a pipe holds, and its reading end is still here: neither waits nor fails. */
	if (rc == 0 && t->says)
		told = write(to[1], t->says, SECRET_TEXT) == SECRET_TEXT;
	close(to[0]);
	close(to[1]);
	close(from[1]);
	if (rc == 0) {
		heard = !told ? -1 : hear(t->hears, SECRET_TEXT + 1, from[0], t->wait_ms);
		rc = reap(child, heard >= 0);
		t->hears[rc == 0 ? heard : 0] = '\0';
	}
	close(from[0]);
	return rc;
}

/* --- the secret ---------------------------------------------------------- */

/* verb: how secret-tool calls it; says: hexadecimal. */
static int ask(char *verb, const uint8_t name[static DEVICE_NAME_BYTES], struct talk *t)
{
	char text[NAME_TEXT + 1];
	char *const store[] = { TOOL, verb, "--label=sotto", "application", "sotto", "profile",
		text, NULL };
	char *const others[] = { TOOL, verb, "application", "sotto", "profile", text, NULL };
	int rc;

	sodium_bin2hex(text, sizeof text, name, DEVICE_NAME_BYTES);
	t->argv = t->says ? store : others;
	rc = run(t);
	t->argv = NULL;
	return rc;
}

int device_make(const uint8_t name[static DEVICE_NAME_BYTES])
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	char text[SECRET_TEXT + 1], nothing[SECRET_TEXT + 1];
	struct talk t = { .says = text, .hears = nothing, .wait_ms = ASKING_MS };
	int rc;

	key_random(&secret);
	sodium_bin2hex(text, sizeof text, secret.b, sizeof secret.b);
	rc = ask("store", name, &t);
	sodium_memzero(text, sizeof text);
	return rc;
}

int device_use(struct key *out, const uint8_t name[static DEVICE_NAME_BYTES])
{
	char text[SECRET_TEXT + 1] = "";
	struct talk t = { .hears = text, .wait_ms = ASKING_MS };
	size_t len = 0;
	int rc = ask("lookup", name, &t);

	if (rc == 0 &&
			(sodium_hex2bin(out->b, sizeof out->b, text, strlen(text), NULL, &len,
					 NULL) ||
					len != sizeof out->b))
		rc = DEVICE_NONE;
	sodium_memzero(text, sizeof text);
	return rc;
}

void device_forget(const uint8_t name[static DEVICE_NAME_BYTES])
{
	char nothing[SECRET_TEXT + 1];
	struct talk t = { .hears = nothing, .wait_ms = FORGETTING_MS };

	if (ask("clear", name, &t)) {
		/* Without a vault it opens nothing. */
	}
}
