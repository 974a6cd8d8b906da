/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is shown. Text of other people goes to a terminal only without its control characters. */
#include "client/cli/cli.h"

#include "client/lib/group.h"
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
void show_clean(const char *text)
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
		show_clean(text);
	}
	putchar('\n');
	fflush(stdout);
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

static void show_message(const struct cli *cli, sqlite3_stmt *row)
{
	const char *name = (const char *)sqlite3_column_text(row, 1),
		   *text = (const char *)sqlite3_column_text(row, 5);
	bool out = sqlite3_column_int(row, 2) != 0,
	     request = sqlite3_column_int(row, 6) == CONTACT_REQUEST;
	const int64_t file = sqlite3_column_int64(row, 7);	       /* 0: a text */
	const char *group = (const char *)sqlite3_column_text(row, 8); /* or NULL */

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:s*, s:b, s:I, s:I, s:s, s:o*}", "event",
				request ? "request" : "message", "contact", name, "group", group,
				"out", out, "number", (json_int_t)sqlite3_column_int64(row, 3),
				"at", (json_int_t)sqlite3_column_int64(row, 4), "text", text,
				"file", file ? json_integer(file) : NULL));
		return;
	}
	if (group)
		show_clean(group);
	if (group && !out)
		putchar('/');
	if (!group || !out)
		show_clean(name);
	fputs(out ? " < " : " > ", stdout);
	if (file)
		printf("[file %lld] ", (long long)file);
	show_clean(text);
	fputs(request ? "   (a request: accept or block it)\n" : "\n", stdout);
	fflush(stdout);
}

/* clang-format off */
#define ROWS \
	"SELECT m.id, c.name, m.out, m.number, m.at_s, m.text, c.state, f.id, g.name FROM message m " \
	"JOIN contact c ON c.id = m.contact LEFT JOIN file f ON f.message = m.id " \
	"LEFT JOIN grp g ON g.id = m.grp WHERE "
/* clang-format on */

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
	int rc = q_open(&rows, cli->profile->db,
			ROWS "m.contact = ? AND m.grp IS NULL ORDER BY m.id", "i", contact->id);

	return rc ? rc : show_rows(cli, rows);
}

/* What was said, each thing once, by whom the group's maker has listed. */
int show_group_log(struct cli *cli, int64_t group)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *rows = NULL;
	int rc = q_open(&rows, cli->profile->db, ROWS "m.grp = ? AND " GROUP_LINES " ORDER BY m.id",
			"i", group);

	return rc ? rc : show_rows(cli, rows);
}
