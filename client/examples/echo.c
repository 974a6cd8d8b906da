/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers each contact with what they wrote, until its standard input ends.
 *
 *   cc echo.c $(pkg-config --cflags --libs libsotto) -o echo
 *   ./echo DIR HOST:PORT       the profile, Tor's SOCKS port; the input begins with the passphrase
 */
#include <poll.h>
#include <sotto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int answer(void *sotto, const struct sotto_message *message)
{
	if (message->contact_state != SOTTO_ACCEPTED || message->group)
		return 0;
	printf("%s wrote %zu bytes\n", message->contact, strlen(message->text));
	return sotto_write(sotto, message->contact, message->text);
}

static int on_event(void *sotto, enum sotto_event event)
{
	if (event == SOTTO_LIVE)
		puts("live");
	return event == SOTTO_ENDED ? sotto_unwatch(sotto) : sotto_unread(sotto, answer, sotto);
}

/* Your own event loop: the watch is one descriptor of it. */
static int serve(struct sotto *sotto)
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { -1, POLLIN, 0 } };
	int rc = sotto_watch(sotto, &fds[1].fd);

	while (rc == 0 && poll(fds, 2, -1) > 0 && !fds[0].revents)
		rc = sotto_events(sotto, on_event, sotto);
	return rc;
}

int main(int argc, char **argv)
{
	struct sotto_options options = { .size = sizeof options };
	char passphrase[SOTTO_PASSPHRASE_MOST + 2];
	struct sotto *sotto = NULL;
	int rc;

	if (argc != 3 || !fgets(passphrase, sizeof passphrase, stdin))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	passphrase[strcspn(passphrase, "\n")] = '\0';
	options.dir = argv[1];
	options.socks = argv[2];
	rc = sotto_open(&sotto, &options, passphrase);
	explicit_bzero(passphrase, sizeof passphrase);
	rc = rc ? rc : serve(sotto);
	sotto_close(sotto);
	fprintf(stderr, "echo: %s\n", sotto_text(rc));
	return rc != 0;
}
