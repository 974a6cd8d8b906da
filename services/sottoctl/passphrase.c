/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Takes a line byte by byte: what follows it in the descriptor is another's. */
#include "services/sottoctl/passphrase.h"

#include "libshared/error.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

void passphrase_wipe(struct passphrase *p)
{
	sodium_munlock(p, sizeof *p); /* wipes */
}

static int read_line(struct passphrase *out, int fd)
{
	size_t n = 0;
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n') {
		if (n < PASSPHRASE_MOST)
			out->text[n] = c;
		n++;
	}
	out->text[n < PASSPHRASE_MOST ? n : PASSPHRASE_MOST] = '\0';
	return n && n <= PASSPHRASE_MOST ? 0 : E_LOCKED;
}

/* The terminal itself, as standard input may be the file. */
static int ask_terminal(struct passphrase *out, const char *prompt)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios old, quiet;
	int rc;

	if (fd < 0 || tcgetattr(fd, &old) < 0)
		return E_IO;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s: ", prompt);
	rc = read_line(out, fd);
	tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	return rc;
}

static int refuse(const char *why)
{
	fprintf(stderr, "sottoctl: %s\n", why);
	return E_LOCKED;
}

int passphrase_ask(struct passphrase *out, int fd, bool fresh)
{
	CLEANUP(passphrase_wipe) struct passphrase again = { "" };
	int rc;

	sodium_mlock(out, sizeof *out); /* may be too much for the limit: then it is only wiped */
	rc = fd >= 0 ? read_line(out, fd) : ask_terminal(out, "Passphrase of the file");
	if (rc == E_IO)
		return refuse("no terminal to ask for the passphrase: use --passphrase-fd");
	if (rc)
		return refuse("a passphrase has 1 to 255 bytes");
	if (fresh && strlen(out->text) < PASSPHRASE_LEAST)
		return refuse("this passphrase is too short: at least 12 characters, better six "
			      "random words");
	if (!fresh || fd >= 0)
		return 0;
	if (ask_terminal(&again, "The same again") || strcmp(out->text, again.text) != 0)
		return refuse("these are two different ones");
	return 0;
}
