/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Five times a second at most, and only where a person looks on. */
#include "services/sottoctl/progress.h"

#include "libshared/error.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { EVERY_MS = 200 };

static volatile sig_atomic_t asked_to_end; /* a signal can tell nobody else */

static void note(int number)
{
	asked_to_end = number;
}

uint64_t progress_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

void progress_begin(struct progress *p, uint64_t total)
{
	const struct sigaction noted = { .sa_handler = note };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		sigaction(ends[i], &noted, NULL);
	signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error of writing */
	*p = (struct progress){ .total = total };
}

int progress_step(struct progress *p, const char *what, uint64_t bytes)
{
	const uint64_t now_ms = progress_now_ms();

	if (asked_to_end) {
		fprintf(stderr, "sottoctl: interrupted\n");
		return E_IO;
	}
	if (!isatty(STDERR_FILENO) || (p->shown_ms && now_ms - p->shown_ms < EVERY_MS))
		return 0;
	p->shown_ms = now_ms;
	fprintf(stderr, "\r\033[K%s, %.1f MiB", what, (double)bytes / 1048576);
	if (p->total)
		fprintf(stderr, " (%.0f %%)", 100 * (double)bytes / (double)p->total);
	fflush(stderr);
	return 0;
}

void progress_end(const struct progress *p)
{
	if (p->shown_ms)
		fprintf(stderr, "\r\033[K");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		signal(ends[i], SIG_DFL);
}

void progress_waited(const char *what, long seconds)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K");
	if (what)
		fprintf(stderr, "%s, %ld s", what, seconds);
	fflush(stderr);
}
