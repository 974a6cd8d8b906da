/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Panic: what goes first, what a cut leaves, who ends, and what the server is asked. */
#include "client/lib/panic.h"

#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "tests/unit/client/place.h"
#include "tests/unit/client/shop.h"

#include <pthread.h>

/* --- on the device ------------------------------------------------------ */

static void act_panic(void *data)
{
	struct panic what = { .dir = scene.dir };

	(void)data;
	if (panic(&what))
		_exit(1);
}

static void profile_or_none(void)
{
	static const uint8_t onion[32] = { 7 };
	uint8_t found[32];
	struct profile *p = NULL;

	if (identity_under(found, &scene, own) == 0) {
		ck_assert_mem_eq(found, scene.identity, 32);
		return;
	}
	act_panic(NULL); /* again: and it is over */
	ck_assert_int_eq(profile_create(&p, scene.dir, own, onion, &cheap), 0);
	profile_close(p);
}

START_TEST(slots_go_first_and_a_cut_leaves_the_profile_or_none)
{
	struct steps steps = { .kill_at = -1 };
	struct place a;

	place_make(&a);
	add_decoy(&a);
	ck_assert_int_gt(cut_everywhere(&a, act_panic, NULL, profile_or_none), 8);
	scene = a;
	ck_assert(!steps_run(&steps, act_panic, NULL));
	/* overwritten twice, each time until it is on the disk, and then that it has that name; no
	   lock is waited for, and all else is later */
	ck_assert_msg(strncmp(steps.text, "wswssl", 6) == 0, "%s", steps.text);
	place_end(&a);
}
END_TEST

static void panic_in(const struct place *a)
{
	scene = *a;
	act_panic(NULL);
}

START_TEST(nothing_is_left_to_read_by_any_passphrase)
{
	struct place a, slots;
	uint8_t found[32];
	char path[64];

	place_make(&a);
	add_decoy(&a);
	slots = place_copy(&a);
	/* the handler's part alone: the file stays, and opens under none */
	ck_assert_int_eq(vault_destroy(slots.dir), 0);
	ck_assert(is_locked(&slots, own));
	ck_assert(is_locked(&slots, duress));
	place_end(&slots);
	panic_in(&a);
	ck_assert_int_eq(identity_under(found, &a, own), E_IO);
	for (size_t i = 0; i < ARRAY_LEN(profile_files); i++) {
		snprintf(path, sizeof path, "%s/%s", a.dir, profile_files[i]);
		ck_assert_msg(access(path, F_OK) < 0, "%s", path);
	}
	panic_in(&a); /* there is nothing, and that is no failure */
	place_end(&a);
}
END_TEST

/* A cut while it was opened has left a whole new key file beside the old one. */
START_TEST(a_key_file_that_was_never_put_in_place_is_destroyed_too)
{
	struct place a;
	char from[64], to[64];

	place_make(&a);
	snprintf(from, sizeof from, "%s/key", a.dir);
	snprintf(to, sizeof to, "%s/key.new", a.dir);
	ck_assert_int_eq(link(from, to), 0);
	ck_assert_int_eq(unlink(from), 0);
	ck_assert_int_eq(vault_destroy(a.dir), 0);
	ck_assert_int_eq(rename(to, from), 0);
	ck_assert(is_locked(&a, own));
	place_end(&a);
}
END_TEST

START_TEST(whoever_has_it_open_ends_and_the_keyring_forgets)
{
	struct place a, copy;
	struct profile *p;
	struct vault vault;
	int ready[2], status;
	pid_t pid;
	char c;

	place_make(&a);
	p = open_place(&a, own);
	ck_assert_int_eq(keyring_keep(&p->vault, a.dir, 600), 0);
	profile_close(p);
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		p = open_place(&a, own);
		signal(SIGALRM, SIG_DFL); /* not Check's */
		alarm(60);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(keyring_use(&vault, a.dir), 0);
	copy = place_copy(&a); /* its key file names the same key of the keyring */
	panic_in(&a);
	ck_assert_int_eq(keyring_use(&vault, copy.dir), KEYRING_NONE);
	place_end(&copy);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	place_end(&a);
}
END_TEST

/* --- at the server ------------------------------------------------------ */

enum { ASKED_MOST = 32 };

static struct {
	pthread_mutex_t lock;
	struct shop shop;
	int n, n_lost; /* asked; so many answers are lost */
	char paths[ASKED_MOST][96], circuits[ASKED_MOST][33];
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int desk_serve(struct net *net, const struct ask *ask, struct answer *out)
{
	int rc = 0;

	answer_clear(out);
	pthread_mutex_lock(&desk.lock);
	if (strcmp(ask->path, "/v1/server") == 0) {
		rc = shop_describe(&desk.shop, ask, out);
	} else if (desk.n_lost-- > 0) {
		rc = E_NET;
	} else {
		ck_assert(ask->owner && strcmp(ask->method, "DELETE") == 0);
		ck_assert_int_lt(desk.n, ASKED_MOST);
		snprintf(desk.paths[desk.n], sizeof desk.paths[0], "%s", ask->path);
		net_circuit_name(desk.circuits[desk.n++], net, &ask->circuit);
		rc = shop_say(out, 200, json_object());
	}
	pthread_mutex_unlock(&desk.lock);
	return rc;
}

static void desk_open(struct net *net, int n_lost)
{
	ck_assert_int_eq(net_open(net, "127.0.0.1:1", true), 0);
	net->carry = desk_serve;
	shop_open(&desk.shop);
	desk.n = 0;
	desk.n_lost = n_lost;
}

/* The inbox, a contact's, a spare one whose making may have been lost, one that is to be ended. */
static void fill_mailboxes(struct profile *p)
{
	struct own_mailbox box;

	ck_assert_int_eq(mailbox_for(&box, p, 0), 0);
	ck_assert_int_eq(mailbox_made(p, &box), 0);
	ck_assert_int_eq(q_run(p->db,
					 "INSERT INTO contact (id, name, state, identity_hash) "
					 "VALUES (1, 'x', 1, randomblob(32))",
					 ""),
			0);
	ck_assert_int_eq(mailbox_for(&box, p, 1), 0);
	ck_assert_int_eq(mailbox_made(p, &box), 0);
	ck_assert_int_eq(mailbox_spare(&box, p, &p->home), 0);
	ck_assert_int_eq(q_run(p->db,
					 "INSERT INTO mailbox (kind, owner_secret, deposit, "
					 "request, made) VALUES (3, randomblob(32), "
					 "randomblob(32), randomblob(16), 1)",
					 ""),
			0);
}

static bool files_gone;

static void look_for_files(const struct panic *what)
{
	files_gone = vault_name((uint8_t[VAULT_NAME_BYTES]){ 0 }, what->dir) == E_IO &&
			desk.n == 0 && what->n_left == 5;
}

START_TEST(unlocked_it_asks_for_account_and_all_mailboxes_each_over_its_own_circuit)
{
	struct place a;
	struct net net;
	struct panic what = { .net = &net, .on_destroyed = look_for_files };
	int n_accounts = 0;

	place_make(&a);
	desk_open(&net, 3); /* answers that are lost are asked for again */
	what.dir = a.dir;
	what.profile = open_place(&a, own);
	fill_mailboxes(what.profile);
	ck_assert_int_eq(panic(&what), 0);
	ck_assert(files_gone && !what.profile);
	ck_assert_uint_eq(what.n_ended, 5);
	ck_assert_uint_eq(what.n_left, 0);
	ck_assert_int_eq(desk.n, 5);
	for (int i = 0; i < desk.n; i++) {
		n_accounts += strncmp(desk.paths[i], "/v1/accounts/", 13) == 0;
		for (int k = 0; k < i; k++) {
			ck_assert_str_ne(desk.circuits[i], desk.circuits[k]);
			ck_assert_str_ne(desk.paths[i], desk.paths[k]);
		}
	}
	ck_assert_int_eq(n_accounts, 1);
	net_close(&net);
	place_end(&a);
}
END_TEST

START_TEST(locked_it_asks_nothing)
{
	struct place a;
	struct net net;
	struct panic what = { .net = &net };

	place_make(&a);
	desk_open(&net, 0);
	what.dir = a.dir;
	ck_assert_int_eq(panic(&what), 0);
	ck_assert_uint_eq(what.n_ended + what.n_left, 0);
	ck_assert_int_eq(desk.n, 0);
	net_close(&net);
	place_end(&a);
}
END_TEST

START_TEST(a_server_that_never_answers_ends_the_asking_and_is_told)
{
	struct place a;
	struct net net;
	struct panic what = { .net = &net, .ask_s = 1 };

	place_make(&a);
	desk_open(&net, 1 << 20);
	what.dir = a.dir;
	what.profile = open_place(&a, own);
	fill_mailboxes(what.profile);
	ck_assert_int_eq(panic(&what), 0);
	ck_assert_uint_eq(what.n_ended, 0);
	ck_assert_uint_eq(what.n_left, 5);
	net_close(&net);
	place_end(&a);
}
END_TEST

UNIT("panic", slots_go_first_and_a_cut_leaves_the_profile_or_none,
		nothing_is_left_to_read_by_any_passphrase,
		a_key_file_that_was_never_put_in_place_is_destroyed_too,
		whoever_has_it_open_ends_and_the_keyring_forgets,
		unlocked_it_asks_for_account_and_all_mailboxes_each_over_its_own_circuit,
		locked_it_asks_nothing, a_server_that_never_answers_ends_the_asking_and_is_told)
