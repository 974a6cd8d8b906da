/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether a person's key is the one that person has: both see the same number, or there is somebody
 * between them. */
#include "client/cli/cli.h"

#include "libshared/qr.h"

#include <stdio.h>
#include <string.h>

static void show_digits(const char *digits)
{
	for (int i = 0; digits[i]; i += 5)
		printf("%s%.5s", i % 20 ? " " : "\n    ", digits + i);
	putchar('\n');
}

static int show_safety(void *userdata, const struct sotto_contact *c)
{
	const struct cli *cli = userdata;
	struct sotto_safety safety;
	int rc = sotto_safety_number(cli->sotto, c->name, &safety);

	if (rc)
		return rc;
	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:s, s:s, s:b}", "event", "safety", "contact",
				c->name, "digits", safety.digits, "text", safety.code, "verified",
				c->trust == SOTTO_VERIFIED));
		return 0;
	}
	show_event(cli, "safety number with", c->name);
	show_digits(safety.digits);
	printf("\n%s\n", safety.code);
	qr_print(stdout, safety.code);
	printf("%s\n",
			c->trust == SOTTO_VERIFIED ? "You have compared it: verified."
						   : "Compare it with what the other one sees, "
						     "face to face or by "
						     "voice. The same:\nsotto verify NAME --yes. "
						     "Not the same: "
						     "somebody is between you two.");
	return 0;
}

/* The words of the command line that follow the name, or what is in the picture that they name. */
static int read_words(char out[static SCAN_TEXT_MOST + 1], const struct cli *cli)
{
	size_t used = 0;

	if (cli->argc == 2 && strspn(cli->argv[1], "0123456789 ") != strlen(cli->argv[1]))
		return read_said(out, cli, cli->argv[1]);
	*out = '\0';
	for (int i = 1; i < cli->argc && used < SCAN_TEXT_MOST; i++)
		used += (size_t)snprintf(out + used, SCAN_TEXT_MOST - used, "%s ", cli->argv[i]);
	return 0;
}

static int tell_safety(const struct cli *cli, int rc)
{
	switch (rc) {
	case SOTTO_OTHER_NUMBER:
		return tell(cli, rc,
				"THIS IS ANOTHER NUMBER. Either it is of other people, or somebody "
				"is between you two: do not trust what is written here");
	case SOTTO_BAD_NUMBER:
		return tell(cli, rc,
				"that is no safety number: 60 digits, or the text or a picture of "
				"its QR code");
	case SOTTO_NO_CONTACT:
		return tell(cli, rc, "there is no contact of that name");
	}
	return tell_answer(cli, rc);
}

static int note(struct cli *cli, bool is)
{
	int rc = sotto_verify(cli->sotto, cli->argv[0], is);

	if (rc)
		return tell_safety(cli, rc);
	show_event(cli, is ? "verified" : "not verified", cli->argv[0]);
	return 0;
}

static int compare(struct cli *cli)
{
	char said[SCAN_TEXT_MOST + 1];
	struct sotto_safety known; /* before a picture is read */
	int rc = sotto_safety_number(cli->sotto, cli->argv[0], &known);

	if (rc)
		return tell_safety(cli, rc);
	if (cli->argc == 1)
		return 0; /* it is said that it was compared */
	rc = read_words(said, cli);
	return rc ? rc : tell_safety(cli, sotto_compare(cli->sotto, cli->argv[0], said));
}

int verify_command(struct cli *cli)
{
	int rc;

	if (cli->no)
		return note(cli, false);
	if (cli->argc == 1 && !cli->yes)
		return tell_safety(cli, sotto_find(cli->sotto, cli->argv[0], show_safety, cli));
	rc = compare(cli);
	return rc ? rc : note(cli, true);
}
