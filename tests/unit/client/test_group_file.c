/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file that is said in a group: sent once, fetched by each, ended by its sender alone. */
#include "tests/unit/client/garden.h"
#include "tests/unit/client/pieces.h"

#include "client/lib/change.h"
#include "client/lib/history.h"
#include "client/lib/loss.h"
#include "client/lib/timer.h"

enum { THREE = 2 * SMALL_CONTENTS + 77 };

static void begin(size_t size)
{
	people_meet();
	all_join();
	pieces_open(anna, size);
	shop.allowance_left = PEOPLE;
}

static void end(void)
{
	pieces_close();
	people_part();
}

/* --- steps ---------------------------------------------------------------- */

static int begin_sending(struct transfer *t, struct person *a)
{
	struct group g = group_of(a, "garden");

	return upload_begin_in(t, a->p, &g, source);
}

static int send_on(struct transfer *t, struct person *a)
{
	int rc = 0;

	while (rc == 0)
		rc = upload_step(&net, a->p, t);
	return rc;
}

/* And what announces it waits. */
static void send_pieces(struct person *a)
{
	CLEANUP(transfer_wipe) struct transfer t;

	ck_assert_int_eq(begin_sending(&t, a), 0);
	ck_assert_int_eq(send_on(&t, a), TRANSFER_DONE);
}

static void send_file(struct person *a)
{
	send_pieces(a);
	settle();
}

/* Number of the newest one here, or 0. */
static int64_t newest(struct person *a)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };

	while (transfer_next(&t, a->p, t.id) == 0)
		;
	return t.id;
}

static int get_id(struct person *a, int64_t id, const char *path)
{
	CLEANUP(download_close) struct download d;
	int rc = download_open(&d, a->p, id, path);

	while (rc == 0)
		rc = download_step(&net, a->p, &d);
	return rc;
}

static int get(struct person *a)
{
	return get_id(a, newest(a), in_folder(a == bert ? "bert" : "carl"));
}

static void must_get(struct person *a)
{
	ck_assert_int_eq(get(a), TRANSFER_DONE);
	ck_assert(is_same(in_folder(a == bert ? "bert" : "carl")));
	unlink(in_folder(a == bert ? "bert" : "carl"));
}

/* Goes to no server. */
static void clean_here(struct person *a)
{
	n_answers = 0;
	clean(a);
	ck_assert_int_eq(n_answers, 0);
}

static int take_back(struct person *a, int64_t number)
{
	struct group g = group_of(a, "garden");

	return group_take_back(a->p, &g, &(struct group_line){ number, 0 });
}

static void leave(struct person *a)
{
	struct group g = group_of(a, "garden");

	ck_assert_int_eq(group_leave(a->p, &g), 0);
}

static int64_t files(struct person *a)
{
	return count(a, "SELECT count(*) FROM file");
}

/* What is left of it in the rows of a profile. */
static int64_t traces(struct person *a)
{
	return files(a) + has(a, "a picture") +
			count(a, "SELECT count(*) FROM words WHERE words MATCH 'picture'");
}

/* --- sending and fetching ------------------------------------------------- */

static int on_line(void *userdata, const struct line *line)
{
	struct line *out = userdata;

	if (!line->file)
		return 0;
	ck_assert_str_eq(line->text, "a picture.png");
	*out = *line;
	return 0;
}

static struct line line_of(struct person *a)
{
	const struct history_wish wish = { .group = group_of(a, "garden").id };
	struct line line = { .id = 0 };

	ck_assert_int_eq(history(a->p, &wish, on_line, &line), 0);
	return line;
}

START_TEST(it_is_sent_once_and_each_member_fetches_it)
{
	CLEANUP(transfer_wipe) struct transfer t;

	begin(THREE);
	send_file(anna);
	ck_assert_int_eq(n_kept, 3);
	ck_assert_int_eq(line_of(anna).state, LINE_DEPOSITED);
	ck_assert_str_eq(line_of(anna).contact, "");
	ck_assert_int_eq(line_of(anna).number, 1);
	ck_assert_int_eq(line_of(bert).state, LINE_CAME);
	ck_assert_str_eq(line_of(bert).contact, "anna");
	ck_assert_int_eq(line_of(bert).file, newest(bert));
	must_get(bert);
	ck_assert_int_eq(get(bert), TRANSFER_DONE);
	ck_assert_int_eq(n_got, 3); /* not again */
	clean_here(bert);
	ck_assert_int_eq(n_kept, 3);
	ck_assert_int_eq(transfer_load(&t, bert->p, newest(bert)), 0);
	ck_assert(sodium_is_zero(t.file.key.b, KEY_BYTES));
	ck_assert_str_eq(t.file.name, "a picture.png");
	must_get(carl);
	clean_here(anna);
	ck_assert_int_eq(n_kept, 3);
	end();
}
END_TEST

START_TEST(any_answer_may_be_lost_and_it_is_said_once)
{
	struct transfer t = { .id = 0 };
	int rc = E_NET, n = 0;

	begin(THREE);
	while (rc == E_NET) {
		lose_at = ++n;
		n_answers = 0;
		rc = begin_sending(&t, bert);
		rc = rc ? rc : send_on(&t, bert);
		ck_assert_int_lt(n, 20);
	}
	ck_assert_int_eq(rc, TRANSFER_DONE);
	ck_assert_int_eq(send_on(&t, bert), TRANSFER_DONE);
	lose_at = 0;
	settle();
	ck_assert_int_eq(n_kept, 3);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE type = 4"), 1);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM message WHERE copy_of NOT NULL"), 2);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM token WHERE operation = 5"), 32 - 3);
	must_get(carl);
	ck_assert_int_eq(files(anna), 1);
	end();
}
END_TEST

START_TEST(who_comes_on_its_way_gets_it_and_who_goes_does_not)
{
	struct transfer t;

	people_meet();
	make_garden();
	join_garden(bert);
	settle();
	pieces_open(anna, THREE);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_int_eq(upload_step(&net, anna->p, &t), 0);
	join_garden(carl);
	settle();
	leave(bert);
	settle();
	ck_assert_int_eq(send_on(&t, anna), TRANSFER_DONE);
	settle();
	ck_assert_int_eq(files(bert), 0);
	must_get(carl);
	end();
}
END_TEST

START_TEST(when_nobody_is_left_it_is_given_up)
{
	struct transfer t;

	begin(THREE);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_int_eq(upload_step(&net, anna->p, &t), 0);
	leave(bert);
	leave(carl);
	settle();
	ck_assert_int_eq(send_on(&t, anna), TRANSFER_NOT_IN);
	ck_assert_int_eq(n_kept, 1);
	clean(anna);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(traces(anna), 0);
	ck_assert_int_eq(begin_sending(&t, anna), TRANSFER_NOT_IN);
	ck_assert_int_eq(traces(anna), 0);
	end();
}
END_TEST

/* Between the last piece and its announcement. */
START_TEST(who_leaves_says_no_file_there)
{
	struct transfer t;

	begin(100);
	ck_assert_int_eq(begin_sending(&t, carl), 0);
	ck_assert_int_eq(upload_step(&net, carl->p, &t), 0);
	leave(carl);
	ck_assert_int_eq(send_on(&t, carl), TRANSFER_NOT_IN);
	clean(carl);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(traces(carl), 0);
	settle();
	ck_assert_int_eq(files(anna), 0);
	end();
}
END_TEST

START_TEST(a_blocked_member_gets_none_and_theirs_is_not_fetched)
{
	begin(100);
	send_file(bert);
	ck_assert_int_eq(contact_block(anna->p, "bert"), 0);
	ck_assert_int_eq(get(anna), TRANSFER_NONE);
	ck_assert_int_eq(n_got, 0);
	write_file(source, 50, 3);
	send_file(anna);
	ck_assert_int_eq(files(bert), 1); /* its own */
	must_get(carl);
	end();
}
END_TEST

START_TEST(an_announcement_that_is_lost_is_sent_again)
{
	struct transfer t;
	struct parcel offer;

	begin(100);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_int_eq(send_on(&t, anna), TRANSFER_DONE);
	anna->peer = bert;
	offer = peek(anna, the_contact(anna, "bert").id);
	ck_assert_int_eq(outbox_done(anna->p, &offer), 0);
	ck_assert_int_eq(tell_garden(anna, "have you got it?"), 0);
	settle();
	ck_assert_int_eq(files(bert), 0);
	ck_assert_int_eq(loss_mend(bert->p), 0);
	settle();
	ck_assert_int_eq(loss_mend(anna->p), 0);
	settle();
	must_get(bert);
	end();
}
END_TEST

/* --- its end ---------------------------------------------------------------- */

/* As bert's client would end what he was sent between two. */
static void try_to_end(struct person *a)
{
	CLEANUP(transfer_wipe) struct transfer t;
	CLEANUP(piece_wipe) struct piece piece;
	char path[64];
	struct ask ask;

	ck_assert_int_eq(transfer_load(&t, a->p, newest(a)), 0);
	ck_assert(sodium_is_zero(t.file.end_key.b, KEY_BYTES));
	for (int i = 0; i < 2; i++) {
		__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };

		file_piece(&piece, &t.file, 0);
		ask = transfer_ask(&t, "DELETE", &piece, path);
		ask.chunk = &piece.end;
		ck_assert_int_eq(net_ask(&net, &ask, &answer), 0);
		t.file.end_key = t.file.key;
	}
}

START_TEST(no_member_takes_it_from_the_others)
{
	begin(100);
	send_file(anna);
	try_to_end(bert);
	ck_assert_int_eq(n_kept, 1);
	must_get(bert);
	ck_assert_int_eq(change_forget_file(bert->p, newest(bert)), 0);
	ck_assert_int_eq(traces(bert), 0); /* at once: nothing is to be ended */
	clean_here(bert);
	ck_assert_int_eq(get(bert), TRANSFER_NONE);
	must_get(carl);
	ck_assert_int_eq(n_kept, 1);
	end();
}
END_TEST

START_TEST(its_sender_takes_it_back_for_all_and_leads_nobody_to_its_server)
{
	begin(THREE);
	send_file(bert);
	must_get(carl);
	ck_assert_int_eq(take_back(bert, 1), 0);
	ck_assert_int_eq(take_back(bert, 1), GROUP_NO_LINE);
	settle();
	ck_assert_int_eq(files(anna) + files(carl), 0); /* carl has fetched it */
	clean_here(anna);
	clean_here(carl);
	for (int i = 0; i < PEOPLE; i++)
		ck_assert_int_eq(has(people[i], "a picture"), 0);
	ck_assert_int_eq(n_kept, 3);
	clean(bert);
	ck_assert_int_eq(n_kept, 0);
	ck_assert_int_eq(files(bert), 0);
	end();
}
END_TEST

START_TEST(one_that_waits_to_be_told_of_is_taken_back_too)
{
	begin(100);
	send_pieces(anna);
	move(anna, carl);
	ck_assert_int_eq(take_back(anna, 1), 0);
	settle();
	ck_assert_int_eq(files(bert) + files(carl), 0);
	ck_assert_int_eq(count(bert, "SELECT count(*) FROM missing"), 0);
	end();
}
END_TEST

START_TEST(forgotten_by_its_sender_it_is_there_for_the_others)
{
	struct transfer t;

	begin(100);
	send_file(anna);
	ck_assert_int_eq(change_forget_file(anna->p, newest(anna)), 0);
	clean_here(anna);
	ck_assert_int_eq(traces(anna), 0);
	must_get(bert);
	must_get(carl);
	ck_assert_int_eq(begin_sending(&t, anna), 0); /* and one on its way ends */
	ck_assert_int_eq(upload_step(&net, anna->p, &t), 0);
	ck_assert_int_eq(n_kept, 2);
	ck_assert_int_eq(change_forget_file(anna->p, t.id), 0);
	ck_assert_int_eq(send_on(&t, anna), TRANSFER_NONE);
	clean(anna);
	ck_assert_int_eq(n_kept, 1);
	end();
}
END_TEST

START_TEST(with_its_group_it_is_forgotten_and_what_was_begun_ends)
{
	struct transfer t;
	struct group g;

	begin(100);
	send_file(anna);
	must_get(bert);
	send_file(bert);
	write_file(source, 200, 7);
	ck_assert_int_eq(begin_sending(&t, bert), 0);
	ck_assert_int_eq(upload_step(&net, bert->p, &t), 0);
	ck_assert_int_eq(n_kept, 3);
	leave(bert);
	g = group_of(bert, "garden");
	ck_assert_int_eq(group_forget(bert->p, &g), 0);
	ck_assert_int_eq(send_on(&t, bert), TRANSFER_NONE);
	clean(bert);
	ck_assert_int_eq(traces(bert), 0);
	ck_assert_int_eq(n_kept, 2);
	settle();
	write_file(source, 100, 1);
	must_get(carl); /* of bert, who has left */
	end();
}
END_TEST

/* --- times and changes ---------------------------------------------------- */

static void show_all(void)
{
	for (int i = 0; i < PEOPLE; i++) {
		ck_assert_int_eq(
				q_run(people[i]->p->db,
						"UPDATE message SET shown = 1 WHERE NOT shown", ""),
				0);
		ck_assert_int_eq(timer_due(people[i]->p), 0);
	}
}

START_TEST(it_disappears_with_the_groups_time_and_no_other)
{
	struct contact c;
	struct group g;

	begin(100);
	send_file(carl);
	c = the_contact(carl, "anna");
	ck_assert_int_eq(timer_set(carl->p, &c, 60), 0); /* between the two */
	settle();
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_set_timer(anna->p, &g, 3600), 0);
	settle();
	show_all();
	test_now += 7200;
	show_all();
	for (int i = 0; i < PEOPLE; i++)
		ck_assert_int_eq(files(people[i]), 1);
	send_file(bert);
	ck_assert_int_eq(files(anna), 2);
	show_all();
	test_now += 3600;
	show_all();
	for (int i = 0; i < PEOPLE; i++)
		ck_assert_int_eq(files(people[i]), 1);
	clean_here(bert);
	ck_assert_int_eq(n_kept, 2); /* who has not looked yet may fetch it */
	end();
}
END_TEST

/* A number of carl's goes to anna later than his timer, which came first. */
START_TEST(a_time_between_two_that_came_first_is_not_its_time)
{
	struct contact c;
	struct parcel first, second;

	begin(100);
	c = the_contact(carl, "anna");
	carl->peer = anna;
	ck_assert_int_eq(timer_set(carl->p, &c, 60), 0);
	first = post(carl);
	send_pieces(carl);
	second = peek(carl, c.id);
	ck_assert_int_eq(outbox_done(carl->p, &second), 0);
	ck_assert_int_eq(deliver(anna, &second), RECEIVE_NEW);
	ck_assert_int_eq(deliver(anna, &first), RECEIVE_NEW);
	ck_assert_int_eq(count(anna, "SELECT timer_s FROM contact WHERE name = 'carl'"), 60);
	ck_assert_int_eq(count(anna, "SELECT lives_s FROM message WHERE type = 4"), 0);
	end();
}
END_TEST

START_TEST(its_name_is_no_text_that_could_be_changed)
{
	struct change_asked of = { .parts = 1 };
	struct group g;
	int64_t number;

	begin(100);
	send_file(bert);
	g = group_of(bert, "garden");
	ck_assert_int_eq(group_change_text(bert->p, &g, &(struct group_line){ 1, 0 }, "cat.png"),
			GROUP_NOT_TEXT);
	of.contact = the_contact(bert, "anna").id; /* what our client would not ask */
	of.first = count(bert, "SELECT number FROM message WHERE copy_of NOT NULL AND contact = 1");
	ck_assert_int_eq(of.contact, 1);
	ck_assert_int_eq(change_ask(bert->p, &of, "cat.png", &number), 0);
	settle();
	ck_assert_int_eq(has(anna, "cat.png"), 0);
	ck_assert_int_ne(line_of(anna).file, 0);
	end();
}
END_TEST

/* --- what others may say --------------------------------------------------- */

/* Bert, whose list does not name carl yet, is told of a file of his. */
static void carl_sends_early(void)
{
	people_meet();
	carl_comes_early();
	ck_assert_int_eq(q_run(carl->p->db, "UPDATE grp_member SET joined = 1", ""), 0);
	pieces_open(anna, 100);
	send_pieces(carl);
	move(carl, bert);
}

START_TEST(what_comes_before_its_sender_is_listed_is_not_seen_until_then)
{
	int64_t id;

	carl_sends_early();
	id = count(bert, "SELECT max(id) FROM file");
	ck_assert_int_gt(id, 0);
	ck_assert_int_eq(q_run(bert->p->db, "UPDATE contact SET state = 1", ""), 0);
	ck_assert_int_eq(newest(bert), 0);
	ck_assert_int_eq(get_id(bert, id, folder), TRANSFER_NONE);
	ck_assert_int_eq(n_got, 0);
	settle();
	ck_assert_int_eq(newest(bert), id);
	must_get(bert);
	end();
}
END_TEST

START_TEST(what_was_taken_back_before_its_sender_is_listed_is_never_seen)
{
	carl_sends_early();
	ck_assert_int_eq(files(bert), 1);
	ck_assert_int_eq(take_back(carl, 1), 0);
	move(carl, bert);
	ck_assert_int_eq(traces(bert), 0);
	settle();
	ck_assert_int_eq(newest(bert), 0);
	end();
}
END_TEST

/* bert says that to anna, in the group. */
static void say_bytes(const void *bytes, size_t len, uint8_t parts)
{
	const struct saying saying = {
		.type = CONTENT_GROUP, .parts = parts, .text = "", .body = bytes, .len = len
	};
	int64_t message;

	ck_assert_int_eq(conversation_put(bert->p, the_contact(bert, "anna").id, &saying, &message),
			0);
	settle();
}

START_TEST(what_announces_no_whole_file_is_left_out_and_its_number_counts)
{
	CLEANUP(file_wipe) struct file file;
	uint8_t head[CONTENT_TEXT_MOST], bytes[CONTENT_TEXT_MOST];
	struct group_body body = { .kind = GROUP_FILE, .file = head };
	size_t n;

	begin(100);
	ck_assert_int_eq(file_init(&file, "a picture.png", 100), 0);
	body.file_len = file_write(head, &file);
	memcpy(body.gid, group_of(bert, "garden").gid, GROUP_ID_BYTES);
	n = group_write(bytes, &body);
	for (size_t len = 0; len < n; len++)
		say_bytes(bytes, len, 1);
	say_bytes(bytes, n, 2);
	bytes[n++] = 'x';
	say_bytes(bytes, n, 1);
	ck_assert_int_eq(traces(anna), 0);
	ck_assert_int_eq(count(anna, "SELECT count(*) FROM missing"), 0);
	say_bytes(bytes, n - 1, 1);
	ck_assert_int_eq(files(anna), 1);
	bytes[GROUP_ID_BYTES] ^= 1; /* no group of hers */
	say_bytes(bytes, n - 1, 1);
	ck_assert_int_eq(files(anna), 1);
	end();
}
END_TEST

START_TEST(it_lies_where_most_of_those_who_hear_of_it_write_to)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	uint8_t onion[ONION_KEY_BYTES];
	struct transfer t;
	int64_t north;

	begin(100);
	randombytes_buf(onion, sizeof onion);
	ck_assert_int_eq(home_put(&north, anna->p, onion), 0);
	ck_assert_int_eq(q_run(anna->p->db, "UPDATE contact SET home = ?", "i", north), 0);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_mem_eq(t.file.onion, onion, sizeof onion);
	ck_assert_int_eq(home_main(&home, anna->p), 0);
	ck_assert_int_ne(home.id, north);
	ck_assert_int_eq(q_run(anna->p->db,
					 "INSERT INTO contact (id, name, state, identity_hash, "
					 "home) VALUES (99, 'dora', 1, randomblob(32), ?)",
					 "i", home.id),
			0);
	ck_assert_int_eq(q_run(anna->p->db, "INSERT INTO grp_member SELECT id, 99, 1, 1 FROM grp",
					 ""),
			0);
	write_file(source, 102, 1);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_mem_eq(t.file.onion, onion, sizeof onion);
	ck_assert_int_eq(q_run(anna->p->db, "UPDATE contact SET home = ? WHERE name = 'carl'", "i",
					 home.id),
			0);
	write_file(source, 101, 1);
	ck_assert_int_eq(begin_sending(&t, anna), 0);
	ck_assert_mem_eq(t.file.onion, home.onion, sizeof onion);
	end();
}
END_TEST

START_TEST(for_two_groups_it_is_two)
{
	struct transfer one, other;
	struct group g;

	begin(100);
	ck_assert_int_eq(group_make(anna->p, "attic"), 0);
	g = group_of(anna, "attic");
	ck_assert_int_eq(group_invite(anna->p, &g, "bert"), 0);
	settle();
	ck_assert_int_eq(upload_begin_in(&other, anna->p, &g, source), TRANSFER_NOT_IN);
	g = group_of(bert, "attic");
	ck_assert_int_eq(group_join(bert->p, &g), 0);
	settle();
	g = group_of(anna, "attic");
	ck_assert_int_eq(begin_sending(&one, anna), 0);
	ck_assert_int_eq(upload_begin_in(&other, anna->p, &g, source), 0);
	ck_assert_int_ne(one.id, other.id);
	ck_assert(!key_equal(&one.file.key, &other.file.key));
	ck_assert_int_eq(begin_sending(&other, anna), 0);
	ck_assert_int_eq(one.id, other.id);
	ck_assert(key_equal(&one.file.end_key, &other.file.end_key));
	end();
}
END_TEST

UNIT("group_file", it_is_sent_once_and_each_member_fetches_it,
		any_answer_may_be_lost_and_it_is_said_once,
		who_comes_on_its_way_gets_it_and_who_goes_does_not,
		when_nobody_is_left_it_is_given_up, who_leaves_says_no_file_there,
		a_blocked_member_gets_none_and_theirs_is_not_fetched,
		an_announcement_that_is_lost_is_sent_again, no_member_takes_it_from_the_others,
		its_sender_takes_it_back_for_all_and_leads_nobody_to_its_server,
		one_that_waits_to_be_told_of_is_taken_back_too,
		forgotten_by_its_sender_it_is_there_for_the_others,
		with_its_group_it_is_forgotten_and_what_was_begun_ends,
		it_disappears_with_the_groups_time_and_no_other,
		a_time_between_two_that_came_first_is_not_its_time,
		its_name_is_no_text_that_could_be_changed,
		what_comes_before_its_sender_is_listed_is_not_seen_until_then,
		what_was_taken_back_before_its_sender_is_listed_is_never_seen,
		what_announces_no_whole_file_is_left_out_and_its_number_counts,
		it_lies_where_most_of_those_who_hear_of_it_write_to, for_two_groups_it_is_two)
