/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The life of sealing keys. Every function runs inside its caller's transaction. */
#include "client/lib/turns.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>

static int begin_turn(struct profile *p, int64_t contact, const uint8_t *base, struct inside *out)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	uint8_t hash[HASH_BYTES];
	int64_t last;
	int rc = q_number(&last, p->db,
			"SELECT coalesce(max(turn), 0) FROM sealing WHERE contact = ? AND base = ?",
			"ib", contact, base, (size_t)BASE_BYTES);

	if (rc)
		return E_IO;
	hpke_keypair(out->next_key, secret.b);
	crypto_hash_sha256(hash, out->next_key, sizeof out->next_key);
	out->turn = (uint32_t)last + 1;
	return q_run(p->db,
			"INSERT INTO sealing (contact, base, turn, key_hash, public, secret) "
			"VALUES (?, ?, ?, ?, ?, ?)",
			"ibibbb", contact, base, (size_t)BASE_BYTES, last + 1, hash, sizeof hash,
			out->next_key, sizeof out->next_key, secret.b, sizeof secret.b);
}

int turns_own(struct profile *p, int64_t contact, const uint8_t base[static BASE_BYTES],
		struct inside *out)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT turn, public FROM sealing WHERE contact = ? AND base = ? AND NOT "
			"ended "
			"ORDER BY turn DESC LIMIT 1",
			"ib", contact, base, (size_t)BASE_BYTES);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return begin_turn(p, contact, base, out);
	if (rc != SQLITE_ROW || !q_column(out->next_key, sizeof out->next_key, s, 1))
		return E_IO;
	out->turn = (uint32_t)sqlite3_column_int64(s, 0);
	return 0;
}

int turns_peer(uint32_t *out_turn, uint8_t out[static HPKE_PUBLIC_BYTES], struct profile *p,
		const uint8_t base[static BASE_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, "SELECT turn, public FROM peer_turn WHERE base = ?", "b", base,
			(size_t)BASE_BYTES);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return TURNS_NONE;
	if (rc != SQLITE_ROW || !q_column(out, HPKE_PUBLIC_BYTES, s, 1))
		return E_IO;
	*out_turn = (uint32_t)sqlite3_column_int64(s, 0);
	return 0;
}

int turns_learn(struct profile *p, const struct peer_turn *t)
{
	return q_run(p->db,
			"INSERT INTO peer_turn VALUES (?, ?, ?, ?) ON CONFLICT (base) DO UPDATE "
			"SET "
			"turn = excluded.turn, public = excluded.public WHERE excluded.turn > turn",
			"biib", t->base, (size_t)BASE_BYTES, t->contact, (int64_t)t->turn,
			t->public_key, (size_t)HPKE_PUBLIC_BYTES);
}

int turns_opened(struct profile *p, int64_t sealing)
{
	int rc = q_run(p->db, "UPDATE sealing SET ended = 1 WHERE id = ?", "i", sealing);

	return rc ? rc
		  : q_run(p->db,
				    "UPDATE sealing SET superseded_s = ?1 WHERE superseded_s IS "
				    "NULL AND EXISTS "
				    "(SELECT 1 FROM sealing o WHERE o.id = ?2 AND o.contact = "
				    "sealing.contact AND o.base = sealing.base "
				    "AND o.turn > sealing.turn)",
				    "ii", profile_now(p), sealing);
}

int turns_started(struct profile *p, int64_t sealing, int64_t contact,
		const uint8_t base[static BASE_BYTES])
{
	return q_run(p->db,
			"UPDATE sealing SET contact = ?, base = ?, superseded_s = NULL WHERE id = "
			"? "
			"AND base IS NULL AND prekey > 0",
			"ibi", contact, base, (size_t)BASE_BYTES, sealing);
}

/* A bundle's packets may wait in the inbox or, from somebody who begins anew, in any mailbox. */
static int forget_sealing(struct profile *p)
{
	return q_run(p->db,
			"DELETE FROM sealing WHERE superseded_s IS NOT NULL AND (superseded_s + ?1 "
			"<= ?2 OR NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.kind IN (0, 1) AND "
			"(sealing.contact IS NULL OR m.contact = sealing.contact OR "
			"(m.kind = 0 AND sealing.turn = 0)) AND "
			"coalesce(m.empty_s, 0) < superseded_s + ?3))",
			"iii", (int64_t)RETENTION_S + QUIET_S, profile_now(p), (int64_t)QUIET_S);
}

int turns_forget(struct profile *p)
{
	static const char *const orphans[] = {
		"DELETE FROM envelope WHERE NOT EXISTS "
		"(SELECT 1 FROM sealing s WHERE s.id = envelope.sealing)",
		"DELETE FROM prekey WHERE id NOT IN "
		"(SELECT prekey FROM sealing WHERE turn = 0 AND base IS NULL)",
		"DELETE FROM signed_prekey WHERE id NOT IN (SELECT generation FROM home) AND id "
		"NOT IN (SELECT signed FROM sealing WHERE turn = 0 AND base IS NULL)",
	};
	int64_t now = profile_now(p);
	/* What the clock put into the future counts from now. */
	int rc = q_run(p->db, "UPDATE sealing SET superseded_s = ?1 WHERE superseded_s > ?1", "i",
			now);

	rc = rc ? rc : forget_sealing(p);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(orphans); i++)
		rc = q_run(p->db, orphans[i], "");
	return rc ? rc
		  : q_run(p->db, "DELETE FROM held WHERE since_s + ? <= ?", "ii",
				    (int64_t)RETENTION_S + QUIET_S, now);
}
