/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The power goes (disks.h) while somebody talks: what was told as sent or taken is there, nothing
 * comes twice, and no key of a packet that is out is used again. A file that is said to be there is.
 */
#include "client/lib/download.h"
#include "tests/unit/client/disks.h"
#include "tests/unit/client/mend.h"
#include "tests/unit/client/shop.h"

enum { PACKETS = 2, TOLD = 16 }; /* a promise: so many are out, and TOLD times so many told */

static const char *const texts[PACKETS] = { "two", "three" };

static struct far { /* the processes' common memory */
	struct shop shop;
	struct parcel out[PACKETS]; /* deposited */
	int n_out, n_told;
	struct parcel in[PACKETS]; /* for bob, */
	char inbox[128];	   /* to be asked for so */
	bool is_taken;
} * far;

static struct place alices, bobs;

static void promise_made(void)
{
	record_mark(far->n_out + TOLD * far->n_told);
}

/* --- the server ---------------------------------------------------------- */

static int take_deposit(const struct ask *ask, struct answer *out)
{
	struct parcel *parcel = &far->out[far->n_out++];

	ck_assert_int_le(far->n_out, PACKETS);
	memcpy(parcel->packet, ask->body, BLOB_BYTES);
	parcel->address.deposit = *ask->deposit;
	promise_made(); /* from here on it may be read */
	return shop_say(out, 201, json_object());
}

static int hand_out(const struct ask *ask, struct answer *out)
{
	out->status = 200;
	out->len = FETCH_BYTES;
	out->body = calloc(1, FETCH_BYTES);
	ck_assert_ptr_nonnull(out->body);
	for (int i = 0; i < PACKETS && !far->is_taken && strcmp(ask->path, far->inbox) == 0; i++) {
		uint8_t *slot = out->body + i * (BLOB_ID_BYTES + BLOB_BYTES);

		slot[0] = (uint8_t)(i + 1);
		memcpy(slot + BLOB_ID_BYTES, far->in[i].packet, BLOB_BYTES);
	}
	return 0;
}

static int serve(struct net *net, const struct ask *ask, struct answer *out)
{
	(void)net;
	answer_clear(out);
	if (strcmp(ask->path, "/v1/server") == 0)
		return shop_describe(&far->shop, ask, out);
	if (strcmp(ask->path, "/v1/blobs") == 0)
		return take_deposit(ask, out);
	if (strcmp(ask->method, "GET") == 0)
		return hand_out(ask, out);
	far->is_taken = true; /* acknowledged: they are gone */
	far->n_out = PACKETS;
	promise_made();
	return shop_say(out, 200, json_object());
}

static void connect_to(struct net *net)
{
	shop_connect(net, &far->shop);
	net->carry = serve;
}

/* --- the people ---------------------------------------------------------- */

static const char passphrase[] = "correct horse";

static void begin(void)
{
	far = mmap(NULL, sizeof *far, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(far != MAP_FAILED);
	shop_open(&far->shop);
	meet();
}

static void settle_down(void)
{
	profile_close(alice.p);
	profile_close(bob.p);
	snprintf(alices.dir, sizeof alices.dir, "%s", alice.dir);
	snprintf(bobs.dir, sizeof bobs.dir, "%s", bob.dir);
}

static void end(void)
{
	remove_dir(alice.dir);
	remove_dir(bob.dir);
	munmap(far, sizeof *far);
}

static struct person person_in(const char *dir)
{
	struct person a = { .peer = NULL };
	struct vault vault;

	snprintf(a.dir, sizeof a.dir, "%.31s", dir);
	ck_assert_int_eq(profile_unlock(&vault, a.dir, passphrase), 0);
	ck_assert_int_eq(profile_open(&a.p, a.dir, &vault), 0);
	a.p->now_s = test_clock;
	return a;
}

static bool is_taken(struct person *b, const struct parcel *parcel, bool may_be_known)
{
	const int rc = deliver(b, parcel);

	return rc == RECEIVE_NEW || (may_be_known && rc == RECEIVE_DUPLICATE);
}

/* --- sending ------------------------------------------------------------- */

static void act_send(void *data)
{
	struct person a = person_in(scene.dir);
	struct net net;

	(void)data;
	connect_to(&net);
	for (int i = 0; i < PACKETS; i++) {
		if (sync_send(&net, a.p, "bob", texts[i]))
			_exit(1);
		far->n_told++;
		promise_made();
	}
	profile_close(a.p);
}

/* What the other has of it in the end: each once, if it is out or told. */
static bool has_all(struct person *b, int n)
{
	bool good = true;

	for (int i = 0; i < PACKETS; i++)
		good = good && heard(b, texts[i]) <= 1 && (i >= n || heard(b, texts[i]) == 1);
	return good;
}

static bool each_comes_once(int promise, bool thoroughly)
{
	struct place copy = place_copy(&bobs);
	struct person a = person_in(scene.dir), b = person_in(copy.dir);
	const int n_out = promise % TOLD, n_told = promise / TOLD;
	struct parcel parcel;
	bool good = true;

	(void)thoroughly;
	for (int i = 0; i < n_out; i++)
		good = good && is_taken(&b, &far->out[i], false);
	while (good && waiting(&a)) {
		parcel = post(&a);
		good = is_taken(&b, &parcel, true);
	}
	if (good) {
		say(&a, "bob", &b, "later");
		parcel = post(&a);
		good = is_taken(&b, &parcel, false) && heard(&b, "later") == 1 &&
				has_all(&b, n_out > n_told ? n_out : n_told) &&
				count(&b, "SELECT count(*) FROM missing") == 0;
	}
	profile_close(a.p);
	profile_close(b.p);
	disks_remove(copy.dir);
	return good;
}

START_TEST(what_is_out_or_told_as_sent_comes_once_and_no_key_is_used_twice)
{
	begin();
	settle_down();
	disks_of(&alices, act_send, each_comes_once);
	end();
}
END_TEST

/* --- receiving ----------------------------------------------------------- */

static void act_receive(void *data)
{
	struct person b = person_in(scene.dir);
	struct net net;
	unsigned n_new;

	(void)data;
	connect_to(&net);
	if (sync_fetch(&net, b.p, SYNC_AT_ONCE, &n_new) || n_new != PACKETS || !far->is_taken)
		_exit(1);
	profile_close(b.p);
}

static bool each_was_taken_once(int promise, bool thoroughly)
{
	struct person b = person_in(scene.dir);
	bool good = !promise || has_all(&b, PACKETS);
	struct parcel parcel;

	for (int i = 0; i < PACKETS; i++) /* the server still has them, or lies */
		good = good && is_taken(&b, &far->in[i], true);
	good = good && has_all(&b, PACKETS);
	if (good && thoroughly) {
		struct place copy = place_copy(&alices);
		struct person a = person_in(copy.dir);

		say(&b, "alice", &a, "so be it");
		parcel = post(&b);
		good = is_taken(&a, &parcel, false) && heard(&a, "so be it") == 1;
		profile_close(a.p);
		disks_remove(copy.dir);
	}
	profile_close(b.p);
	return good;
}

START_TEST(what_the_server_was_told_to_forget_is_here_and_once)
{
	struct own_mailbox box = { .id = 0 };
	char id[BASE64URL_ROOM(MAILBOX_ID_BYTES)];

	begin();
	for (int i = 0; i < PACKETS; i++) {
		say(&alice, "bob", &bob, texts[i]);
		far->in[i] = post(&alice);
	}
	while (mailbox_next(&box, bob.p, box.id) == 0)
		if (key_equal(&box.deposit, &far->in[0].address.deposit))
			break;
	base64url_write(id, box.mailbox, sizeof box.mailbox);
	snprintf(far->inbox, sizeof far->inbox, "/v1/mailboxes/%s/blobs", id);
	settle_down();
	disks_of(&bobs, act_receive, each_was_taken_once);
	end();
}
END_TEST

/* --- a file -------------------------------------------------------------- */

enum { PIECES = 2, FILE_BYTES = CHUNK_SMALL_BYTES + 400 };

static struct file file;
static uint8_t contents[PIECES * CHUNK_SMALL_BYTES];

static int serve_pieces(struct net *net, const struct ask *ask, struct answer *out)
{
	(void)net;
	answer_clear(out);
	for (uint32_t i = 0; i < PIECES; i++) {
		CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
		char id[BASE64URL_ROOM(CHUNK_ID_BYTES)];

		file_piece(&piece, &file, i);
		base64url_write(id, piece.id, sizeof piece.id);
		if (!strstr(ask->path, id))
			continue;
		out->status = 200;
		out->len = file_piece_bytes(&file);
		out->body = malloc(out->len + CHUNK_HEAD_BYTES);
		ck_assert_ptr_nonnull(out->body);
		file_piece_seal(out->body, &file, i, contents + i * file_piece_contents(&file));
		memmove(out->body, out->body + CHUNK_HEAD_BYTES, out->len);
		return 0;
	}
	return shop_problem(out, 404, "urn:sotto:problem:not-found");
}

static int get_in(struct person *b)
{
	CLEANUP(download_close) struct download d;
	struct net net;
	char into[64];
	int rc;

	connect_to(&net);
	net.carry = serve_pieces;
	snprintf(into, sizeof into, "%s/out", b->dir);
	rc = download_open(&d, b->p, 1, into);
	while (rc == 0)
		rc = download_step(&net, b->p, &d);
	return rc;
}

static void act_get(void *data)
{
	struct person b = person_in(scene.dir);

	(void)data;
	if (get_in(&b) != TRANSFER_DONE)
		_exit(1);
	record_mark(1); /* from here on the server may lose its pieces */
	profile_close(b.p);
}

static bool is_there(const char *dir)
{
	uint8_t hash[HASH_BYTES], bytes[FILE_BYTES + 1];
	char path[64];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/out/picture.png", dir);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	hash256(hash, bytes, n < FILE_BYTES ? n : FILE_BYTES);
	return n == FILE_BYTES && memcmp(hash, file.hash, sizeof hash) == 0;
}

static bool there_if_it_is_said_so(int promise, bool thoroughly)
{
	struct person b = person_in(scene.dir);
	const bool said = count(&b, "SELECT state FROM file") == TRANSFER_CLOSED;
	bool good = (said || !promise) && (!said || is_there(b.dir));

	(void)thoroughly;
	good = good && get_in(&b) == TRANSFER_DONE && is_there(b.dir);
	profile_close(b.p);
	return good;
}

START_TEST(a_file_that_is_said_to_be_there_is_there_whole)
{
	uint8_t head[CONTENT_TEXT_MOST];
	struct announced announced = { .message = 1, .head = head };
	char out[64];

	begin();
	snprintf(out, sizeof out, "%s/out", bob.dir);
	ck_assert_int_eq(mkdir(out, 0700), 0);
	randombytes_buf(contents, FILE_BYTES);
	ck_assert_int_eq(file_init(&file, "picture.png", FILE_BYTES), 0);
	hash256(file.hash, contents, FILE_BYTES);
	ck_assert_uint_eq(file_pieces(&file), PIECES);
	announced.len = file_write(head, &file);
	announced.contact = the_contact(&bob, "alice").id;
	ck_assert_int_eq(transfer_announced(bob.p, &announced), 0);
	settle_down();
	disks_of(&bobs, act_get, there_if_it_is_said_so);
	disks_of_killed(&bobs, act_get, "picture.png", act_get, there_if_it_is_said_so);
	ck_assert_int_eq(rmdir(out), 0);
	end();
}
END_TEST

UNIT("power_talk", what_is_out_or_told_as_sent_comes_once_and_no_key_is_used_twice,
		what_the_server_was_told_to_forget_is_here_and_once,
		a_file_that_is_said_to_be_there_is_there_whole)
