/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Between the threads are two lists under one lock. */
#include "client/lib/lanes.h"

#include "libshared/error.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

struct lane {
	struct lanes *all;
	pthread_t thread;
	struct net net;
	uint8_t onion[ONION_KEY_BYTES]; /* whom it speaks to, or did last: there it is connected */
	struct errand *doing;
};

struct lanes {
	struct lanes_of of;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t news;
	struct lane lanes[LANES_MOST];
	unsigned n;
	struct errand *waiting, *done;
	atomic_int stop;
	int done_fd;
};

static bool is_at(const uint8_t *one, const uint8_t *other)
{
	return memcmp(one, other, ONION_KEY_BYTES) == 0;
}

static void put_last(struct errand **list, struct errand *e)
{
	while (*list)
		list = &(*list)->next;
	e->next = NULL;
	*list = e;
}

static struct errand *take_first(struct errand **list)
{
	struct errand *e = *list;

	if (e)
		*list = e->next;
	return e;
}

static struct lane *lane_at(struct lanes *all, const uint8_t *onion)
{
	for (unsigned i = 0; i < all->n; i++)
		if (is_at(all->lanes[i].onion, onion))
			return &all->lanes[i];
	return NULL;
}

/* --- on the threads ----------------------------------------------------- */

/* The oldest for its own server, else for one that no lane speaks to. */
static struct errand *take(struct lane *lane)
{
	struct errand **other = NULL;

	for (struct errand **e = &lane->all->waiting; *e; e = &(*e)->next) {
		if (is_at((*e)->onion, lane->onion))
			return take_first(e);
		if (!other && !lane_at(lane->all, (*e)->onion))
			other = e;
	}
	return other ? take_first(other) : NULL;
}

static void do_one(struct lane *lane, struct profile **profile)
{
	const struct lanes_of *of = &lane->all->of;

	lane->net.only = lane->doing->onion;
	lane->doing->rc = *profile ? 0 : profile_open(profile, of->dir, of->vault);
	if (lane->doing->rc == 0)
		errand_do(lane->doing, &lane->net, *profile);
	lane->net.only = NULL;
}

static void *run(void *userdata)
{
	CLEANUP(profile_close) struct profile *profile = NULL;
	struct lane *lane = userdata;
	struct lanes *all = lane->all;

	pthread_mutex_lock(&all->lock);
	while (!atomic_load(&all->stop)) {
		lane->doing = take(lane);
		if (!lane->doing) {
			pthread_cond_wait(&all->news, &all->lock);
			continue;
		}
		memcpy(lane->onion, lane->doing->onion, sizeof lane->onion);
		pthread_mutex_unlock(&all->lock);
		do_one(lane, &profile);
		pthread_mutex_lock(&all->lock);
		put_last(&all->done, lane->doing);
		lane->doing = NULL;
		(void)!eventfd_write(all->done_fd, 1);
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

/* --- on the caller's ---------------------------------------------------- */

int lanes_open(struct lanes **out, const struct lanes_of *of)
{
	CLEANUP(lanes_close) struct lanes *all = calloc(1, sizeof *all);

	if (!all)
		return E_NOMEM;
	all->of = *of;
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->news, NULL);
	all->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->done_fd < 0)
		return E_IO;
	*out = STEAL(all);
	return 0;
}

void lanes_close(struct lanes *all)
{
	struct errand *e;

	if (!all)
		return;
	pthread_mutex_lock(&all->lock);
	atomic_store(&all->stop, 1);
	pthread_cond_broadcast(&all->news);
	pthread_mutex_unlock(&all->lock);
	for (unsigned i = 0; i < all->n; i++) {
		pthread_join(all->lanes[i].thread, NULL);
		net_copy_close(&all->lanes[i].net);
	}
	while ((e = take_first(&all->waiting)) || (e = take_first(&all->done)))
		errand_free(e);
	pthread_cond_destroy(&all->news);
	pthread_mutex_destroy(&all->lock);
	scope_close_ref(&all->done_fd);
	free(all);
}

/* What is said of a whole server needs to be said once. What is kept meanwhile is kept then. */
static bool is_known(const struct lanes *all, const struct errand *e)
{
	if (e->kind != ERRAND_FLUSH && e->kind != ERRAND_KEEP)
		return false;
	for (const struct errand *w = all->waiting; w; w = w->next)
		if (w->kind == e->kind && is_at(w->onion, e->onion))
			return true;
	for (unsigned i = 0; i < all->n && e->kind == ERRAND_KEEP; i++) {
		const struct errand *doing = all->lanes[i].doing;

		if (doing && doing->kind == ERRAND_KEEP && is_at(doing->onion, e->onion))
			return true;
	}
	return false;
}

/* Under the lock, so the thread waits until it counts. */
static int begin_lane(struct lanes *all, const uint8_t *onion)
{
	struct lane *lane = &all->lanes[all->n];

	if (net_copy(&lane->net, all->of.net))
		return E_NOMEM;
	lane->all = all;
	lane->net.stop = &all->stop;
	memcpy(lane->onion, onion, sizeof lane->onion);
	if (pthread_create(&lane->thread, NULL, run, lane)) {
		net_copy_close(&lane->net);
		return E_NOMEM;
	}
	all->n++;
	return 0;
}

static int add(struct lanes *all, struct errand **taken)
{
	int rc = 0;

	if (is_known(all, *taken))
		return 0;
	if (all->n < LANES_MOST && !lane_at(all, (*taken)->onion))
		rc = begin_lane(all, (*taken)->onion);
	if (rc && all->n == 0)
		return rc;
	if ((*taken)->kind == ERRAND_FLUSH) { /* somebody has just written it */
		(*taken)->next = all->waiting;
		all->waiting = STEAL(*taken);
	} else {
		put_last(&all->waiting, STEAL(*taken));
	}
	pthread_cond_broadcast(&all->news);
	return 0;
}

int lanes_add(struct lanes *all, struct errand *taken)
{
	CLEANUP(errand_free) struct errand *e = taken;
	int rc;

	pthread_mutex_lock(&all->lock);
	rc = add(all, &e);
	pthread_mutex_unlock(&all->lock);
	return rc;
}

int lanes_fd(const struct lanes *all)
{
	return all->done_fd;
}

struct errand *lanes_done(struct lanes *all)
{
	struct errand *e;
	eventfd_t n;

	pthread_mutex_lock(&all->lock);
	e = take_first(&all->done);
	if (!e)
		(void)!eventfd_read(all->done_fd, &n);
	pthread_mutex_unlock(&all->lock);
	return e;
}
