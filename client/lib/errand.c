/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/lib/errand.h"

#include "client/lib/store.h"
#include "client/lib/transfer.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

int errand_new(struct errand **out, enum errand_kind kind,
		const uint8_t onion[static ONION_KEY_BYTES], const struct own_mailbox *boxes,
		size_t n)
{
	struct errand *e = calloc(1, sizeof *e + n * sizeof *boxes);

	if (!e)
		return E_NOMEM;
	e->kind = kind;
	e->n = n;
	memcpy(e->onion, onion, ONION_KEY_BYTES);
	if (n)
		memcpy(e->boxes, boxes, n * sizeof *boxes);
	*out = e;
	return 0;
}

void errand_free(struct errand *e)
{
	if (e)
		sodium_memzero(e, sizeof *e + e->n * sizeof *e->boxes);
	free(e);
}

/* One box that fails keeps no other back. */
static int fetch(struct errand *e, struct net *net, struct profile *p)
{
	int result = 0;

	for (size_t i = 0; i < e->n; i++) {
		int rc = sync_fetch_one(net, p, &e->boxes[i], &e->n_new);

		result = result ? result : rc;
	}
	return result;
}

static int run(struct errand *e, struct net *net, struct profile *p)
{
	unsigned n_sent;

	switch (e->kind) {
	case ERRAND_SESSION:
		return live_request(&e->grant, net, e->boxes, e->n);
	case ERRAND_FETCH:
		return fetch(e, net, p);
	case ERRAND_FLUSH:
		return sync_flush(net, p, &n_sent);
	default:
		return upkeep_tick(net, p, &e->n_new);
	}
}

void errand_do(struct errand *e, struct net *net, struct profile *p)
{
	const unsigned prepared = net->n_prepared;
	const int changes = sqlite3_total_changes(p->db);

	e->rc = run(e, net, p);
	e->changed = sqlite3_total_changes(p->db) != changes;
	e->goes_on = net->n_prepared != prepared;
}

/* What is sent next may take our mailbox, a bundle, or nothing but the address: whichever of their
 * servers it is, it is asked, and the others' turn does nothing. */
#define WAITING "FROM outbox o JOIN contact c ON c.id = o.contact AND c.state = 1"

int errand_server(uint8_t out[static ONION_KEY_BYTES], struct profile *p, bool keep,
		const uint8_t *after)
{
	const struct q_blob into = { out, ONION_KEY_BYTES };

	return q_blob(&into, p->db,
			"SELECT at FROM (SELECT o.onion AS at " WAITING
			" UNION SELECT substr(c.address, 1, ?1) " WAITING
			" UNION SELECT substr(c.link, 1 + ?2, ?1) " WAITING
			" UNION SELECT h.onion " WAITING " JOIN home h ON h.id = c.home"
			" UNION SELECT onion FROM home WHERE ?4"
			" UNION SELECT substr(body, 1 + ?3, ?1) FROM file WHERE ?4 "
			"AND " TRANSFER_TO_CLEAN
			") WHERE length(at) = ?1 AND at > ?5 ORDER BY at LIMIT 1",
			"iiiib", (int64_t)ONION_KEY_BYTES, (int64_t)LINK_ONION_AT,
			(int64_t)FILE_ONION_AT, (int64_t)keep, after ? after : (const uint8_t *)"",
			(size_t)(after ? ONION_KEY_BYTES : 0));
}
