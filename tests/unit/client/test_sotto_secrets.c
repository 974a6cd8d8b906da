/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around a profile as a whole: its decoy, its end, what it is like. */
#include "tests/unit/client/opened.h"

static int open_as(const char *passphrase, bool decoy)
{
	struct sotto_options o = options_of(&bob);
	struct sotto *s = NULL;
	int rc;

	o.decoy = decoy;
	rc = sotto_open(&s, &o, passphrase);
	sotto_close(s);
	return rc;
}

START_TEST(a_duress_passphrase_opens_the_decoy_and_nothing_else_any_more)
{
	meet_and_open();
	ck_assert_int_eq(open_as("correct horse", true), SOTTO_NO_DECOY);
	ck_assert_int_eq(sotto_set_duress(opened, "correct horse", "correct horse"), SOTTO_EXISTS);
	sotto_close(opened);
	opened = NULL;
	profile_close(bob.p); /* else it is killed */
	bob.p = NULL;
	ck_assert_int_eq(sotto_open(&opened,
					 &(struct sotto_options){
							 .size = sizeof(struct sotto_options),
							 .dir = bob.dir,
							 .socks = "127.0.0.1:1" },
					 "correct horse"),
			0);
	ck_assert_int_eq(sotto_set_duress(opened, "correct horse", "battery staple"), 0);
	sotto_close(opened);
	opened = NULL;
	ck_assert_int_eq(open_as("correct horse", true), 0);
	ck_assert_int_eq(open_as("correct horse", false), 0);
	ck_assert_int_eq(open_as("battery staple", false), 0);
	ck_assert_int_eq(open_as("correct horse", false), SOTTO_E_LOCKED);
	part();
}
END_TEST

START_TEST(what_is_destroyed_opens_no_more)
{
	meet_and_open();
	ck_assert(sotto_exists(bob.dir));
	ck_assert_int_eq(sotto_destroy(bob.dir), 0);
	ck_assert(sotto_exists(bob.dir)); /* for whoever looks */
	ck_assert_int_eq(open_as("correct horse", false), SOTTO_E_LOCKED);
	part();
}
END_TEST

START_TEST(a_locked_profile_ends_and_asks_nobody)
{
	meet_and_open();
	sotto_close(opened);
	opened = NULL;
	profile_close(bob.p);
	bob.p = NULL;
	ck_assert_int_eq(sotto_panic_locked(bob.dir), 0);
	ck_assert(!sotto_exists(bob.dir));
	ck_assert_int_eq(open_as("correct horse", false), SOTTO_E_FILE);
	part();
}
END_TEST

START_TEST(an_import_takes_no_place_and_no_file_that_is_not_there)
{
	struct sotto_options o;
	struct sotto_backup from = { sizeof from, "/nowhere/export", "x" };
	struct sotto *s = NULL;

	meet_and_open();
	o = options_of(&bob);
	ck_assert_int_eq(sotto_import(&s, &o, "own", &from), SOTTO_EXISTS);
	o.dir = "/tmp/so.nowhere";
	ck_assert_int_eq(sotto_import(&s, &o, "own", &from), SOTTO_NO_PLACE);
	from.size = 1;
	ck_assert_int_eq(sotto_import(&s, &o, "own", &from), SOTTO_E_ARGUMENT);
	ck_assert_int_eq(sotto_export_due(opened), SOTTO_NOTHING);
	ck_assert_int_eq(sotto_export_no_more(opened), 0);
	part();
}
END_TEST

/* --- what it is like ---------------------------------------------------- */

static int on_finding(void *userdata, const struct sotto_finding *f)
{
	(void)userdata;
	note("%c%d ", f->good ? '+' : '-', (int)f->part);
	return 0;
}

START_TEST(an_examination_ends_where_the_way_ends)
{
	meet_and_open();
	ck_assert_int_eq(sotto_examine(opened, on_finding, NULL), 0);
	ck_assert_str_eq(heard, "+0 -1 ");
	forget();
	ck_assert_int_eq(q_run(bob.p->db,
					 "INSERT OR REPLACE INTO meta VALUES ('bundles reused', "
					 "2)",
					 ""),
			0);
	ck_assert_int_eq(sotto_examine(opened, on_finding, NULL), 0);
	ck_assert_str_eq(heard, "+0 -0 -1 ");
	part();
}
END_TEST

START_TEST(a_text_is_told_for_what_it_is)
{
	meet_and_open();
	ck_assert_int_eq(sotto_kind_of("x"), SOTTO_LINK_NONE);
	ck_assert_int_eq(sotto_kind_of(""), SOTTO_LINK_NONE);
	ck_assert_int_eq(sotto_kind_of("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd."
				       "onion"),
			SOTTO_LINK_SERVER);
	part();
}
END_TEST

UNIT("sotto_secrets", a_duress_passphrase_opens_the_decoy_and_nothing_else_any_more,
		what_is_destroyed_opens_no_more, a_locked_profile_ends_and_asks_nobody,
		an_import_takes_no_place_and_no_file_that_is_not_there,
		an_examination_ends_where_the_way_ends, a_text_is_told_for_what_it_is)
