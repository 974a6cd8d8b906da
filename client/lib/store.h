/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The encrypted database: opening, schema, and short ways to run statements. Format letters of
 * q_run and q_one: i int64_t, b (const void *, size_t), t (const char *), n nothing (NULL).
 */
#ifndef SOTTO_CLIENT_STORE_H
#define SOTTO_CLIENT_STORE_H

#include "libshared/key.h"

#define SQLITE_HAS_CODEC 1
#include <sqlcipher/sqlite3.h>
#include <stdbool.h>

enum { STORE_NONE = 1 };

/* Creates or opens dir/db.0 or dir/db.1 under a raw key, and keeps the two of one size (pair.h).
 * An older one is upgraded. E_LOCKED: the key does not open it; E_CONFIG: it is of a newer version,
 * or of one before the first that counts. */
int store_open(sqlite3 **out, const char *dir, int database, const struct key *key) MUST_CHECK;

/* Runs one statement that gives no rows. E_IO. */
int q_run(sqlite3 *db, const char *sql, const char *format, ...) MUST_CHECK;

/* Prepares and binds; step with sqlite3_step, finish with sqlite3_finalize. */
int q_open(sqlite3_stmt **out, sqlite3 *db, const char *sql, const char *format, ...) MUST_CHECK;

/* First column of the first row as an integer. STORE_NONE: no row. */
int q_number(int64_t *out, sqlite3 *db, const char *sql, const char *format, ...) MUST_CHECK;

/* Copies the first column of the first row, which must have exactly len bytes. STORE_NONE, E_IO. */
struct q_blob {
	void *out;
	size_t len;
};
int q_blob(const struct q_blob *into, sqlite3 *db, const char *sql, const char *format,
		...) MUST_CHECK;

/* Copies a column of the current row; false when it is NULL or has another size. */
bool q_column(void *out, size_t len, sqlite3_stmt *row, int column);

/* In a transaction that overwrote what must not be found again; then, outside of it: the old pages
 * leave the write-ahead log too, or, while somebody reads them, at a later call. */
int store_overwrote(sqlite3 *db) MUST_CHECK;
int store_forget(sqlite3 *db) MUST_CHECK;

int q_begin(sqlite3 *db) MUST_CHECK;
/* Commits when rc is 0 or positive, else rolls back; returns rc, or E_IO when the commit fails. */
int q_end(sqlite3 *db, int rc) MUST_CHECK;

/* Parts of long texts as versions before 13 kept them, each a message of its own, become as parts.h
 * has them. Also for what comes out of an export of theirs. */
/* clang-format off */
#define STORE_JOIN_PARTS \
	"UPDATE message SET whole = (SELECT min(w.id) FROM message w" \
	" WHERE w.contact = message.contact AND w.out = message.out" \
	" AND w.number BETWEEN message.number - message.part" \
	" AND message.number - message.part + message.parts - 1" \
	" AND w.number - w.part = message.number - message.part AND w.parts = message.parts" \
	" AND w.type = message.type AND w.grp IS message.grp AND w.copy_of IS NULL AND NOT w.gone)" \
	" WHERE parts > 1 AND type IN (1, 9) AND copy_of IS NULL AND NOT gone;" \
	"UPDATE message SET whole = NULL WHERE whole = id;" \
	"UPDATE message SET body = CAST(text AS BLOB)" \
	" WHERE parts > 1 AND type IN (1, 9) AND NOT gone AND body IS NULL;" \
	"UPDATE message SET text = (SELECT group_concat(m.text, '' ORDER BY m.part) FROM message m" \
	" WHERE m.id = message.id OR m.whole = message.id)" \
	" WHERE parts > 1 AND type IN (1, 9) AND copy_of IS NULL AND whole IS NULL AND NOT gone;" \
	"UPDATE message SET text = '', lives_s = 0, ends_s = NULL, shown = 1 WHERE whole NOT NULL;" \
	"UPDATE message SET body = NULL WHERE NOT out AND parts > 1 AND type IN (1, 9) AND" \
	" parts = 1 + (SELECT count(*) FROM message m" \
	" WHERE m.whole = coalesce(message.whole, message.id));" \
	"UPDATE message SET text = '' WHERE NOT out AND parts > 1 AND body NOT NULL"

/* What we said in groups as versions before 14 kept it, in the row of the first member's copy,
 * becomes as group.h has it: that row is of no contact, and the copy has one of its own. Also for
 * exports. What somebody did is told from what was said. */
#define STORE_APART "length(envelope) = 17" /* marks the new copies until they have theirs */
#define STORE_GROUP_LINES \
	"UPDATE message SET copy_of = NULL WHERE copy_of IN (SELECT id FROM message" \
	" WHERE out AND grp NOT NULL AND text = '' AND whole IS NULL AND copy_of IS NULL);" \
	"UPDATE message SET copy_of = (SELECT p.whole FROM message p WHERE p.id = message.copy_of)" \
	" WHERE copy_of IN (SELECT id FROM message WHERE out AND grp NOT NULL AND whole NOT NULL);" \
	"UPDATE message SET copy_of = whole WHERE out AND grp NOT NULL AND whole NOT NULL;" \
	"INSERT INTO message (contact, out, number, part, parts, at_s, shown, envelope, text, type," \
	" body, received, told, grp, copy_of) SELECT contact, 1, number, part, parts, at_s, 1," \
	" CAST(x'78' || envelope AS BLOB), '', type, body, received, told, grp, id FROM message" \
	" WHERE out AND grp NOT NULL AND copy_of IS NULL AND text <> '';" \
	"UPDATE outbox SET message = (SELECT id FROM message WHERE copy_of = outbox.message" \
	" AND " STORE_APART ") WHERE message IN (SELECT copy_of FROM message WHERE " STORE_APART ");" \
	"UPDATE message SET whole = (SELECT f.id FROM message f WHERE f.copy_of = message.copy_of" \
	" AND f.contact = message.contact AND f.part = 0) WHERE copy_of NOT NULL AND part > 0;" \
	"UPDATE message AS m SET contact = 0, envelope = randomblob(16), body = NULL, received = 0," \
	" number = 1 + (SELECT count(*) FROM message b WHERE b.grp = m.grp AND b.id < m.id AND" \
	" b.out AND b.copy_of IS NULL AND b.text <> '')" \
	" WHERE id IN (SELECT copy_of FROM message WHERE " STORE_APART ");" \
	"UPDATE message SET envelope = substr(envelope, 2) WHERE " STORE_APART ";" \
	"UPDATE grp SET said = (SELECT count(*) FROM message m WHERE m.grp = grp.id AND m.out" \
	" AND NOT m.contact);" \
	"UPDATE message SET type = 0 WHERE NOT out AND type = 9 AND whole IS NULL AND body IS NULL" \
	" AND text IN ('', 'invites you: sotto group join', 'has removed you', 'has joined'," \
	" 'has left', 'has ended the group')"

/* What goes in parts and was written by versions before 17 has ids when it is asked for again; what
 * came from them has none. Also for exports. What is sealed has none in it. */
#define STORE_TEXT_IDS \
	"UPDATE message SET text_id = randomblob(16) WHERE out AND contact AND parts > 1" \
	" AND part = 0;" \
	"UPDATE message SET text_id = coalesce((SELECT f.text_id FROM message f" \
	" WHERE f.contact = message.contact AND f.out AND f.number = message.number - message.part" \
	" AND f.part = 0 ORDER BY f.id DESC LIMIT 1), randomblob(16))" \
	" WHERE out AND contact AND part > 0"
#define STORE_UNSEAL_PARTS \
	"UPDATE outbox SET packet = NULL" \
	" WHERE message IN (SELECT id FROM message WHERE out AND parts > 1)"

/* The one account that versions before 16 had, in meta, and those that were left become homes;
 * which of the bundles' keys were an account's that was left is known of the newest only. Also for
 * exports: STORE_BEFORE_HOME first, as they have such tables. */
#define STORE_BEFORE_HOME \
	"ALTER TABLE mailbox ADD COLUMN onion BLOB;" \
	"CREATE TABLE left_account (id INTEGER PRIMARY KEY, onion BLOB NOT NULL," \
	" uuid BLOB NOT NULL, owner_secret BLOB NOT NULL, left_s INTEGER NOT NULL," \
	" ended_s INTEGER)"
#define STORE_META(name) "(SELECT value FROM meta WHERE name = '" name "')"
#define STORE_FILL_HOME \
	"INSERT INTO home (id, onion, uuid, owner, bundle_key, main, generation, generation_s)" \
	" SELECT 1, " STORE_META("onion") ", " STORE_META("uuid") ", " STORE_META("owner") ", " \
	STORE_META("bundle key") ", 1, (SELECT coalesce(max(id), 0) FROM signed_prekey)," \
	" coalesce(" STORE_META("generation made") ", 0);" \
	"INSERT INTO home (onion, uuid, owner, bundle_key, left_s, ended_s) SELECT onion, uuid," \
	" owner_secret, zeroblob(32), left_s, ended_s FROM left_account;" \
	"INSERT INTO home (onion, uuid, owner, bundle_key, left_s, ended_s) SELECT onion," \
	" randomblob(16), randomblob(32), zeroblob(32), 0, 0 FROM mailbox WHERE onion NOT NULL" \
	" AND onion NOT IN (SELECT onion FROM home WHERE left_s NOT NULL) GROUP BY onion;" \
	"UPDATE mailbox SET home = (SELECT max(h.id) FROM home h WHERE h.onion = mailbox.onion" \
	" AND h.left_s NOT NULL) WHERE onion NOT NULL;" \
	"UPDATE sealing SET home = coalesce((SELECT max(id) FROM home WHERE left_s NOT NULL AND" \
	" ended_s IS NULL AND signed < (SELECT max(id) FROM signed_prekey)), 1) WHERE turn = 0;" \
	"INSERT INTO meta SELECT 'invite at', " STORE_META("onion") \
	" FROM meta WHERE name = 'invite';" \
	"UPDATE meta SET name = name || ' 1' WHERE name IN ('account due', 'spare due'," \
	" 'tokens due');" \
	"DELETE FROM meta WHERE name IN ('onion', 'uuid', 'owner', 'bundle key'," \
	" 'generation made');" \
	"ALTER TABLE mailbox DROP COLUMN onion; DROP TABLE left_account"
/* clang-format on */

static inline __attribute__((unused)) void q_finalize_ref(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

#endif
