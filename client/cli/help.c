/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What sotto says of itself: all commands, or one; and what a mistyped word may have meant. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

/* Each command has one. */
static const struct {
	const char *command, *examples;
} pages[] = {
	{ "init", "sotto init INVITE\nsotto init --server NAME.onion" },
	{ "id", "sotto id\nsotto id --server NAME" },
	{ "add",
			"sotto add bob sotto://...\nsotto add bob bob.png --yes\n"
			"sotto add bob sotto://... --server NAME" },
	{ "accept", "sotto accept sti carol" },
	{ "requests", "sotto requests" },
	{ "block", "sotto block carol" },
	{ "unblock", "sotto unblock carol" },
	{ "rename", "sotto rename bob robert" },
	{ "end", "sotto end bob" },
	{ "contacts", "sotto contacts\nsotto --json contacts | jq -r 'select(.verified).text'" },
	{ "verify", "sotto verify bob\nsotto verify bob --yes\nsotto verify bob code.png" },
	{ "send",
			"sotto send bob 'at nine?'\nsotto send bob - <letter.txt\n"
			"sotto send bob --file picture.jpg" },
	{ "files", "sotto files" },
	{ "get", "sotto get 3\nsotto get 3 ~/Downloads" },
	{ "forget", "sotto forget 3" },
	{ "recv", "sotto recv\nsotto recv --now" },
	{ "watch", "sotto watch\nsotto --json watch | program" },
	{ "call", "sotto call bob\nsotto call bob --video" },
	{ "answer", "sotto answer\nsotto answer bob --audio-in silence" },
	{ "decline", "sotto decline bob" },
	{ "chat", "sotto chat" },
	{ "log", "sotto log bob" },
	{ "history", "sotto history bob\nsotto history --search 'at nin'" },
	{ "edit", "sotto edit bob 12 'at ten?'" },
	{ "delete", "sotto delete bob 12" },
	{ "timer", "sotto timer bob 1d\nsotto timer bob off" },
	{ "receipts", "sotto receipts bob on" },
	{ "group",
			"sotto group new attic\nsotto group invite attic bob\n"
			"sotto group send attic 'who has the key?'\n"
			"sotto group send attic --file picture.jpg\n"
			"sotto group history attic --search key\nsotto group info attic 3\n"
			"sotto group edit attic 3 'who has it?'\nsotto group timer attic 7d\n"
			"sotto group leave attic\nsotto group forget attic" },
	{ "server", "sotto server\nsotto server add INVITE\nsotto server leave NAME" },
	{ "unlock", "sotto unlock\nsotto unlock 60" },
	{ "lock", "sotto lock" },
	{ "doctor", "sotto doctor\nsotto --json doctor | jq -r 'select(.event == \"bad\").text'" },
	{ "trace", "sotto trace recv\nsotto trace send bob 'at nine?'" },
	{ "passwd", "sotto passwd" },
	{ "export",
			"sotto export /media/stick/sotto.export\nsotto export ~/sotto.export "
			"--daily\n"
			"sotto export --daily" },
	{ "import", "sotto import /media/stick/sotto.export" },
	{ "panic", "sotto panic\npkill -USR1 -x sotto" },
	{ "duress", "sotto duress\nsotto --decoy init INVITE" },
	{ "help", "sotto help send\nsotto help errors" },
};

static const char *examples_of(const struct command *command)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (strcmp(pages[i].command, command->name) == 0)
			return pages[i].examples;
	return "";
}

/* --- near ----------------------------------------------------------------- */

enum { NEAR_MOST = 2, WORD_MOST = 24 };

/* Letters to add, leave out, exchange, or to swap with the next (Damerau, optimal alignment). */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t d[WORD_MOST + 1][WORD_MOST + 1];

	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++) {
			size_t best = i ? j ? d[i - 1][j - 1] + (a[i - 1] != b[j - 1]) : i : j;

			if (i && d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (j && d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
					d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[a_len][b_len];
}

bool is_near(const char *typed, const char *word)
{
	const size_t a = strlen(typed), b = strlen(word);

	if (a > WORD_MOST || b > WORD_MOST || a == 0)
		return false;
	return strncmp(word, typed, a) == 0 ||
			distance(typed, a, word, b) <= (b < 5 ? 1 : NEAR_MOST);
}

int help_unknown(const struct cli *cli, const char *typed)
{
	char text[200];

	snprintf(text, sizeof text, "there is no command %.80s: sotto help lists them", typed);
	tell(cli, SOTTO_E_ARGUMENT, text);
	*text = '\0';
	for (const struct command *c = commands; c->name; c++)
		if (is_near(typed, c->name) && strlen(text) < sizeof text / 2)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
					*text ? ", " : "near it: ", c->name);
	return *text ? tell(cli, SOTTO_E_ARGUMENT, text) : SOTTO_E_ARGUMENT;
}

/* --- one command ---------------------------------------------------------- */

enum { VERBS_ROOM = 1200 };

/* Lines, for a command that has verbs of its own. */
static const char *verbs_of(char room[static VERBS_ROOM], const struct command *command)
{
	*room = '\0';
	if (command->run == group_command)
		group_verbs(room, VERBS_ROOM);
	if (command->run == server_command)
		server_verbs(room, VERBS_ROOM);
	return room;
}

/* "a\nb", each on a line of its own behind so many spaces. */
static void put_lines(FILE *to, const char *lines)
{
	for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		fprintf(to, "    %.*s\n", (int)len, lines);
	}
}

static void put_option(FILE *to, const struct option_row *row, bool whose)
{
	char left[40];

	snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
			row->value ? row->value : "");
	fprintf(to, "  %-21s %s%s%s\n", left, whose ? row->takers : "", whose ? ": " : "",
			row->help);
}

static void put_usage(FILE *to, const struct command *command)
{
	paint(to, BOLD, "usage:");
	fprintf(to, " sotto %s %s\n", command->name, command->args);
}

static json_t *json_page(const struct command *command)
{
	json_t *options = json_array();
	char verbs[VERBS_ROOM];

	for (const struct option_row *row = option_rows; row->name; row++)
		if (option_is_of(row, command->name))
			json_array_append_new(options,
					json_pack("{s:s, s:s*, s:s}", "name", row->name, "value",
							row->value, "text", row->help));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "event", "help", "command",
			command->name, "arguments", command->args, "text", command->help, "verbs",
			verbs_of(verbs, command), "options", options, "examples",
			examples_of(command));
}

int help_page(const struct cli *cli, const struct command *command)
{
	bool has_options = false;
	char verbs[VERBS_ROOM];

	if (cli->json) {
		show_json(json_page(command));
		return 0;
	}
	put_usage(stdout, command);
	printf("\n%s\n", command->help);
	if (*verbs_of(verbs, command))
		putchar('\n');
	put_lines(stdout, verbs);
	for (const struct option_row *row = option_rows; row->name; row++)
		if (option_is_of(row, command->name)) {
			if (!has_options)
				paint(stdout, BOLD, "\noptions:\n");
			has_options = true;
			put_option(stdout, row, false);
		}
	paint(stdout, BOLD, "\nexamples:\n");
	put_lines(stdout, examples_of(command));
	printf("\noptions of all commands: sotto help; more: man sotto\n");
	return 0;
}

int help_wrong(const struct cli *cli, const struct command *command)
{
	char text[300], verbs[VERBS_ROOM];

	if (!cli->json) {
		put_usage(stderr, command);
		put_lines(stderr, verbs_of(verbs, command));
	}
	snprintf(text, sizeof text, "%s wants: %s. See sotto help %s", command->name,
			*command->args ? command->args : "no words", command->name);
	return tell(cli, SOTTO_E_ARGUMENT, text);
}

int help_verbs(const struct cli *cli, const char *command)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, command) == 0)
			return help_wrong(cli, c);
	return SOTTO_E_BUG;
}

/* --- all of them ---------------------------------------------------------- */

static void put_options(FILE *to, bool everybodys)
{
	for (const struct option_row *row = option_rows; row->name; row++) {
		if (everybodys == !row->takers)
			put_option(to, row, !everybodys);
	}
}

void help_all(const struct cli *cli, FILE *to)
{
	if (cli->json) {
		for (const struct command *c = commands; c->name; c++)
			show_json(json_page(c));
		return;
	}
	paint(to, BOLD, "usage:");
	fputs(" sotto [options] COMMAND\n\n", to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-9s %-13s %s\n", c->name, c->args, c->help);
	paint(to, BOLD, "\noptions:\n");
	put_options(to, true);
	paint(to, BOLD, "\noptions of some commands:\n");
	put_options(to, false);
	paint(to, BOLD, "\nexamples:\n");
	put_lines(to,
			"sotto init INVITE                  register where that invite is from\n"
			"sotto add bob bob.png              a person, by a picture of the link's "
			"QR "
			"code\n"
			"sotto send bob 'at nine?'          and what has come: sotto recv\n"
			"sotto send bob - <letter.txt       a text that no list of processes "
			"shows\n"
			"sotto timer bob 1d                 messages of both disappear after a "
			"day\n"
			"sotto --json watch | program       for a program, one object a line");
}

int help_command(struct cli *cli)
{
	if (cli->argc == 0) {
		help_all(cli, stdout);
		return 0;
	}
	if (strcmp(cli->argv[0], "errors") == 0) {
		tell_all(cli);
		return 0;
	}
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, cli->argv[0]) == 0)
			return help_page(cli, c);
	return help_unknown(cli, cli->argv[0]);
}
