/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of meta. */
#include "client/lib/plan.h"

#include "client/lib/store.h"

#include <sodium.h>

enum { FURTHEST_S = 30 * 86400 };

int plan_is_due(bool *out, struct profile *p, const char *name)
{
	int64_t at_s = 0, now = profile_now(p);
	int rc = q_number(&at_s, p->db, "SELECT value FROM meta WHERE name = ?", "t", name);

	*out = rc == STORE_NONE || at_s <= now || at_s - now > FURTHEST_S;
	return rc == STORE_NONE ? 0 : rc;
}

int plan_in(struct profile *p, const char *name, int64_t from_s, uint32_t spread_s)
{
	return q_run(p->db,
			"INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
			"excluded.value",
			"ti", name, profile_now(p) + from_s + randombytes_uniform(spread_s));
}
