/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is on the device comes first: no network can keep it from being destroyed. */
#include "client/lib/panic.h"

#include "client/lib/account.h"
#include "client/lib/device.h"
#include "client/lib/keyring.h"
#include "client/lib/pair.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 8 }; /* a new circuit takes seconds, and there may be fifty */

/* What may be asked of the server when the profile is gone. Both in locked memory. */
struct keys {
	struct home *who; /* our accounts, also those at servers that were left */
	size_t n_who;
	struct own_mailbox *boxes;
	size_t n_boxes;
};

struct asking {
	struct keys keys;
	struct net net;
	atomic_size_t next; /* accounts, then mailboxes */
	atomic_uint n_ended;
};

static void asking_free_ref(struct asking **a)
{
	sodium_free(*a); /* wipes */
}

static void keys_wipe(struct keys *keys)
{
	sodium_free(keys->boxes);
	sodium_free(keys->who);
	*keys = (struct keys){ .who = NULL };
}

static int copy_boxes(struct keys *keys, struct profile *p)
{
	CLEANUP(mailbox_wipe) struct own_mailbox box = { .id = 0 };
	int64_t n = 0;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM mailbox", "");

	keys->boxes = rc ? NULL : sodium_allocarray((size_t)n + 1, sizeof *keys->boxes);
	if (!keys->boxes)
		return rc ? rc : E_NOMEM;
	while (keys->n_boxes < (size_t)n && (rc = mailbox_any(&box, p, box.id)) == 0)
		keys->boxes[keys->n_boxes++] = box;
	sodium_memzero(&box, sizeof box);
	return rc < 0 ? rc : 0;
}

static int copy_keys(struct keys *out, struct profile *p)
{
	struct home home = { .id = 0 };
	int64_t n = 0;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM home", "");

	out->who = rc ? NULL : sodium_allocarray((size_t)n + 1, sizeof *out->who);
	if (!out->who)
		return rc ? rc : E_NOMEM;
	while (out->n_who < (size_t)n && (rc = home_next_to_end(&home, p, home.id)) == 0)
		out->who[out->n_who++] = home;
	home_wipe(&home);
	return rc < 0 ? rc : copy_boxes(out, p);
}

/* --- the server ---------------------------------------------------------- */

static int end_one(struct net *net, const struct keys *keys, size_t i)
{
	return i < keys->n_who ? account_end(net, &keys->who[i])
			       : sync_end_mailbox(net, &keys->boxes[i - keys->n_who]);
}

/* Until it is done, refused, or too late. */
static int insist(struct net *net, const struct keys *keys, size_t i)
{
	const struct timespec pause = { 1, 0 };
	int rc;

	while ((rc = end_one(net, keys, i)) == E_NET && !net_is_stopped(net))
		nanosleep(&pause, NULL);
	return rc;
}

static void *ask_some(void *data)
{
	struct asking *a = data;
	struct net net;
	size_t i;

	if (net_copy(&net, &a->net))
		return NULL;
	while ((i = atomic_fetch_add(&a->next, 1)) < a->keys.n_who + a->keys.n_boxes)
		if (insist(&net, &a->keys, i) == 0)
			atomic_fetch_add(&a->n_ended, 1);
	net_copy_close(&net);
	return NULL;
}

static void ask_all(struct asking *a)
{
	pthread_t threads[THREADS];
	size_t n = 0;

	while (n < THREADS && n < a->keys.n_who + a->keys.n_boxes &&
			pthread_create(&threads[n], NULL, ask_some, a) == 0)
		n++;
	if (n == 0)
		ask_some(a);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

static void ask_server(struct panic *panic, struct keys *keys)
{
	CLEANUP(asking_free) struct asking *a = sodium_malloc(sizeof *a);
	struct timespec now;

	if (!a)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	a->keys = *keys;
	a->net = *panic->net;
	a->net.stop = NULL;
	a->net.insists = true;
	a->net.until_ms = ((int64_t)now.tv_sec + (panic->ask_s ? panic->ask_s : PANIC_ASK_S)) *
			1000;
	atomic_init(&a->next, 0);
	atomic_init(&a->n_ended, 0);
	ask_all(a);
	panic->n_ended = atomic_load(&a->n_ended);
	panic->n_left -= panic->n_ended;
}

/* --- the device ---------------------------------------------------------- */

int panic(struct panic *panic)
{
	struct keys keys = { .who = NULL };
	uint8_t name[VAULT_NAME_BYTES];
	const bool device = vault_wants_device(panic->dir) && vault_name(name, panic->dir) == 0;
	bool asks;
	int rc;

	if (vault_destroy(panic->dir)) {
		/* vault_remove tries again, and tells */
	}
	asks = panic->profile && copy_keys(&keys, panic->profile) == 0;
	keyring_forget(panic->dir);
	profile_close(STEAL(panic->profile));
	rc = vault_remove(panic->dir);
	pair_clear(panic->dir);
	if (device)
		device_forget(name);
	panic->n_ended = 0;
	panic->n_left = asks ? (unsigned)(keys.n_boxes + keys.n_who) : 0;
	if (panic->on_destroyed)
		panic->on_destroyed(panic);
	if (asks)
		ask_server(panic, &keys);
	keys_wipe(&keys);
	return rc;
}
