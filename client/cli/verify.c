/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether a person's key is the one that person has: both see the same number, or there is somebody
 * between them. */
#include "client/cli/cli.h"

#include "libshared/error.h"
#include "libshared/qr.h"

#include <stdio.h>
#include <string.h>

static void show_digits(const char *digits)
{
	for (int i = 0; i < SAFETY_DIGITS; i += 5)
		printf("%s%.5s", i % 20 ? " " : "\n    ", digits + i);
	putchar('\n');
}

static void show_safety(const struct cli *cli, const struct contact *c, const struct safety *safety)
{
	char text[SAFETY_TEXT + 1];

	safety_text(text, safety);
	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:s, s:s, s:b}", "event", "safety", "contact",
				c->name, "digits", safety->digits, "text", text, "verified",
				c->trust == CONTACT_VERIFIED));
		return;
	}
	show_event(cli, "safety number with", c->name);
	show_digits(safety->digits);
	printf("\n%s\n", text);
	qr_print(stdout, text);
	printf("%s\n",
			c->trust == CONTACT_VERIFIED ? "You have compared it: verified."
						     : "Compare it with what the other one sees, "
						       "face to face or by "
						       "voice. The same:\nsotto verify NAME --yes. "
						       "Not the same: "
						       "somebody is between you two.");
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

static int compare(struct cli *cli, const struct safety *safety)
{
	char said[SCAN_TEXT_MOST + 1];
	int rc = read_words(said, cli);

	if (rc)
		return rc;
	switch (safety_compare(safety, said)) {
	case 0:
		return 0;
	case SAFETY_OTHER:
		return tell(cli, SAFETY_OTHER,
				"THIS IS ANOTHER NUMBER. Either it is of other people, or somebody "
				"is between you two: do not trust what is written here");
	}
	return tell(cli, SAFETY_NONE,
			"that is no safety number: 60 digits, or the text or a picture of its QR "
			"code");
}

static int note(struct cli *cli, const struct contact *c, bool is)
{
	int rc = contact_verify(cli->profile, c, is);

	if (rc)
		return tell(cli, rc, error_text(rc));
	show_event(cli, is ? "verified" : "not verified", c->name);
	return 0;
}

int verify_command(struct cli *cli)
{
	struct contact c;
	struct safety safety;
	int rc = contact_by_name(&c, cli->profile, cli->argv[0]);

	if (rc)
		return tell(cli, rc, "there is no contact of that name");
	if (cli->no)
		return note(cli, &c, false);
	rc = contact_safety(&safety, cli->profile, &c);
	if (rc)
		return tell(cli, rc, "their key is not here yet: write to them first");
	if (cli->argc > 1)
		rc = compare(cli, &safety);
	if (rc || cli->argc > 1 || cli->yes)
		return rc ? rc : note(cli, &c, true);
	show_safety(cli, &c, &safety);
	return 0;
}
