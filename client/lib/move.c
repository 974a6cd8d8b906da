/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The change itself is one transaction; what comes before it buys, what comes after it is upkeep
 * and may be interrupted anywhere. */
#include "client/lib/move.h"

#include "client/lib/account.h"
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

int move_left_account(struct profile *as, int64_t *id, const struct profile *p)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	int rc = q_open(&s, p->db,
			"SELECT id, onion, uuid, owner_secret FROM left_account WHERE id > ? AND "
			"ended_s IS NULL ORDER BY id LIMIT 1",
			"i", *id);

	rc = rc ? rc : sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? MOVE_NONE : E_IO;
	*as = *p;
	vault_wipe(&as->vault);
	as->db = NULL;
	as->signal = NULL;
	as->stores = NULL;
	*id = sqlite3_column_int64(s, 0);
	return q_column(as->onion, sizeof as->onion, s, 1) &&
					q_column(as->uuid, sizeof as->uuid, s, 2) &&
					q_column(secret.b, sizeof secret.b, s, 3) &&
					key_pair_from_secret(&as->owner, &secret) == 0
			? 0
			: E_IO;
}

static void profile_free_ref(struct profile **p)
{
	sodium_free(*p); /* wipes */
}

/* Until then its bundles are handed out, so their secrets are kept: see bundle_confirmed. */
static int end_accounts(struct net *net, struct profile *p)
{
	CLEANUP(profile_free) struct profile *as = sodium_malloc(sizeof *as);
	int64_t id = 0;
	int rc = as ? 0 : E_NOMEM, result = 0;

	while (rc == 0 && (rc = move_left_account(as, &id, p)) == 0) {
		int ended = account_end(net, as);

		result = ended ? ended : result;
		rc = q_run(p->db,
				"UPDATE left_account SET ended_s = ?1 WHERE id = ?2 AND (?3 OR "
				"left_s + "
				"?4 <= ?1)",
				"iiii", profile_now(p), id, (int64_t)(ended == 0), (int64_t)GONE_S);
	}
	return rc == MOVE_NONE ? result : rc;
}

/* A contact has written to the new mailbox, and the old one was quiet since. An inbox serves until
 * nobody can have a bundle that names it, and no stranger waits who knows no other address. */
static int find_quiet(struct profile *p)
{
	static const char *const steps[] = {
		"UPDATE mailbox SET kind = 3 WHERE onion NOT NULL AND kind = 1 AND EXISTS (SELECT "
		"1 "
		"FROM mailbox n WHERE n.contact = mailbox.contact AND n.kind = 1 AND n.id > "
		"mailbox.id AND (n.heard_s + ?1 <= mailbox.empty_s OR n.heard_s + ?2 <= ?3))",
		"UPDATE mailbox SET kind = 3 WHERE onion NOT NULL AND kind = 0 AND NOT EXISTS "
		"(SELECT 1 FROM contact WHERE state = 0) AND NOT EXISTS (SELECT 1 FROM "
		"left_account "
		"a WHERE a.onion = mailbox.onion AND (a.ended_s IS NULL OR NOT (a.ended_s + ?1 <= "
		"coalesce(mailbox.empty_s, 0) OR a.ended_s + ?2 <= ?3)))",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = q_run(p->db, steps[i], "iii", (int64_t)QUIET_S, (int64_t)RETENTION_S + QUIET_S,
				profile_now(p));
	return rc ? rc
		  : q_run(p->db,
				    "DELETE FROM left_account WHERE ended_s NOT NULL AND NOT "
				    "EXISTS "
				    "(SELECT 1 FROM mailbox m WHERE m.kind = 0 AND m.onion = "
				    "left_account.onion)",
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
			"SELECT o.onion, (SELECT count(*) FROM mailbox m WHERE m.onion = o.onion "
			"AND "
			"kind < 3) FROM (SELECT onion FROM mailbox UNION SELECT onion FROM "
			"left_account WHERE ended_s IS NULL) o WHERE o.onion > ? ORDER BY 1 LIMIT "
			"1",
			"b", after ? after : (const uint8_t *)"",
			(size_t)(after ? ONION_KEY_BYTES : 0));

	rc = rc ? rc : sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? MOVE_NONE : E_IO;
	out->n_mailboxes = sqlite3_column_int64(s, 1);
	return q_column(out->onion, sizeof out->onion, s, 0) ? 0 : E_IO;
}

static int give_up(struct profile *p, const uint8_t *onion, const char *sql)
{
	return q_run(p->db, sql, "b", onion, (size_t)ONION_KEY_BYTES);
}

int move_forget(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	struct own_mailbox m = { .id = 0 };
	int64_t known = 0;
	int rc = q_number(&known, p->db,
			"SELECT 1 FROM mailbox WHERE onion = ?1 UNION SELECT 1 FROM left_account "
			"WHERE onion = ?1",
			"b", onion, (size_t)ONION_KEY_BYTES);

	if (rc)
		return rc == STORE_NONE ? MOVE_NONE : rc;
	rc = give_up(p, onion, "UPDATE mailbox SET kind = 3 WHERE onion = ?");
	if (end_accounts(net, p)) {
		/* it ends by itself */
	}
	while (rc == 0 && (rc = mailbox_next_ending(&m, p, m.id)) == 0)
		if (memcmp(m.onion, onion, ONION_KEY_BYTES) == 0 && m.made &&
				sync_end_mailbox(net, &m) == E_NET)
			break; /* so do they */
	rc = rc == CONTACT_NONE ? 0 : rc;
	rc = rc ? rc : give_up(p, onion, "DELETE FROM mailbox WHERE onion = ?");
	return rc ? rc : give_up(p, onion, "DELETE FROM left_account WHERE onion = ?");
}

/* --- moving --------------------------------------------------------------- */

/* Spread, as each takes a mailbox at the new server, and a text to the contact takes it along. */
static int tell_contacts(struct profile *p, bool fast)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, p->db,
					"SELECT id FROM contact WHERE state = 1 AND identity NOT "
					"NULL",
					"");

	while (rc == 0 && (step = sqlite3_step(s)) != SQLITE_DONE)
		rc = step != SQLITE_ROW
				? E_IO
				: loss_tell(p, sqlite3_column_int64(s, 0),
						  fast ? 0
						       : profile_now(p) + randombytes_uniform(AFTER_S_MOST));
	return rc;
}

static int leave(struct profile *p, const uint8_t onion[static ONION_KEY_BYTES], bool fast)
{
	int rc = q_run(p->db,
			"INSERT INTO left_account (onion, uuid, owner_secret, left_s) VALUES (?, "
			"?, "
			"?, ?)",
			"bbbi", p->onion, sizeof p->onion, p->uuid, sizeof p->uuid,
			p->owner.secret.b, (size_t)KEY_BYTES, profile_now(p));

	rc = rc ? rc
		: q_run(p->db,
				  "UPDATE mailbox SET onion = ?, kind = CASE WHEN kind = 2 OR NOT "
				  "made THEN 3 ELSE kind END WHERE onion IS NULL",
				  "b", p->onion, sizeof p->onion);
	rc = rc ? rc
		: q_run(p->db,
				  "DELETE FROM meta WHERE name IN ('account due', 'spare due', "
				  "'tokens due')",
				  "");
	rc = rc ? rc : profile_new_account(p, onion);
	return rc ? rc : tell_contacts(p, fast);
}

/* An invite is for that server only. */
static int buy(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES],
		const uint8_t *code)
{
	int rc = code ? tokens_keep_invite(p, code) : 0, forgotten = 0;

	rc = rc ? rc : tokens_have(net, p, onion, TOKEN_ACCOUNT);
	if (rc && code)
		forgotten = tokens_forget_invite(p);
	return rc ? rc : forgotten;
}

int move_to(struct net *net, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES],
		const uint8_t *code)
{
	int rc;

	if (memcmp(onion, p->onion, ONION_KEY_BYTES) != 0) {
		rc = buy(net, p, onion, code);
		rc = rc ? rc : q_begin(p->db);
		if (rc)
			return rc;
		rc = q_end(p->db, leave(p, onion, net->fast));
		rc = rc ? rc : profile_refresh(p);
		if (rc)
			return rc;
	}
	rc = account_look_after(net, p);
	if (rc == 0 && end_accounts(net, p)) {
		/* upkeep tries again */
	}
	return rc;
}
