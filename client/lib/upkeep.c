/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Each step is planned by itself, at random, and may be interrupted anywhere. */
#include "client/lib/upkeep.h"

#include "client/lib/account.h"
#include "client/lib/loss.h"
#include "client/lib/move.h"
#include "client/lib/plan.h"
#include "client/lib/receipts.h"
#include "client/lib/timer.h"
#include "client/lib/tokens.h"
#include "client/lib/transfer.h"
#include "client/lib/turns.h"
#include "libshared/error.h"

#include <sodium.h>

enum {
	SPARE_SPREAD_S = 86400,
	FAST_SPREAD_S = 1,
	DAILY_S = 23 * 3600,
	DAILY_SPREAD_S = 6 * 3600,
	POLL_S = 600,
	POLL_SPREAD_S = 300,
	GONE_S = 90 * 86400, /* then the server has ended it by itself */
	PIECES_AT_ONCE = 16
};

/* --- spare mailboxes ---------------------------------------------------- */

/* One at a time: four made at once would be known to belong together. */
static int make_spare(struct net *net, struct profile *p, const struct home *home)
{
	CLEANUP(mailbox_wipe) struct own_mailbox m;
	char plan[HOME_PLAN];
	int64_t n;
	bool due;
	int rc;

	home_plan(plan, "spare due", home);
	rc = plan_is_due(&due, p, plan);
	rc = rc || !due ? rc : mailbox_count_spare(&n, p, home);
	if (rc || !due || n >= SPARE_MAILBOXES)
		return rc;
	rc = mailbox_spare(&m, p, home);
	if (rc)
		return rc == CONTACT_NONE ? 0 : rc;
	rc = sync_make_mailbox(net, p, &m);
	return rc ? rc : plan_in(p, plan, 0, net->fast ? FAST_SPREAD_S : SPARE_SPREAD_S);
}

/* --- ending ------------------------------------------------------------- */

static int end_mailboxes(struct net *net, struct profile *p)
{
	CLEANUP(mailbox_wipe) struct own_mailbox m = { .id = 0 };
	int rc, result = 0;

	while ((rc = mailbox_next_ending(&m, p, m.id)) == 0) {
		if (!net_serves(net, m.onion))
			continue;
		rc = m.made ? sync_end_mailbox(net, &m) : 0;
		if (rc == E_NET && m.fetched_s && profile_has_passed(p, m.fetched_s, GONE_S))
			rc = 0;
		rc = rc ? rc : mailbox_ended(p, &m);
		if (rc)
			result = rc;
	}
	return rc == CONTACT_NONE ? result : rc;
}

int upkeep_end_contact(struct net *net, struct profile *p, const char *name)
{
	struct contact c;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc > 0 ? SYNC_NO_CONTACT : rc;
	rc = contact_end(p, &c);
	return rc ? rc : end_mailboxes(net, p);
}

/* --- fetching ----------------------------------------------------------- */

/* An hour less than a day, less a random part of six hours; ten minutes, less one of five: drawn
 * anew at each look, so that each comes at times of its own. */
static bool is_stale(const struct profile *p, const struct own_mailbox *m, bool is_live)
{
	return profile_has_passed(p, m->fetched_s,
			is_live ? DAILY_S - randombytes_uniform(DAILY_SPREAD_S)
				: POLL_S - randombytes_uniform(POLL_SPREAD_S));
}

static int poll_mailboxes(struct net *net, struct profile *p, unsigned *out_new)
{
	CLEANUP(mailbox_wipe) struct own_mailbox m = { .id = 0 };
	int rc, result = 0;

	while ((rc = mailbox_next(&m, p, m.id)) == 0) {
		if (net_serves(net, m.onion) && is_stale(p, &m, m.group.place && !m.is_left))
			rc = sync_fetch_one(net, p, &m, out_new);
		result = result ? result : rc;
	}
	return rc == CONTACT_NONE ? result : rc;
}

/* --- pieces of files ---------------------------------------------------- */

static int clean_files(struct net *net, struct profile *p)
{
	bool left;

	return transfer_clean(net, p, PIECES_AT_ONCE, &left);
}

/* --- all of it ---------------------------------------------------------- */

int upkeep_here(struct profile *p, bool fast)
{
	int (*const steps[])(
			struct profile *) = { profile_refresh, turns_forget, timer_due, loss_mend };
	int result = 0, rc;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		rc = steps[i](p);
		result = result ? result : rc;
	}
	rc = receipts_due(p, fast);
	return result ? result : rc;
}

static int flush(struct net *net, struct profile *p)
{
	unsigned sent;

	return sync_flush(net, p, &sent);
}

/* At each home, whatever becomes of the others. */
static int at_homes(struct net *net, struct profile *p)
{
	int (*const steps[])(struct net *, struct profile *, const struct home *) = { account_keep,
		make_spare, tokens_refill };
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc, result = 0;

	while ((rc = home_next(&home, p, home.id)) == 0)
		for (size_t i = 0; i < ARRAY_LEN(steps) && net_serves(net, home.onion); i++) {
			rc = steps[i](net, p, &home);
			result = result ? result : rc;
		}
	return rc == HOME_NONE ? result : rc;
}

static int there(struct net *net, struct profile *p)
{
	int (*const steps[])(struct net *, struct profile *) = { at_homes, move_keep, end_mailboxes,
		clean_files };
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		int rc = steps[i](net, p);

		result = result ? result : rc;
	}
	return result;
}

int upkeep(struct net *net, struct profile *p)
{
	int here = upkeep_here(p, net->fast), sent = flush(net, p), kept = there(net, p);

	return here ? here : sent ? sent : kept;
}

int upkeep_tick(struct net *net, struct profile *p, unsigned *out_new)
{
	int rc = profile_refresh(p), sent = flush(net, p), polled, kept;

	*out_new = 0;
	polled = poll_mailboxes(net, p, out_new);
	kept = there(net, p);
	return rc ? rc : sent ? sent : polled ? polled : kept;
}
