/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file from one to the other over a server in this process: any step may be the last, every answer
 * may be lost, and the server and the other may lie. */
#include "tests/unit/client/pieces.h"

#include "client/lib/change.h"
#include "client/lib/loss.h"

#include <fcntl.h>
#include <sys/stat.h>

static void begin(size_t size)
{
	meet();
	pieces_open(&alice, size);
}

static void end(void)
{
	pieces_close();
	tear_down();
}

static int send_some(struct transfer *t)
{
	int rc = upload_begin(t, alice.p, "bob", source);

	while (rc == 0)
		rc = upload_step(&net, alice.p, t);
	return rc;
}

static void send_file(void)
{
	struct transfer t;
	struct parcel parcel;

	ck_assert_int_eq(send_some(&t), TRANSFER_DONE);
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
}

static int get_to(const char *path)
{
	CLEANUP(download_close) struct download d;
	int rc = download_open(&d, bob.p, 1, path);

	while (rc == 0)
		rc = download_step(&net, bob.p, &d);
	return rc;
}

/* --- tests -------------------------------------------------------------- */

START_TEST(a_file_arrives_and_its_pieces_end)
{
	begin(2 * SMALL_CONTENTS + 77);
	send_file();
	ck_assert_int_eq(n_kept, 3);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert(is_same(in_folder("a picture.png")));
	ck_assert_int_eq(n_got, 3);
	clean(&bob);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE); /* and is not asked for again */
	ck_assert_int_eq(n_got, 3);
	end();
}
END_TEST

START_TEST(an_empty_file_is_a_file)
{
	begin(0);
	send_file();
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert(is_same(in_folder("a picture.png")));
	clean(&bob);
	end();
}
END_TEST

START_TEST(the_key_goes_when_the_pieces_are_gone)
{
	CLEANUP(transfer_wipe) struct transfer t;

	begin(100);
	send_file();
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert_int_eq(transfer_load(&t, bob.p, 1), 0);
	ck_assert(!sodium_is_zero(t.file.key.b, KEY_BYTES));
	clean(&bob);
	ck_assert_int_eq(transfer_load(&t, bob.p, 1), 0);
	ck_assert(sodium_is_zero(t.file.key.b, KEY_BYTES));
	ck_assert_str_eq(t.file.name, "a picture.png");
	end();
}
END_TEST

START_TEST(any_answer_may_be_lost_and_nothing_is_sent_or_paid_twice)
{
	struct transfer t = { .id = 0 };
	int rc = E_NET, n = 0;

	begin(2 * SMALL_CONTENTS + 77);
	while (rc == E_NET) {
		lose_at = ++n;
		n_answers = 0;
		rc = send_some(&t);
		ck_assert_int_lt(n, 20);
	}
	ck_assert_int_eq(rc, TRANSFER_DONE);
	ck_assert_int_eq(n_kept, 3);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM file"), 1);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message WHERE type = 4"), 1);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM token WHERE operation = 5"), 32 - 3);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM token WHERE use NOT NULL"), 0);
	end();
}
END_TEST

START_TEST(a_fetch_goes_on_where_it_was_stopped)
{
	int rc = E_NET, n = 0;

	begin(2 * SMALL_CONTENTS + 77);
	send_file();
	while (rc == E_NET) { /* one piece more each time */
		n_answers = 0;
		lose_at = 2;
		rc = get_to(folder);
		ck_assert_int_lt(++n, 9);
	}
	ck_assert_int_eq(rc, TRANSFER_DONE);
	ck_assert_int_eq(n_got, 3 + 2); /* those of which the answer was lost */
	ck_assert(is_same(in_folder("a picture.png")));
	end();
}
END_TEST

START_TEST(what_was_fetched_and_taken_away_is_fetched_again)
{
	CLEANUP(download_close) struct download d;
	char path[128];

	begin(2 * SMALL_CONTENTS + 77);
	send_file();
	ck_assert_int_eq(download_open(&d, bob.p, 1, folder), 0);
	ck_assert_int_eq(download_step(&net, bob.p, &d), 0);
	ck_assert_int_eq(download_step(&net, bob.p, &d), 0);
	snprintf(path, sizeof path, "%s", in_folder(d.part_name));
	ck_assert_int_eq(get_to(folder), TRANSFER_BUSY);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert_int_eq(n_got, 2 + 3);
	ck_assert(is_same(in_folder("a picture.png")));
	end();
}
END_TEST

/* As after a kill between the two. */
START_TEST(a_file_that_has_its_name_already_is_not_fetched_again)
{
	begin(100);
	send_file();
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE file SET state = 0", ""), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert_int_eq(n_got, 1);
	ck_assert_int_lt(access(in_folder("a picture (2).png"), F_OK), 0);
	end();
}
END_TEST

START_TEST(nothing_is_overwritten)
{
	begin(100);
	send_file();
	write_file(in_folder("a picture.png"), 5, 9);
	ck_assert_int_eq(symlink("/nowhere", in_folder("a picture (2).png")), 0);
	ck_assert_int_eq(get_to(in_folder("a picture.png")), TRANSFER_TAKEN);
	ck_assert_int_eq(get_to(in_folder("a picture (2).png")), TRANSFER_TAKEN);
	ck_assert_int_eq(get_to(in_folder("no such/x")), TRANSFER_PLACE);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert(!is_same(in_folder("a picture.png")));
	ck_assert(is_same(in_folder("a picture (3).png")));
	end();
}
END_TEST

START_TEST(the_person_may_name_it)
{
	begin(100);
	send_file();
	ck_assert_int_eq(get_to(in_folder("mine.png")), TRANSFER_DONE);
	ck_assert(is_same(in_folder("mine.png")));
	ck_assert_int_lt(access(in_folder("a picture.png"), F_OK), 0);
	end();
}
END_TEST

/* Somebody who may write to the folder puts it where the part would be. */
START_TEST(a_link_in_place_of_the_part_is_not_followed)
{
	struct download d;
	char target[128], path[128];

	begin(100);
	send_file();
	ck_assert_int_eq(download_open(&d, bob.p, 1, folder), 0);
	snprintf(path, sizeof path, "%s", in_folder(d.part_name));
	download_close(&d);
	snprintf(target, sizeof target, "%s/victim", alice.dir);
	write_file(target, 5, 9);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_PLACE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(link(target, path), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_PLACE);
	unlink(target);
	end();
}
END_TEST

START_TEST(pieces_that_a_server_changed_or_swapped_are_not_taken)
{
	struct kept other;

	begin(2 * SMALL_CONTENTS);
	send_file();
	kept[0].body[100] ^= 1;
	ck_assert_int_eq(get_to(folder), TRANSFER_WRONG);
	kept[0].body[100] ^= 1;
	other = kept[0];
	memcpy(kept[0].body, kept[1].body, sizeof other.body);
	ck_assert_int_eq(get_to(folder), TRANSFER_WRONG);
	memcpy(kept[0].body, other.body, sizeof other.body);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert(is_same(in_folder("a picture.png")));
	end();
}
END_TEST

/* The sender announced another hash; or our disk changed a bit. */
START_TEST(a_file_of_another_hash_is_thrown_away)
{
	begin(100);
	send_file();
	ck_assert_int_eq(q_run(bob.p->db,
					 "UPDATE file SET body = CAST(substr(body, 1, 9) || "
					 "zeroblob(32) || substr(body, 42) AS BLOB)",
					 ""),
			0);
	ck_assert_int_eq(get_to(folder), TRANSFER_WRONG);
	ck_assert_int_eq(rmdir(folder), 0); /* it is empty */
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(count(&bob, "SELECT done FROM file"), 0);
	end();
}
END_TEST

START_TEST(pieces_that_are_gone_are_said_to_be_gone)
{
	begin(100);
	send_file();
	n_kept = 0;
	ck_assert_int_eq(get_to(folder), TRANSFER_GONE);
	end();
}
END_TEST

START_TEST(a_source_that_changes_is_noticed_and_sent_under_another_key)
{
	struct transfer t;
	struct key first;

	begin(2 * SMALL_CONTENTS);
	ck_assert_int_eq(upload_begin(&t, alice.p, "bob", source), 0);
	first = t.file.key;
	ck_assert_int_eq(upload_step(&net, alice.p, &t), 0);
	write_file(source, 2 * SMALL_CONTENTS, 2);
	ck_assert_int_eq(upload_step(&net, alice.p, &t), TRANSFER_CHANGED);
	ck_assert_int_eq(send_some(&t), TRANSFER_DONE);
	ck_assert(!key_equal(&t.file.key, &first));
	ck_assert_int_eq(n_kept, 1 + 2);
	clean(&alice);
	ck_assert_int_eq(n_kept, 2);
	end();
}
END_TEST

START_TEST(an_upload_that_nobody_goes_on_with_ends)
{
	struct transfer t;

	begin(2 * SMALL_CONTENTS);
	ck_assert_int_eq(upload_begin(&t, alice.p, "bob", source), 0);
	ck_assert_int_eq(upload_step(&net, alice.p, &t), 0);
	clean(&alice);
	ck_assert_int_eq(n_kept, 1);
	test_now += TRANSFER_OLD_S + 1;
	clean(&alice);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM file"), 0);
	end();
}
END_TEST

START_TEST(an_announcement_that_is_lost_is_sent_again)
{
	struct transfer t;
	struct parcel parcel;

	begin(100);
	ck_assert_int_eq(send_some(&t), TRANSFER_DONE);
	post(&alice);
	pass(&alice, "bob", &bob, "have you got it?");
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 1);
	ck_assert_int_eq(loss_mend(bob.p), 0);
	parcel = post(&bob);
	ck_assert_int_ge(deliver(&alice, &parcel), 0);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	end();
}
END_TEST

START_TEST(an_announcement_that_is_none_is_left_out_and_its_number_counts)
{
	const struct saying saying = {
		.type = CONTENT_FILE, .text = "x", .body = "nonsense", .len = 8
	};
	struct parcel parcel;
	int64_t message;

	begin(0);
	ck_assert_int_eq(
			conversation_put(alice.p, the_contact(&alice, "bob").id, &saying, &message),
			0);
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM file"), 0);
	pass(&alice, "bob", &bob, "two");
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	end();
}
END_TEST

START_TEST(what_a_stranger_announces_is_not_fetched)
{
	begin(100);
	send_file();
	ck_assert_int_eq(q_run(bob.p->db, "UPDATE contact SET state = 0", ""), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_NONE);
	ck_assert_int_eq(n_got, 0);
	end();
}
END_TEST

/* The sender's client takes the pieces away; ours shows nobody's server that we are here. */
START_TEST(what_is_taken_back_unfetched_leads_nobody_to_its_server)
{
	struct contact c;
	struct parcel parcel;

	begin(100);
	send_file();
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(
			change_take_back(alice.p, &c,
					count(&alice, "SELECT number FROM message WHERE type = 4")),
			0);
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	n_answers = 0;
	clean(&bob);
	ck_assert_int_eq(n_answers, 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM file"), 0);
	ck_assert_int_eq(get_to(folder), TRANSFER_NONE);
	clean(&alice);
	ck_assert_int_eq(n_kept, 0);
	end();
}
END_TEST

/* What is left of a file in the rows of a profile. */
static int64_t traces(struct person *a)
{
	return count(a,
			"SELECT (SELECT count(*) FROM file) + (SELECT count(*) FROM message WHERE "
			"type = 4 AND (text <> '' OR body NOT NULL)) + (SELECT count(*) FROM words "
			"WHERE words MATCH 'picture')");
}

START_TEST(a_file_is_forgotten_at_either_end_and_the_other_has_it_still)
{
	begin(100);
	send_file();
	ck_assert_int_eq(change_forget_file(alice.p, 2), TRANSFER_NONE);
	ck_assert_int_gt(traces(&alice), 0);
	ck_assert_int_eq(change_forget_file(alice.p, 1), 0);
	ck_assert_int_eq(traces(&alice), 0);
	clean(&alice);
	ck_assert_int_eq(n_kept, 1);
	ck_assert_int_eq(get_to(folder), TRANSFER_DONE);
	ck_assert(is_same(in_folder("a picture.png")));
	ck_assert_int_eq(change_forget_file(bob.p, 1), 0); /* its piece is there still */
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE type = 4 AND text <> ''"),
			0);
	ck_assert_int_eq(get_to(folder), TRANSFER_NONE);
	clean(&bob);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(traces(&bob), 0);
	ck_assert(is_same(in_folder("a picture.png")));
	end();
}
END_TEST

START_TEST(what_is_forgotten_on_its_way_ends_where_it_is_ours_and_is_left_where_it_is_theirs)
{
	struct transfer t = { .id = 0 };

	begin(2 * SMALL_CONTENTS);
	ck_assert_int_eq(upload_begin(&t, alice.p, "bob", source), 0);
	ck_assert_int_eq(upload_step(&net, alice.p, &t), 0);
	ck_assert_int_eq(change_forget_file(alice.p, 1), 0);
	clean(&alice);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(traces(&alice), 0);
	send_file();
	ck_assert_int_eq(change_forget_file(bob.p, 1), 0);
	ck_assert_int_eq(traces(&bob), 0);
	n_answers = 0;
	clean(&bob);
	ck_assert_int_eq(n_answers, 0);
	ck_assert_int_eq(n_kept, 2);
	end();
}
END_TEST

/* SQLite gives the newest row's id again. */
START_TEST(what_is_under_way_touches_no_file_that_came_in_its_place)
{
	struct transfer t = { .id = 0 }, other;

	begin(2 * SMALL_CONTENTS);
	ck_assert_int_eq(upload_begin(&t, alice.p, "bob", source), 0);
	ck_assert_int_eq(upload_step(&net, alice.p, &t), 0);
	ck_assert_int_eq(change_forget_file(alice.p, t.id), 0);
	clean(&alice);
	test_now++;
	ck_assert_int_eq(upload_begin(&other, alice.p, "bob", source), 0);
	ck_assert_int_eq(other.id, t.id);
	ck_assert_int_eq(upload_step(&net, alice.p, &t), TRANSFER_DONE);
	ck_assert_int_eq(transfer_did(alice.p, &t), 0);
	ck_assert_int_eq(transfer_end(alice.p, &t), 0);
	ck_assert_int_eq(transfer_load(&other, alice.p, t.id), 0);
	ck_assert_int_eq(other.state, TRANSFER_OPEN);
	ck_assert_uint_eq(other.done, 0);
	ck_assert_int_eq(n_kept, 0);
	end();
}
END_TEST

UNIT("transfer", a_file_arrives_and_its_pieces_end, an_empty_file_is_a_file,
		the_key_goes_when_the_pieces_are_gone,
		any_answer_may_be_lost_and_nothing_is_sent_or_paid_twice,
		a_fetch_goes_on_where_it_was_stopped,
		what_was_fetched_and_taken_away_is_fetched_again,
		a_file_that_has_its_name_already_is_not_fetched_again, nothing_is_overwritten,
		the_person_may_name_it, a_link_in_place_of_the_part_is_not_followed,
		pieces_that_a_server_changed_or_swapped_are_not_taken,
		a_file_of_another_hash_is_thrown_away, pieces_that_are_gone_are_said_to_be_gone,
		a_source_that_changes_is_noticed_and_sent_under_another_key,
		an_upload_that_nobody_goes_on_with_ends, an_announcement_that_is_lost_is_sent_again,
		an_announcement_that_is_none_is_left_out_and_its_number_counts,
		what_a_stranger_announces_is_not_fetched,
		what_is_taken_back_unfetched_leads_nobody_to_its_server,
		a_file_is_forgotten_at_either_end_and_the_other_has_it_still,
		what_is_forgotten_on_its_way_ends_where_it_is_ours_and_is_left_where_it_is_theirs,
		what_is_under_way_touches_no_file_that_came_in_its_place)
