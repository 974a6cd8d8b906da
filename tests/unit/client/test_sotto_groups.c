/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around groups, files and calls that need no network. */
#include "tests/unit/client/opened.h"

#include "client/lib/transfer.h"

/* --- groups ------------------------------------------------------------- */

static int hear_group(void *userdata, const struct sotto_group *g)
{
	(void)userdata;
	note("%s%s%d ", g->name, g->ours ? "!" : "", (int)g->state);
	return 0;
}

static int hear_member(void *userdata, const struct sotto_member *m)
{
	(void)userdata;
	note("%s%d ", m->name, m->joined);
	return 0;
}

START_TEST(a_group_is_made_and_its_people_listed)
{
	int64_t wait_s;

	meet_and_open();
	ck_assert_int_eq(sotto_group_make(opened, "club"), 0);
	ck_assert_int_eq(sotto_group_make(opened, "club"), SOTTO_EXISTS);
	ck_assert_int_eq(sotto_group_make(opened, ""), SOTTO_BAD_NAME);
	ck_assert_int_eq(sotto_groups(opened, hear_group, NULL), 0);
	ck_assert_str_eq(heard, "club!1 ");
	forget();
	ck_assert_int_eq(sotto_members(opened, "club", hear_member, NULL), 0);
	ck_assert_str_eq(heard, "");
	ck_assert_int_eq(sotto_group_invite(opened, "club", "nobody"), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_group_invite(opened, "club", "alice"), 0);
	ck_assert_int_eq(sotto_group_invite(opened, "club", "alice"), SOTTO_EXISTS);
	ck_assert_int_eq(sotto_members(opened, "club", hear_member, NULL), 0);
	ck_assert_str_eq(heard, "alice0 ");
	ck_assert_int_eq(sotto_group_write(opened, "club", "hello"), SOTTO_NOT_IN);
	ck_assert_int_eq(sotto_group_wait_s(opened, &wait_s), SOTTO_NOTHING);
	ck_assert_int_eq(sotto_group_edit(opened, "club", 1, "hello"), SOTTO_NO_MESSAGE);
	ck_assert_int_eq(sotto_group_edit(opened, "club", 1, ""), SOTTO_NOT_TEXT);
	ck_assert_int_eq(sotto_group_delete(opened, "club", 1), SOTTO_NO_MESSAGE);
	ck_assert_int_eq(sotto_group_rename(opened, "club", "pub"), 0);
	ck_assert_int_eq(sotto_group_remove(opened, "pub", "alice"), 0);
	ck_assert_int_eq(sotto_group_leave(opened, "pub"), 0);
	ck_assert_int_eq(sotto_group_edit(opened, "pub", 1, "hello"), SOTTO_NOT_IN);
	forget();
	ck_assert_int_eq(sotto_groups(opened, hear_group, NULL), 0);
	ck_assert_str_eq(heard, "pub!2 ");
	ck_assert_int_eq(sotto_group_make(opened, "pub"), SOTTO_EXISTS);
	ck_assert_int_eq(sotto_group_forget(opened, "pub"), 0);
	ck_assert_int_eq(sotto_group_make(opened, "pub"), 0);
	ck_assert_int_eq(sotto_group_forget(opened, "pub"), SOTTO_STILL_IN);
	part();
}
END_TEST

START_TEST(a_group_that_is_not_there_is_said_so)
{
	meet_and_open();
	ck_assert_int_eq(sotto_members(opened, "club", hear_member, NULL), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_invite(opened, "club", "alice"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_remove(opened, "club", "alice"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_rename(opened, "club", "pub"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_join(opened, "club"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_leave(opened, "club"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_forget(opened, "club"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_write(opened, "club", "hello"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_edit(opened, "club", 1, "hello"), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_delete(opened, "club", 1), SOTTO_NO_GROUP);
	ck_assert_int_eq(sotto_group_search(opened, "club", "hello", NULL, NULL), SOTTO_NO_GROUP);
	part();
}
END_TEST

/* --- files -------------------------------------------------------------- */

/* Alice has announced one. Its id. */
static int64_t announce(void)
{
	CLEANUP(file_wipe) struct file file;
	uint8_t head[CONTENT_TEXT_MOST];
	struct announced a = {
		.contact = the_contact(&bob, "alice").id, .message = 1, .head = head
	};
	int64_t id;

	ck_assert_int_eq(file_init(&file, "/some/where/note.txt", 100000), 0);
	a.len = file_write(head, &file);
	ck_assert_int_eq(transfer_announced(bob.p, &a), 0);
	ck_assert_int_eq(q_number(&id, bob.p->db, "SELECT id FROM file", ""), 0);
	return id;
}

static int hear_file(void *userdata, const struct sotto_file *f)
{
	note("%s %s %s %s %d %d %s%u ", f->contact, f->name, f->out ? "out" : "in", f->type,
			(int)f->state, (int)f->size, f->placed ? f->placed : "", f->n_done);
	return userdata ? 77 : 0;
}

START_TEST(a_file_is_listed_and_a_callback_ends_its_coming)
{
	char folder[] = "/tmp/so.XXXXXX", command[64];
	int64_t id;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	meet_and_open();
	ck_assert_int_eq(sotto_files(opened, hear_file, NULL), 0);
	ck_assert_str_eq(heard, "");
	id = announce();
	ck_assert_int_eq(sotto_files(opened, hear_file, NULL), 0);
	ck_assert_str_eq(heard, "alice note.txt in text/plain 0 100000 0 ");
	ck_assert_int_eq(sotto_files(opened, hear_file, opened), 77);
	ck_assert_int_eq(sotto_get_file(opened, id, folder, hear_file, opened), 77);
	ck_assert_int_eq(sotto_get_file(opened, id, folder, NULL, NULL), SOTTO_E_NETWORK);
	snprintf(command, sizeof command, "rm -r %s", folder); /* it has begun there */
	ck_assert_int_eq(system(command), 0);
	part();
}
END_TEST

START_TEST(a_file_that_cannot_be_moved_says_why)
{
	int64_t id;

	meet_and_open();
	id = announce();
	ck_assert_int_eq(sotto_get_file(opened, id + 1, bob.dir, NULL, NULL), SOTTO_NO_FILE);
	ck_assert_int_eq(sotto_get_file(opened, id, "/nowhere/x", NULL, NULL), SOTTO_NO_PLACE);
	ck_assert_int_eq(sotto_get_file(opened, id, "/etc/passwd", NULL, NULL), SOTTO_NAME_TAKEN);
	ck_assert_int_eq(
			sotto_send_file(opened, "alice", "/nowhere/x", NULL, NULL), SOTTO_NO_PLACE);
	ck_assert_int_eq(sotto_send_file(opened, "nobody", "/etc/passwd", NULL, NULL),
			SOTTO_NO_CONTACT);
	part();
}
END_TEST

/* --- calls -------------------------------------------------------------- */

static int hear_ring(void *userdata, const struct sotto_ring *ring)
{
	(void)userdata;
	note("%s%d ", ring->contact, ring->missed);
	return 0;
}

START_TEST(nobody_calls_and_nobody_is_called_without_a_program)
{
	struct sotto_call_options o = { .size = sizeof o,
		.program = "/nowhere/sotto-media",
		.ring_s = 1,
		.audio_in = "silence",
		.audio_out = "none" };
	struct sotto_call *call = NULL;

	meet_and_open();
	ck_assert_int_eq(sotto_rings(opened, hear_ring, NULL), 0);
	ck_assert_str_eq(heard, "");
	ck_assert_int_eq(sotto_call_answer(&call, opened, NULL, &o), SOTTO_NO_CALL);
	ck_assert_int_eq(sotto_call_answer(&call, opened, "nobody", &o), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_call_decline(opened, NULL), SOTTO_NO_CALL);
	ck_assert_int_eq(sotto_call_to(&call, opened, "nobody", &o), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_call_to(&call, opened, "alice", &o), SOTTO_NO_MEDIA);
	o.audio_in = "loud";
	ck_assert_int_eq(sotto_call_to(&call, opened, "alice", &o), SOTTO_E_ARGUMENT);
	o.audio_in = "silence";
	o.ring_s = SOTTO_RING_S + 1;
	ck_assert_int_eq(sotto_call_to(&call, opened, "alice", &o), SOTTO_E_ARGUMENT);
	ck_assert_ptr_null(call);
	part();
}
END_TEST

UNIT("sotto_groups", a_group_is_made_and_its_people_listed, a_group_that_is_not_there_is_said_so,
		a_file_is_listed_and_a_callback_ends_its_coming,
		a_file_that_cannot_be_moved_says_why,
		nobody_calls_and_nobody_is_called_without_a_program)
