/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The passphrase: from a descriptor or the terminal, never from the command line or the
 * environment. */
#include "client/cli/cli.h"

#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

enum { ROOM = 256 };

static int read_line(char out[static ROOM], int fd)
{
	size_t n = 0;

	while (n < ROOM - 1 && read(fd, out + n, 1) == 1 && out[n] != '\n')
		n++;
	out[n] = '\0';
	return n ? 0 : E_LOCKED;
}

static int ask(char out[static ROOM], const char *prompt)
{
	struct termios old, quiet;
	bool is_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
	int rc;

	if (is_terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fputs(prompt, stderr);
	}
	rc = read_line(out, STDIN_FILENO);
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	return rc;
}

int passphrase_read(char *out, const struct cli *cli, bool twice)
{
	char again[ROOM];
	int rc = cli->passphrase_fd >= 0 ? read_line(out, cli->passphrase_fd)
					 : ask(out, "Passphrase: ");

	if (rc || !twice || cli->passphrase_fd >= 0)
		return rc;
	rc = ask(again, "The same again: ");
	if (rc == 0 && strcmp(out, again) != 0)
		rc = E_LOCKED;
	sodium_memzero(again, sizeof again);
	return rc;
}
