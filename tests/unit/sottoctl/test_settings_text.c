/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* settings_text.c: sotto.conf is repaired without losing what the administrator wrote. */
#include "services/sottoctl/settings_text.h"

#include "tests/unit/unit.h"

#include <string.h>

static void becomes(const char *before, const char *name, bool force, const char *after)
{
	CLEANUP(scope_free) char *text = strdup(before);

	ck_assert_int_eq(settings_text_set(&text, name, "new", force), 0);
	ck_assert_str_eq(text, after);
}

START_TEST(a_missing_line_is_added_at_the_end)
{
	becomes("[sotto]\n", "broker", false, "[sotto]\nbroker = new\n");
	becomes("# broker = x\nbrokers = y\n", "broker", true,
			"# broker = x\nbrokers = y\nbroker = new\n");
	becomes("", "broker", true, "broker = new\n");
}
END_TEST

START_TEST(a_line_is_replaced_only_by_force)
{
	becomes("a = 1\nbroker=old\nb = 2\n", "broker", false, "a = 1\nbroker=old\nb = 2\n");
	becomes("a = 1\n \tbroker  = old\nb = 2\n", "broker", true,
			"a = 1\n \tbroker = new\nb = 2\n");
	becomes("broker = old", "broker", true, "broker = new");
	becomes("\n\nbroker = new\n", "broker", true, "\n\nbroker = new\n");
}
END_TEST

UNIT("settings_text", a_missing_line_is_added_at_the_end, a_line_is_replaced_only_by_force)
