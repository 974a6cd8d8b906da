/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* options.c: sotto.conf, and what is told of a wrong one. */
#include "libshared/options.h"

#include "libshared/error.h"
#include "libshared/key.h"
#include "tests/unit/unit.h"

struct settings {
	char name[8];
	long number;
	int choice;
	struct key key;
};

#define AT(field) offsetof(struct settings, field), sizeof(((struct settings *)0)->field)

static const struct option table[] = {
	{ "name", OPTION_TEXT, AT(name), NULL, 0, 0, NULL },
	{ "number", OPTION_NUMBER, AT(number), "5", 1, 10, NULL },
	{ "choice", OPTION_CHOICE, AT(choice), "off", 0, 0, "off required" },
	{ "key", OPTION_KEY, AT(key), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0, 0, NULL },
};

static int load(const char *text, struct settings *out, unsigned *line)
{
	char path[] = "/tmp/so.XXXXXX";
	const struct options_source source = { path, "sotto", table, ARRAY_LEN(table) };
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	memset(out, 0, sizeof *out);
	rc = options_load(&source, out, line);
	unlink(path);
	return rc;
}

START_TEST(reads_its_section_and_takes_fallbacks_for_the_rest)
{
	struct settings s;
	unsigned line;

	ck_assert_int_eq(load("# words\n[other]\nanything = 1\n[sotto]\n  name =  ab "
			      "\nchoice=required\n",
					 &s, &line),
			0);
	ck_assert_str_eq(s.name, "ab");
	ck_assert_int_eq(s.number, 5);
	ck_assert_int_eq(s.choice, 1);
}
END_TEST

START_TEST(names_the_line_of_everything_wrong)
{
	static const char *const wrong[] = {
		"[sotto]\nunknown = 1\n",
		"[sotto]\nnumber = 0\n",
		"[sotto]\nnumber = 11\n",
		"[sotto]\nnumber = 5x\n",
		"[sotto]\nchoice = on\n",
		"[sotto]\nname = longerthan7\n",
		"[sotto]\nkey = short\n",
		"[sotto]\nname\n",
	};
	struct settings s;
	unsigned line;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		line = 0;
		ck_assert_int_eq(load(wrong[i], &s, &line), E_CONFIG);
		ck_assert_uint_eq(line, 2);
	}
	ck_assert_int_eq(load("[sotto]\nname = a\nname = b\n", &s, &line), E_CONFIG);
	ck_assert_uint_eq(line, 3);
}
END_TEST

START_TEST(a_value_that_must_be_given_is_missed)
{
	struct settings s;
	unsigned line = 9;

	ck_assert_int_eq(load("[sotto]\nnumber = 3\n", &s, &line), E_CONFIG);
	ck_assert_uint_eq(line, 0);
}
END_TEST

UNIT("options", reads_its_section_and_takes_fallbacks_for_the_rest,
		names_the_line_of_everything_wrong, a_value_that_must_be_given_is_missed)
