/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two hash tables over the same sessions. Bounded by most_sessions, times 32 holdings. */
#include "services/bridged/registry.h"

#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { BUCKETS = 1 << 14 };

struct registry {
	uint8_t key[crypto_shorthash_KEYBYTES];
	unsigned most_sessions, n_sessions;
	struct session *first;
	struct session *sessions[BUCKETS];
	struct holding *holdings[BUCKETS];
};

static size_t bucket(const struct registry *registry, const uint8_t *id, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, id, len, registry->key);
	return (size_t)(hash[0] | hash[1] << 8) % BUCKETS;
}

int registry_new(struct registry **out, unsigned most_sessions)
{
	struct registry *registry = calloc(1, sizeof *registry);

	if (!registry)
		return E_NOMEM;
	randombytes_buf(registry->key, sizeof registry->key);
	registry->most_sessions = most_sessions;
	*out = registry;
	return 0;
}

void registry_free(struct registry *registry)
{
	while (registry && registry->first)
		registry_remove(registry, registry->first);
	free(registry);
}

struct session *registry_find(
		const struct registry *registry, const uint8_t id[static SESSION_BYTES])
{
	struct session *s = registry->sessions[bucket(registry, id, SESSION_BYTES)];

	while (s && memcmp(s->id, id, SESSION_BYTES) != 0)
		s = s->next;
	return s;
}

static void link_session(struct registry *registry, struct session *s)
{
	struct session **at = &registry->sessions[bucket(registry, s->id, sizeof s->id)];

	s->next = *at;
	*at = s;
	s->all_next = registry->first;
	if (registry->first)
		registry->first->all_prev = s;
	registry->first = s;
	for (unsigned i = 0; i < s->n_holdings; i++) {
		struct holding *h = &s->holdings[i],
			       **to = &registry->holdings[bucket(registry, h->id, sizeof h->id)];

		h->next = *to;
		*to = h;
	}
	registry->n_sessions++;
}

int registry_put(struct registry *registry, const struct session_wish *wish, struct session **out)
{
	struct session *s = registry_find(registry, wish->id);

	if (s) {
		*out = s;
		return 0;
	}
	if (registry->n_sessions >= registry->most_sessions)
		return REGISTRY_FULL;
	s = calloc(1, sizeof *s + wish->n_ids * sizeof s->holdings[0]);
	if (!s)
		return E_NOMEM;
	memcpy(s->id, wish->id, sizeof s->id);
	s->n_holdings = wish->n_ids;
	for (unsigned i = 0; i < wish->n_ids; i++) {
		memcpy(s->holdings[i].id, wish->ids[i], MAILBOX_ID_BYTES);
		s->holdings[i].session = s;
	}
	link_session(registry, s);
	*out = s;
	return 0;
}

static void unlink_holding(struct registry *registry, struct holding *h)
{
	struct holding **at = &registry->holdings[bucket(registry, h->id, sizeof h->id)];

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
}

void registry_remove(struct registry *registry, struct session *s)
{
	struct session **at = &registry->sessions[bucket(registry, s->id, sizeof s->id)];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	*(s->all_prev ? &s->all_prev->all_next : &registry->first) = s->all_next;
	if (s->all_next)
		s->all_next->all_prev = s->all_prev;
	for (unsigned i = 0; i < s->n_holdings; i++)
		unlink_holding(registry, &s->holdings[i]);
	registry->n_sessions--;
	free(s);
}

static struct holding *same(struct holding *h, const uint8_t *id)
{
	while (h && memcmp(h->id, id, MAILBOX_ID_BYTES) != 0)
		h = h->next;
	return h;
}

struct holding *registry_holding(
		const struct registry *registry, const uint8_t id[static MAILBOX_ID_BYTES])
{
	return same(registry->holdings[bucket(registry, id, MAILBOX_ID_BYTES)], id);
}

struct holding *registry_holding_next(const struct holding *holding)
{
	return same(holding->next, holding->id);
}

bool session_holds(const struct session *session, const uint8_t id[static MAILBOX_ID_BYTES])
{
	for (unsigned i = 0; i < session->n_holdings; i++)
		if (memcmp(session->holdings[i].id, id, MAILBOX_ID_BYTES) == 0)
			return true;
	return false;
}

static struct session *longest_ago(const struct registry *registry, const uint8_t *id)
{
	struct session *oldest = NULL;
	unsigned n = 0;

	for (struct holding *h = registry_holding(registry, id); h; h = registry_holding_next(h)) {
		n++;
		if (!oldest || h->session->since_us < oldest->since_us)
			oldest = h->session;
	}
	return n >= HOLDERS_MOST ? oldest : NULL;
}

struct session *registry_displaced(const struct registry *registry, const struct session_wish *wish)
{
	struct session *displaced = NULL;

	if (registry_find(registry, wish->id))
		return NULL;
	for (unsigned i = 0; !displaced && i < wish->n_ids; i++)
		displaced = longest_ago(registry, wish->ids[i]);
	return displaced;
}

struct session *registry_first(const struct registry *registry)
{
	return registry->first;
}

unsigned registry_count(const struct registry *registry)
{
	return registry->n_sessions;
}
