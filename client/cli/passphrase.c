/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Passphrases: from a descriptor or the terminal, never from the command line or the environment.
 */
#include "client/cli/cli.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <zxcvbn.h>

/* Bits, as zxcvbn counts: Argon2id makes each guess cost about a second of a core and 256 MiB. */
enum { BITS_LEAST = 45, BITS_GOOD = 64 };

void passphrase_wipe(struct passphrase *p)
{
	sodium_munlock(p, sizeof *p); /* wipes */
}

/* Takes the whole line, byte by byte: what follows is another's. */
static int read_line(struct passphrase *out, int fd)
{
	size_t n = 0;
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n') {
		if (n < SOTTO_PASSPHRASE_MOST)
			out->text[n] = c;
		n++;
	}
	out->text[n < SOTTO_PASSPHRASE_MOST ? n : SOTTO_PASSPHRASE_MOST] = '\0';
	return n && n <= SOTTO_PASSPHRASE_MOST ? 0 : SOTTO_E_LOCKED;
}

static int ask(struct passphrase *out, const struct cli *cli, const char *prompt)
{
	struct termios old, quiet;
	int fd = cli->passphrase_fd >= 0 ? cli->passphrase_fd : STDIN_FILENO, rc;
	bool is_terminal = tcgetattr(fd, &old) == 0;

	sodium_mlock(out, sizeof *out); /* may be too much for the limit: then it is only wiped */
	if (is_terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fd, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s: ", prompt);
	}
	rc = read_line(out, fd);
	if (is_terminal) {
		tcsetattr(fd, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	return rc;
}

int passphrase_ask(struct passphrase *out, const struct cli *cli, const char *prompt)
{
	int rc = ask(out, cli, prompt);

	return rc ? tell(cli, rc, "a passphrase has 1 to 255 bytes") : 0;
}

int passphrase_read(struct passphrase *out, const struct cli *cli)
{
	return passphrase_ask(out, cli, "Passphrase");
}

static int check_strength(const struct cli *cli, const char *text)
{
	double bits = ZxcvbnMatch(text, NULL, NULL);
	char said[160];

	if (bits >= BITS_GOOD)
		return 0;
	snprintf(said, sizeof said,
			"this passphrase is guessed in about 2^%.0f tries%s; six random words "
			"take 2^77",
			bits, bits < BITS_LEAST ? ", which is too few" : "");
	if (bits < BITS_LEAST)
		return tell(cli, CLI_WEAK, said);
	warn(cli, said);
	return 0;
}

int passphrase_new(struct passphrase *out, const struct cli *cli, const char *prompt)
{
	CLEANUP(passphrase_wipe) struct passphrase again = { "" };
	int rc = ask(out, cli, prompt);

	if (rc)
		return tell(cli, rc, "a passphrase has 1 to 255 bytes");
	rc = check_strength(cli, out->text);
	if (rc || cli->passphrase_fd >= 0 || !isatty(STDIN_FILENO))
		return rc;
	if (ask(&again, cli, "The same again") || strcmp(out->text, again.text) != 0)
		return tell(cli, SOTTO_E_LOCKED, "these are two different ones");
	return 0;
}
