/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The change itself is one transaction; what comes before it buys, what comes after it is upkeep
 * and may be interrupted anywhere. */
#include "client/lib/move.h"

#include "client/lib/account.h"
#include "client/lib/bundle.h"
#include "client/lib/loss.h"
#include "client/lib/outbox.h"
#include "client/lib/store.h"
#include "client/lib/sync.h"
#include "client/lib/turns.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { GONE_S = 90 * 86400 /* then a server has ended an account by itself */ };

/* --- what was left -------------------------------------------------------- */

static int note_ended(struct profile *p, const struct home *home)
{
	int rc = q_run(p->db, "UPDATE home SET ended_s = ? WHERE id = ?", "ii", profile_now(p),
			home->id);

	return rc ? rc : bundle_ended(p, home);
}

/* ended: what the server said. Nothing is noted where the home was given up while it was asked;
 * another one may have its id. */
static int settle_end(struct profile *p, const struct home *home, int ended)
{
	int64_t left_s = 0;
	int rc = q_number(&left_s, p->db,
			"SELECT left_s FROM home WHERE id = ? AND uuid = ? AND left_s NOT NULL",
			"ib", home->id, home->uuid, sizeof home->uuid);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	return ended && left_s + GONE_S > profile_now(p) ? ended : note_ended(p, home);
}

/* Until then its bundles are handed out, so their secrets are kept. */
static int end_account(struct net *net, struct profile *p, const struct home *home)
{
	int ended = account_end(net, home), rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, settle_end(p, home, ended));
}

static int end_accounts(struct net *net, struct profile *p)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc, result = 0;

	while ((rc = home_next_to_end(&home, p, home.id)) == 0) {
		rc = home.is_left && net_serves(net, home.onion) ? end_account(net, p, &home) : 0;
		result = rc ? rc : result;
	}
	return rc == HOME_NONE ? result : rc;
}

/* A contact has written to the mailbox where it belongs, and the other one was quiet since. An
 * inbox serves until nobody can have a bundle that names it, and no stranger waits who knows no
 * other address. */
static int find_quiet(struct profile *p)
{
	static const char *const steps[] = {
		"UPDATE mailbox SET kind = 3 WHERE kind = 1 AND EXISTS (SELECT 1 FROM contact c "
		"JOIN mailbox n ON n.contact = c.id AND n.kind = 1 AND n.home = c.home WHERE c.id "
		"= mailbox.contact AND c.home <> mailbox.home AND (n.heard_s + ?1 <= "
		"mailbox.empty_s OR n.heard_s + ?2 <= ?3))",
		"UPDATE mailbox SET kind = 3 WHERE kind = 0 AND NOT EXISTS (SELECT 1 FROM contact "
		"WHERE state = 0) AND EXISTS (SELECT 1 FROM home h WHERE h.id = mailbox.home AND "
		"h.left_s NOT NULL AND (h.ended_s + ?1 <= coalesce(mailbox.empty_s, 0) OR "
		"h.ended_s + ?2 <= ?3))",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "iii", (int64_t)QUIET_S, (int64_t)RETENTION_S + QUIET_S,
				profile_now(p));
	return rc ? rc
		  : q_run(p->db,
				    "DELETE FROM home WHERE left_s NOT NULL AND ended_s NOT NULL "
				    "AND NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.home = "
				    "home.id)",
				    "");
}

int move_keep(struct net *net, struct profile *p)
{
	int rc = end_accounts(net, p), quiet = q_begin(p->db);

	quiet = quiet ? quiet : q_end(p->db, find_quiet(p));
	return rc ? rc : quiet;
}

int move_next(struct left_server *out, struct profile *p, const uint8_t *after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT h.onion, count(m.id) FROM home h LEFT JOIN mailbox m ON m.home = "
			"h.id AND m.kind < 3 WHERE h.left_s NOT NULL AND h.onion > ? GROUP BY "
			"h.onion ORDER BY h.onion LIMIT 1",
			"b", after ? after : (const uint8_t *)"",
			(size_t)(after ? ONION_KEY_BYTES : 0));

	rc = rc ? rc : sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? MOVE_NONE : E_IO;
	out->n_mailboxes = sqlite3_column_int64(s, 1);
	return q_column(out->onion, sizeof out->onion, s, 0) ? 0 : E_IO;
}

#define LEFT_THERE "(SELECT id FROM home WHERE onion = ? AND left_s NOT NULL)"

static int give_up(struct profile *p, const uint8_t *onion)
{
	static const char *const steps[] = {
		("UPDATE sealing SET superseded_s = (SELECT left_s FROM home h WHERE h.id = "
		 "sealing.home) WHERE turn = 0 AND base IS NULL AND superseded_s IS NULL AND home "
		 "IN " LEFT_THERE),
		("DELETE FROM mailbox WHERE home IN " LEFT_THERE),
		("UPDATE contact SET home = (SELECT id FROM home WHERE main) WHERE home "
		 "IN " LEFT_THERE),
		"DELETE FROM home WHERE onion = ? AND left_s NOT NULL",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "b", onion, (size_t)ONION_KEY_BYTES);
	return rc;
}

int move_forget(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	CLEANUP(mailbox_wipe) struct own_mailbox m = { .id = 0 };
	int64_t known = 0;
	int rc = q_number(&known, p->db, "SELECT 1 FROM home WHERE onion = ? AND left_s NOT NULL",
			"b", onion, (size_t)ONION_KEY_BYTES);

	if (rc)
		return rc == STORE_NONE ? MOVE_NONE : rc;
	rc = q_run(p->db, "UPDATE mailbox SET kind = 3 WHERE home IN " LEFT_THERE, "b", onion,
			(size_t)ONION_KEY_BYTES);
	if (end_accounts(net, p)) {
		/* it ends by itself */
	}
	while (rc == 0 && (rc = mailbox_next_ending(&m, p, m.id)) == 0)
		if (memcmp(m.onion, onion, ONION_KEY_BYTES) == 0 && m.made &&
				sync_end_mailbox(net, &m) == E_NET)
			break; /* so do they */
	rc = rc == CONTACT_NONE ? 0 : rc;
	rc = rc ? rc : q_begin(p->db);
	return rc ? rc : q_end(p->db, give_up(p, onion));
}

/* --- who is told ---------------------------------------------------------- */

/* Spread, as each takes a mailbox at the other server, and a text to the contact takes it along.
 * A mailbox that is there already counts once they write to it again; one that nobody was ever told
 * of has no use. */
static int tell(struct profile *p, int64_t contact, int64_t to, bool fast)
{
	static const char *const steps[] = {
		"UPDATE mailbox SET heard_s = NULL WHERE contact = ?1 AND home = ?2",
		"UPDATE mailbox SET kind = 3, contact = NULL WHERE contact = ?1 AND home <> ?2 AND "
		"EXISTS (SELECT 1 FROM contact c WHERE c.id = ?1 AND c.identity IS NULL)",
	};
	int64_t told = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "ii", contact, to);
	rc = rc ? rc
		: q_number(&told, p->db,
				  "UPDATE contact SET home = ? WHERE id = ? RETURNING state = 1 "
				  "AND "
				  "identity NOT NULL",
				  "ii", to, contact);
	return rc || !told
			? rc
			: loss_tell(p, contact,
					  fast ? 0
					       : profile_now(p) + randombytes_uniform(AFTER_S_MOST));
}

static int tell_contacts(struct profile *p, int64_t from, int64_t to, bool fast)
{
	int64_t contact;
	int rc;

	while ((rc = q_number(&contact, p->db, "SELECT id FROM contact WHERE home = ? LIMIT 1", "i",
				from)) == 0)
		if ((rc = tell(p, contact, to, fast)) != 0)
			return rc;
	return rc == STORE_NONE ? 0 : rc;
}

/* If it was left meanwhile, its contacts were told of the main one. */
static int move_one(struct profile *p, int64_t contact, const struct home *to, bool fast)
{
	int64_t is;
	int rc = q_number(&is, p->db,
			"SELECT 1 FROM contact c JOIN home h ON h.id = ?2 AND h.left_s IS NULL "
			"WHERE c.id = ?1 AND c.home <> h.id",
			"ii", contact, to->id);

	return rc ? rc == STORE_NONE ? 0 : rc : tell(p, contact, to->id, fast);
}

int move_contact(struct profile *p, int64_t contact, const struct home *to, bool fast)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, move_one(p, contact, to, fast));
}

/* --- leaving -------------------------------------------------------------- */

static int leave(struct profile *p, const struct home *from, int64_t to, bool fast)
{
	static const char *const steps[] = {
		"UPDATE mailbox SET kind = 3 WHERE home = ?1 AND (kind = 2 OR NOT made)",
		"DELETE FROM meta WHERE name IN ('account due ' || ?1, 'spare due ' || ?1, 'tokens "
		"due ' || ?1)",
	};
	int rc = tell_contacts(p, from->id, to, fast);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "i", from->id);
	rc = rc || !from->is_main ? rc : home_make_main(p, to);
	return rc ? rc
		  : q_run(p->db, "UPDATE home SET left_s = ? WHERE id = ?", "ii", profile_now(p),
				    from->id);
}

static int leave_at(struct profile *p, const uint8_t *onion, bool fast)
{
	CLEANUP(home_wipe) struct home from = { .id = 0 };
	int64_t to;
	int rc = home_at(&from, p, onion);

	if (rc)
		return rc == HOME_NONE ? MOVE_NONE : rc;
	rc = q_number(&to, p->db,
			"SELECT id FROM home WHERE left_s IS NULL AND id <> ? ORDER BY main DESC, "
			"id LIMIT 1",
			"i", from.id);
	return rc ? rc == STORE_NONE ? MOVE_LAST : rc : leave(p, &from, to, fast);
}

int move_leave(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, leave_at(p, onion, net->fast));
	rc = rc ? rc : profile_refresh(p);
	if (rc == 0 && end_accounts(net, p)) {
		/* upkeep tries again */
	}
	return rc;
}

static int make_main(struct profile *p, const uint8_t *onion)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc = home_at(&home, p, onion);

	return rc ? rc == HOME_NONE ? MOVE_NONE : rc : home_make_main(p, home.id);
}

int move_main(struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, make_main(p, onion));
	return rc ? rc : profile_refresh(p);
}

/* --- adding --------------------------------------------------------------- */

static int buy(struct net *net, struct profile *p, const struct move *to)
{
	/* For an account that has no name yet. */
	const struct payment payment = { TOKEN_ACCOUNT, "", 0, true };
	struct invite invite;
	int rc = 0, forgotten = 0;

	if (to->code) {
		memcpy(invite.onion, to->onion, sizeof invite.onion);
		memcpy(invite.code, to->code, sizeof invite.code);
		rc = tokens_keep_invite(p, &invite);
	}
	rc = rc ? rc : tokens_have(net, p, to->onion, &payment);
	if (rc && to->code)
		forgotten = tokens_forget_invite(p);
	sodium_memzero(&invite, sizeof invite);
	return rc ? rc : forgotten;
}

/* Another process may have been quicker. leaves: the main home for that one. */
static int settle(struct profile *p, const struct move *to, bool leaves, bool fast)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	CLEANUP(home_wipe) struct home was = { .id = 0 };
	int rc = home_at(&home, p, to->onion);

	if (rc == HOME_NONE)
		rc = home_put(&home.id, p, to->onion);
	rc = rc ? rc : home_main(&was, p);
	return rc || !leaves || was.id == home.id ? rc : leave(p, &was, home.id, fast);
}

static int count(int64_t *out, struct profile *p)
{
	return q_number(out, p->db, "SELECT count(*) FROM home WHERE left_s IS NULL", "");
}

static int go(struct net *net, struct profile *p, const struct move *to, bool leaves)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int64_t n = 0;
	int rc = home_at(&home, p, to->onion);

	if (rc == HOME_NONE) {
		rc = count(&n, p);
		if (rc == 0 && n >= HOMES_MOST)
			return MOVE_MANY;
		rc = rc ? rc : buy(net, p, to);
	}
	rc = rc ? rc : q_begin(p->db);
	rc = rc ? rc : q_end(p->db, settle(p, to, leaves, net->fast));
	rc = rc ? rc : home_at(&home, p, to->onion);
	rc = rc ? rc : profile_refresh(p);
	rc = rc ? rc : account_look_after(net, p, &home);
	if (rc == 0 && end_accounts(net, p)) {
		/* upkeep tries again */
	}
	return rc;
}

int move_add(struct net *net, struct profile *p, const struct move *to)
{
	return go(net, p, to, false);
}

int move_to(struct net *net, struct profile *p, const struct move *to)
{
	return go(net, p, to, true);
}
