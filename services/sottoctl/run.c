/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Trusts PATH and the administrator, who is root. No shell stands between, so no word is read
 * twice.
 */
#include "services/sottoctl/run.h"

#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { TEXT_MOST = 1 << 20 };

extern char **environ;

static int fail(const char *what)
{
	fprintf(stderr, "sottoctl: %s: %s\n", what, strerror(errno));
	return E_IO;
}

/* Starts it with standard input and output at these, or at ours where one is negative. */
static int start(pid_t *pid, const char *const words[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error == 0 && in >= 0)
		error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (error == 0 && out >= 0)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	fflush(stdout);
	/* posix_spawn changes none of the words. */
	if (error == 0)
		error = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
				environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = error;
	return error ? fail(words[0]) : 0;
}

static int finish(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "sottoctl: %s failed\n", name);
	return E_IO;
}

int run_program(const char *const words[])
{
	pid_t pid;
	int rc = start(&pid, words, -1, -1);

	return rc ? rc : finish(pid, words[0]);
}

static int read_all(char **out, FILE *file)
{
	CLEANUP(scope_free) char *text = malloc(TEXT_MOST + 1);
	size_t n;

	if (!text)
		return E_NOMEM;
	n = fread(text, 1, TEXT_MOST, file);
	if (ferror(file) || !feof(file))
		return E_IO;
	text[n] = '\0';
	*out = STEAL(text);
	return 0;
}

int run_and_read(char **out, const char *const words[])
{
	int ends[2], rc;
	FILE *from;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("pipe");
	rc = start(&pid, words, -1, ends[1]);
	close(ends[1]);
	from = fdopen(ends[0], "r");
	if (rc == 0) {
		rc = from ? read_all(out, from) : E_NOMEM;
		rc = finish(pid, words[0]) ? E_IO : rc;
	}
	if (from)
		fclose(from);
	else
		close(ends[0]);
	return rc;
}

static int read_bytes(int fd, void *out, size_t *len)
{
	size_t got = 0;
	ssize_t n = 1;

	while (got < *len && n > 0) {
		n = read(fd, (uint8_t *)out + got, *len - got);
		got += n > 0 ? (size_t)n : 0;
	}
	*len = got;
	return n < 0 ? E_IO : 0;
}

int run_filter(const char *const words[], const void *in, size_t in_len, void *out, size_t *len)
{
	int to[2], from[2], rc;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return fail("pipe");
	if (pipe2(from, O_CLOEXEC) < 0) {
		rc = fail("pipe");
		close(to[0]);
		close(to[1]);
		return rc;
	}
	rc = start(&pid, words, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	/* It may end without having read it: then its status tells. */
	if (rc == 0 && write(to[1], in, in_len) != (ssize_t)in_len)
		*len = 0;
	close(to[1]);
	if (rc == 0) {
		rc = read_bytes(from[0], out, len);
		rc = finish(pid, words[0]) ? E_IO : rc;
	}
	close(from[0]);
	return rc;
}

int file_read(char **out, const char *path)
{
	FILE *file = fopen(path, "re");
	int rc = file ? read_all(out, file) : E_IO;

	if (file)
		fclose(file);
	return rc;
}

static int write_text(const char *path, const char *text, mode_t mode)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);

	if (fd < 0 || fchmod(fd, mode) < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) < 0)
		return fail(path);
	return 0;
}

int file_place(const char *path, const char *text, mode_t mode, bool *changed)
{
	CLEANUP(scope_free) char *old = NULL;
	char fresh[4096];
	int rc;

	if (file_read(&old, path) == 0 && strcmp(old, text) == 0)
		return 0;
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return E_CONFIG;
	rc = write_text(fresh, text, mode);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = fail(path);
	if (rc == 0)
		*changed = true;
	return rc;
}
