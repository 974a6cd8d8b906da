/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What does not work: a line on standard error for a person; for a program one JSON object, the
 * last of the output; and an exit status. Codes and statuses stay what they are: scripts use them
 * (docs/man/sotto.1, EXIT STATUS).
 */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

enum status {
	DONE = 0,
	FAILED = 1, /* or the answer is no */
	USAGE = 2,  /* or a value that cannot be meant */
	LOCKED = 3,
	AWAY = 4,
	REFUSED = 5, /* by a server, or at the other's end */
	NONE = 6,    /* no such thing */
	CLASH = 7,   /* as things stand it cannot be */
	DAMAGED = 8,
	SYSTEM = 9, /* this machine */
};

static const char *const meanings[] = {
	[DONE] = "done",
	[FAILED] = "failed, or the answer is no",
	[USAGE] = "wrong usage, or a value that cannot be meant",
	[LOCKED] = "locked: a passphrase is wrong, missing or too easy",
	[AWAY] = "Tor or a server could not be reached; nothing is lost",
	[REFUSED] = "refused, by a server or at the other's end",
	[NONE] = "there is no such contact, message, file, group, profile, ...",
	[CLASH] = "it cannot be as things stand: a name is taken, a group full, ...",
	[DAMAGED] = "a file is damaged, or another version's",
	[SYSTEM] = "this machine: no room, no memory, something is not installed",
};

/* --- codes and statuses --------------------------------------------------- */

/* Those that the library does not know. */
static const struct {
	int result;
	const char *code;
	enum status status;
} own[] = {
	{ CLI_STOPPED, "stopped", FAILED },
	{ CLI_UNWELL, "unwell", FAILED },
	{ CLI_NO_CALL, "call-ended", FAILED },
	{ CLI_NO_PROFILE, "no-profile", NONE },
	{ CLI_WEAK, "weak-passphrase", LOCKED },
	{ CLI_NO_PROGRAM, "no-program", SYSTEM },
	{ CLI_NO_CAGE, "no-cage", SYSTEM },
};

static const char *code_of(int rc)
{
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (own[i].result == rc)
			return own[i].code;
	return sotto_code((enum sotto_result)rc);
}

/* No default: who adds a result chooses. */
/* clang-format off */
static enum status status_of_library(enum sotto_result result)
{
	switch (result) {
	case SOTTO_DONE:
		return DONE;
	case SOTTO_E_CRYPTO: case SOTTO_E_BUG: case SOTTO_OTHER_NUMBER:
		return FAILED;
	case SOTTO_E_ARGUMENT: case SOTTO_NOT_TEXT: case SOTTO_TOO_LONG: case SOTTO_LONG_TEXT:
	case SOTTO_BAD_NAME: case SOTTO_BAD_LINK: case SOTTO_OWN_LINK: case SOTTO_BAD_NUMBER:
	case SOTTO_FILE_TOO_LARGE:
		return USAGE;
	case SOTTO_E_LOCKED: case SOTTO_NO_DEVICE:
		return LOCKED;
	case SOTTO_E_NETWORK:
		return AWAY;
	case SOTTO_E_PEER: case SOTTO_REFUSED: case SOTTO_NO_BUNDLE: case SOTTO_FULL:
	case SOTTO_GONE: case SOTTO_UNPAID: case SOTTO_NO_INVITE: case SOTTO_BAD_INVITE:
	case SOTTO_CLOSED: case SOTTO_TWO_FACED: case SOTTO_TOO_HARD: case SOTTO_NO_ROOM:
	case SOTTO_FILE_EXPIRED:
		return REFUSED;
	case SOTTO_NO_CONTACT: case SOTTO_NO_MESSAGE: case SOTTO_NOTHING: case SOTTO_NO_DECOY:
	case SOTTO_NO_FILE: case SOTTO_NO_PLACE: case SOTTO_NO_GROUP: case SOTTO_NO_HOME:
	case SOTTO_NO_CALL:
		return NONE;
	case SOTTO_EXISTS: case SOTTO_NO_KEY: case SOTTO_FILE_CHANGED: case SOTTO_NAME_TAKEN:
	case SOTTO_BUSY: case SOTTO_GROUP_FULL: case SOTTO_NOT_YOURS: case SOTTO_NOT_IN:
	case SOTTO_NOT_WHOLE: case SOTTO_STILL_IN: case SOTTO_IN_CALL: case SOTTO_LAST_HOME:
	case SOTTO_MANY_HOMES:
		return CLASH;
	case SOTTO_FOREIGN: case SOTTO_OTHER_VERSION: case SOTTO_DAMAGED: case SOTTO_CUT_OFF:
	case SOTTO_FILE_WRONG:
		return DAMAGED;
	case SOTTO_E_MEMORY: case SOTTO_E_FILE: case SOTTO_NO_KEYRING: case SOTTO_NO_MEDIA:
		return SYSTEM;
	}
	return FAILED;
}
/* clang-format on */

static enum status status_of(int rc)
{
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (own[i].result == rc)
			return own[i].status;
	return status_of_library((enum sotto_result)rc);
}

/* --- telling -------------------------------------------------------------- */

static void line(FILE *to, const char *text)
{
	paint(to, RED, "sotto:");
	fputc(' ', to);
	show_clean_to(to, text);
	fputc('\n', to);
}

int tell(const struct cli *cli, int rc, const char *what)
{
	struct failure *f = cli->failure;

	if (!cli->json)
		line(stderr, what);
	else
		snprintf(*f->message ? f->hint : f->message, sizeof f->message, "%s", what);
	return rc;
}

int tell_answer(const struct cli *cli, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case SOTTO_E_FILE:
		return tell(cli, rc,
				"the profile could not be written: is the disk full? What has come "
				"waits at the server");
	case SOTTO_E_NETWORK:
		return tell(cli, rc,
				"a server could not be reached over Tor; what is to be sent waits "
				"here for a later recv. sotto doctor tells more");
	}
	return tell(cli, rc, sotto_text((enum sotto_result)rc));
}

int answer(const struct cli *cli, int rc, const char *what)
{
	return cli->json ? tell(cli, rc, what) : rc;
}

void warn(const struct cli *cli, const char *what)
{
	if (cli->json)
		show_event(cli, "warning", what);
	else
		line(stderr, what);
}

int tell_finish(const struct cli *cli, int rc)
{
	const struct failure *f = cli->failure;
	json_t *error;

	if (rc >= CLI_STATUS)
		return rc - CLI_STATUS;
	if (rc == 0 || !cli->json)
		return (int)status_of(rc);
	error = json_pack("{s:s, s:o, s:i}", "code", code_of(rc), "message",
			show_string(*f->message ? f->message : sotto_text((enum sotto_result)rc)),
			"status", (int)status_of(rc));
	if (*f->hint)
		json_object_set_new(error, "hint", show_string(f->hint));
	show_json(json_pack("{s:s, s:o}", "event", "error", "error", error));
	return (int)status_of(rc);
}

/* --- all of them ---------------------------------------------------------- */

enum { RESULT_LEAST = -100, RESULT_MOST = CLI_STATUS - 1 };

static void show_status(const struct cli *cli, int status)
{
	json_t *codes = json_array();

	if (!cli->json)
		printf("%3d  %s\n", status, meanings[status]);
	for (int rc = RESULT_LEAST; rc <= RESULT_MOST; rc++) {
		const char *code = code_of(rc);

		if (strcmp(code, "unknown") == 0 || (int)status_of(rc) != status || rc == 0)
			continue;
		json_array_append_new(codes, json_string(code));
		if (!cli->json)
			printf("       %s\n", code);
	}
	if (cli->json)
		show_json(json_pack("{s:s, s:i, s:s, s:O}", "event", "status", "status", status,
				"text", meanings[status], "codes", codes));
	json_decref(codes);
}

void tell_all(const struct cli *cli)
{
	for (int status = 0; status < (int)ARRAY_LEN(meanings); status++)
		show_status(cli, status);
}
