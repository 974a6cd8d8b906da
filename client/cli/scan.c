/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The text of a QR code in a picture. Whoever sent it may have made it for us to stumble over, so
 * another program decodes it, which has no key and can do nothing (client/scan). */
#include "client/scan/scan.h"

#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, NOT_THERE = 127 };

/* Beside this program, as in the build tree, or where it is installed. */
static void execute(void)
{
	static const char *const places[] = { "sotto-scan", "../lib/sotto/sotto-scan" };
	char own[PATH_ROOM], path[PATH_ROOM + 32];
	char *const argv[] = { "sotto-scan", NULL }, *const none[] = { NULL };
	ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

	if (len <= 0)
		return;
	while (len > 0 && own[len - 1] != '/')
		len--;
	own[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(path, sizeof path, "%s%s", own, places[i]);
		execve(path, argv, none);
	}
}

static void run_child(int picture, int out)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(picture, STDIN_FILENO) >= 0 &&
			dup2(out, STDOUT_FILENO) >= 0 &&
			syscall(SYS_close_range, STDERR_FILENO, ~0U, 0) == 0)
		execute();
	_exit(NOT_THERE);
}

/* What it wrote, and its exit status; -1 when it was killed. */
static int hear(char out[static SCAN_TEXT_MOST + 1], int from, pid_t child)
{
	size_t used = 0;
	ssize_t n;
	int status = 0;

	while ((n = read(from, out + used, SCAN_TEXT_MOST - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int scan(char out[static SCAN_TEXT_MOST + 1], int picture)
{
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child == 0)
		run_child(picture, ends[1]);
	close(ends[1]);
	status = child > 0 ? hear(out, ends[0], child) : -1;
	close(ends[0]);
	return status;
}

static int scan_picture(
		char out[static SCAN_TEXT_MOST + 1], const struct cli *cli, const char *path)
{
	int picture = open(path, O_RDONLY | O_CLOEXEC), status;

	if (picture < 0)
		return tell(cli, SOTTO_NO_PLACE,
				"that is neither a link nor a file that can be read");
	status = scan(out, picture);
	close(picture);
	switch (status) {
	case 0:
		return 0;
	case SCAN_NO_CODE:
		return tell(cli, SOTTO_BAD_LINK, "there is no QR code of sotto's in that picture");
	case SCAN_NO_CAGE:
		return tell(cli, CLI_NO_CAGE,
				"this system cannot cage a program (seccomp), so no picture is "
				"read: take the text of the code");
	case NOT_THERE:
		return tell(cli, CLI_NO_PROGRAM,
				"reading pictures takes sotto-scan, of the package of that name");
	}
	return tell(cli, SOTTO_DAMAGED, "that is no PNG or JPEG picture, or too large, or damaged");
}

int read_said(char out[static SCAN_TEXT_MOST + 1], const struct cli *cli, const char *said)
{
	if (strncmp(said, SCAN_SCHEME, sizeof SCAN_SCHEME - 1) != 0)
		return scan_picture(out, cli, said);
	snprintf(out, SCAN_TEXT_MOST + 1, "%s", said);
	return strlen(said) > SCAN_TEXT_MOST ? tell(cli, SOTTO_E_ARGUMENT, "that text is too long")
					     : 0;
}
