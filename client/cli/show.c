/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is shown. Text of other people goes to a terminal only without its control characters. */
#include "client/cli/cli.h"

#include "client/lib/store.h"
#include "libshared/error.h"

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

/* C0 and DEL, and C1 in its two-byte form, could steer the terminal. */
static void print_clean(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			c++;
		else if ((*c >= 0x20 && *c != 0x7f) || *c == '\t')
			putchar(*c);
		else
			putchar(' ');
	}
}

void show_event(const struct cli *cli, const char *event, const char *text)
{
	if (cli->json) {
		show_json(json_pack("{s:s, s:s*}", "event", event, "text", text));
		return;
	}
	fputs(event, stdout);
	if (text) {
		fputs(": ", stdout);
		print_clean(text);
	}
	putchar('\n');
	fflush(stdout);
}

/* At most once a second; on a terminal in place. */
void show_work(void *userdata, uint64_t done, uint64_t about)
{
	struct cli *cli = userdata;
	const bool in_place = !cli->json && isatty(STDERR_FILENO);
	struct timespec now;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (about == 0) {
		if (cli->work_shown_ms && in_place)
			fputc('\n', stderr);
		cli->work_shown_ms = 0;
		return;
	}
	if (cli->work_shown_ms && ms - cli->work_shown_ms < 1000)
		return;
	cli->work_shown_ms = ms;
	if (cli->json)
		show_json(json_pack("{s:s, s:I, s:I}", "event", "work", "done", (json_int_t)done,
				"about", (json_int_t)about));
	else
		fprintf(stderr, "%sWorking for the server: %.1f of about %.1f million tries%s",
				in_place ? "\r" : "", (double)done / 1e6, (double)about / 1e6,
				in_place ? "" : "\n");
}

static void show_message(const struct cli *cli, sqlite3_stmt *row)
{
	const char *name = (const char *)sqlite3_column_text(row, 1),
		   *text = (const char *)sqlite3_column_text(row, 5);
	bool out = sqlite3_column_int(row, 2) != 0,
	     request = sqlite3_column_int(row, 6) == CONTACT_REQUEST;

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:b, s:I, s:I, s:s}", "event",
				request ? "request" : "message", "contact", name, "out", out,
				"number", (json_int_t)sqlite3_column_int64(row, 3), "at",
				(json_int_t)sqlite3_column_int64(row, 4), "text", text));
		return;
	}
	print_clean(name);
	fputs(out ? " < " : " > ", stdout);
	print_clean(text);
	fputs(request ? "   (a request: accept or block it)\n" : "\n", stdout);
	fflush(stdout);
}

#define ROWS                                                                            \
	"SELECT m.id, c.name, m.out, m.number, m.at_s, m.text, c.state FROM message m " \
	"JOIN contact c ON c.id = m.contact WHERE "

static int show_rows(struct cli *cli, sqlite3_stmt *rows)
{
	int rc;

	while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
		show_message(cli, rows);
	return rc == SQLITE_DONE ? 0 : E_IO;
}

int show_unread(struct cli *cli)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *rows = NULL;
	int rc = q_begin(cli->profile->db);

	rc = rc ? rc
		: q_open(&rows, cli->profile->db, ROWS "NOT m.shown ORDER BY m.contact, m.number",
				  "");
	rc = rc ? rc : show_rows(cli, rows);
	rc = rc ? rc : q_run(cli->profile->db, "UPDATE message SET shown = 1 WHERE NOT shown", "");
	return q_end(cli->profile->db, rc);
}

int show_log(struct cli *cli, const struct contact *contact)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *rows = NULL;
	int rc = q_open(&rows, cli->profile->db, ROWS "m.contact = ? ORDER BY m.id", "i",
			contact->id);

	return rc ? rc : show_rows(cli, rows);
}
