/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is shown. Text of other people goes to a terminal only without its control characters. */
#include "client/cli/cli.h"

#include "libshared/plain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void show_json(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	if (text)
		puts(text);
	free(text);
	json_decref(json);
	fflush(stdout);
}

json_t *show_string(const char *bytes)
{
	json_t *json = json_string(bytes);
	char *text = json ? NULL : strdup(bytes);

	for (char *c = text; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (text)
		json = json_string(text);
	free(text);
	return json;
}

/* C0 and DEL become a space, but for the tab; what else is unwanted goes. */
void show_clean_to(FILE *to, const char *text)
{
	for (size_t skip; *text; text += skip ? skip : 1) {
		skip = plain_unwanted(text);
		if (skip == 0 || *text == '\t')
			putc(*text, to);
		else if (skip == 1)
			putc(' ', to);
	}
}

void show_clean(const char *text)
{
	show_clean_to(stdout, text);
}

void show_event(const struct cli *cli, const char *event, const char *text)
{
	if (cli->json) {
		show_json(json_pack("{s:s, s:o*}", "event", event, "text",
				text ? show_string(text) : NULL));
		return;
	}
	fputs(event, stdout);
	if (text) {
		fputs(": ", stdout);
		show_clean(text);
	}
	putchar('\n');
	fflush(stdout);
}

void show_step(const struct cli *cli, const char *text)
{
	if (cli->json)
		show_event(cli, "step", text);
	else
		fprintf(stderr, "%s ...\n", text);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* At most once a second. */
static bool is_time(int64_t *shown_ms)
{
	const int64_t ms = now_ms();

	if (*shown_ms && ms - *shown_ms < 1000)
		return false;
	*shown_ms = ms;
	return true;
}

/* On a terminal in place. */
void show_work(void *userdata, uint64_t done, uint64_t about)
{
	struct cli *cli = userdata;
	const bool in_place = !cli->json && isatty(STDERR_FILENO);

	if (about == 0) {
		if (cli->work_shown_ms && in_place)
			fputc('\n', stderr);
		cli->work_shown_ms = 0;
		return;
	}
	if (!is_time(&cli->work_shown_ms))
		return;
	if (cli->json)
		show_json(json_pack("{s:s, s:I, s:I}", "event", "work", "done", (json_int_t)done,
				"about", (json_int_t)about));
	else
		fprintf(stderr, "%sWorking for the server: %.1f of about %.1f million tries%s",
				in_place ? "\r" : "", (double)done / 1e6, (double)about / 1e6,
				in_place ? "" : "\n");
}

void show_progress(struct cli *cli, const char *name, uint64_t done, uint64_t of)
{
	if (cli->progress_shown_ms < 0 || (!is_time(&cli->progress_shown_ms) && done < of))
		return;
	if (done >= of)
		cli->progress_shown_ms = -1; /* the end is shown once */
	if (cli->json)
		show_json(json_pack("{s:s, s:s, s:I, s:I}", "event", "progress", "name", name,
				"done", (json_int_t)done, "of", (json_int_t)of));
	else if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3d%%  %.1f of %.1f MB%s", of ? (int)(100 * done / of) : 100,
				(double)done / 1e6, (double)of / 1e6, done < of ? "" : "\n");
}

int show_message(void *userdata, const struct sotto_message *m)
{
	const struct cli *cli = userdata;
	const bool out = m->state != SOTTO_CAME, request = m->contact_state == SOTTO_REQUEST;

	if (m->deleted)
		return 0; /* see sotto history */
	if (cli->json) {
		show_json(json_pack("{s:s, s:s*, s:s*, s:b, s:I, s:I, s:s, s:o*}", "event",
				request ? "request" : "message", "contact",
				*m->contact ? m->contact : NULL, "group", m->group, "out", out,
				"number", (json_int_t)m->number, "at", (json_int_t)m->at_s, "text",
				m->text, "file", m->file ? json_integer(m->file) : NULL));
		return 0;
	}
	if (m->group)
		show_clean(m->group);
	if (m->group && !out)
		putchar('/');
	if (!m->group || !out)
		show_clean(m->contact);
	fputs(out ? " < " : " > ", stdout);
	if (m->file)
		printf("[file %lld] ", (long long)m->file);
	show_clean(m->text);
	fputs(request ? "   (a request: accept or block it)\n" : "\n", stdout);
	fflush(stdout);
	return 0;
}

int show_unread(struct cli *cli)
{
	return sotto_unread(cli->sotto, show_message, cli);
}

/* On a terminal: nothing is left of the line. */
void show_read_all(struct cli *cli)
{
	if (cli->reads && !cli->json && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	cli->reads = false;
}

void show_reading(void *userdata, uint32_t done, uint32_t of)
{
	struct cli *cli = userdata;
	const bool in_place = !cli->json && isatty(STDERR_FILENO), first = !cli->reads;

	show_read_all(cli);
	if (show_unread(cli))
		return; /* it fails again at the end, and is told there */
	cli->reads = true;
	if (cli->json)
		show_json(json_pack("{s:s, s:I, s:I}", "event", "reading", "done", (json_int_t)done,
				"of", (json_int_t)of));
	else if (in_place || first)
		fprintf(stderr, "Read %u of %u mailboxes, a few seconds apart (--now: at once)%s",
				done, of, in_place ? "" : "\n");
}
