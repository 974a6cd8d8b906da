/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* SQLCipher with a raw key. No plaintext may reach a temporary file, so temp_store is memory, and
 * stays so. */
#include "client/lib/store.h"

#include "client/lib/fault.h"
#include "client/lib/pair.h"
#include "libshared/error.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_MS = 20000, FORGET_MS = 500 };

/* clang-format off */
/* See home.h. generation: of the bundles there, made at generation_s. left_s: since when nobody is
   told of it any more; ended_s: its account is ended there. */
#define STORE_HOME \
	"CREATE TABLE home (id INTEGER PRIMARY KEY, onion BLOB NOT NULL, uuid BLOB NOT NULL," \
	" owner BLOB NOT NULL, bundle_key BLOB NOT NULL, main INTEGER NOT NULL DEFAULT 0," \
	" generation INTEGER NOT NULL DEFAULT 0, generation_s INTEGER NOT NULL DEFAULT 0," \
	" left_s INTEGER, ended_s INTEGER);" \
	"CREATE UNIQUE INDEX home_lives ON home (onion) WHERE left_s IS NULL;"

/* Of a new table backup.c must know whether an export carries it. */
static const char schema[] =
	/* Always empty: see pair.c. */
	"CREATE TABLE room (filler BLOB NOT NULL);"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);"
	STORE_HOME
	/* Our own mailboxes. kind: 0 inbox, 1 for a contact, 2 spare, 3 to be ended. empty_s: when it
	   was last seen empty; fetched_s: when it was last asked. heard_s: since when its contact
	   writes to it. place: see mailbox_place; 0: none. */
	"CREATE TABLE mailbox (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, contact INTEGER,"
	" owner_secret BLOB NOT NULL, deposit BLOB NOT NULL, request BLOB NOT NULL,"
	" made INTEGER NOT NULL DEFAULT 0, empty_s INTEGER, fetched_s INTEGER, heard_s INTEGER,"
	" home INTEGER NOT NULL DEFAULT 1, place INTEGER NOT NULL DEFAULT 0);"
	/* state: 0 request, 1 accepted, 2 blocked. address is theirs for us; number orders what
	   they told. bundle_s: when their last bundle came; renew: it takes a new session.
	   sent, heard: the highest numbers of either side. broken: something could not be opened.
	   asked_s, asks, asks_s: our asking for what is lost, and how often since when; owes: what
	   they asked for, answered_s: when we last answered. receipts: they are told what has
	   come, at receipt_s. timer_s, timer_version: see timer.h. verified: hash of the identity
	   that the person has compared. home: where our mailbox for them belongs. */
	"CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" state INTEGER NOT NULL, identity_hash BLOB NOT NULL UNIQUE, identity BLOB, link BLOB,"
	" address BLOB, address_number INTEGER NOT NULL DEFAULT 0,"
	" sent INTEGER NOT NULL DEFAULT 0, heard INTEGER NOT NULL DEFAULT 0, taking BLOB,"
	" bundle_s INTEGER NOT NULL DEFAULT 0, renew INTEGER NOT NULL DEFAULT 0,"
	" broken INTEGER NOT NULL DEFAULT 0, asked_s INTEGER NOT NULL DEFAULT 0,"
	" asks INTEGER NOT NULL DEFAULT 0, asks_s INTEGER NOT NULL DEFAULT 0,"
	" receipts INTEGER NOT NULL DEFAULT 0, receipt_s INTEGER,"
	" owes BLOB, answered_s INTEGER NOT NULL DEFAULT 0, verified BLOB,"
	" timer_s INTEGER NOT NULL DEFAULT 0, timer_version INTEGER NOT NULL DEFAULT 0,"
	" home INTEGER NOT NULL DEFAULT 1);"
	/* Numbers of a contact that have not come. */
	"CREATE TABLE missing (contact INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, PRIMARY KEY (contact, first)) WITHOUT ROWID;"
	/* The Signal library's records. */
	"CREATE TABLE session (peer BLOB PRIMARY KEY, record BLOB NOT NULL);"
	"CREATE TABLE prekey (id INTEGER PRIMARY KEY, record BLOB NOT NULL);"
	"CREATE TABLE signed_prekey (id INTEGER PRIMARY KEY, record BLOB NOT NULL);"
	/* Our sealing keys. turn 0: of a bundle, with its signed prekey (= generation) and one-time
	   prekey (0: last resort), and the home that hands it out; base: the session that it
	   started. ended: opened once. */
	"CREATE TABLE sealing (id INTEGER PRIMARY KEY, contact INTEGER, base BLOB,"
	" turn INTEGER NOT NULL, signed INTEGER, prekey INTEGER, key_hash BLOB NOT NULL,"
	" public BLOB NOT NULL, secret BLOB NOT NULL, ended INTEGER NOT NULL DEFAULT 0,"
	" superseded_s INTEGER, home INTEGER);"
	"CREATE INDEX sealing_turn ON sealing (contact, base, turn);"
	/* The newest sealing key of the peer in each session; turn 0 is its bundle's. */
	"CREATE TABLE peer_turn (base BLOB PRIMARY KEY, contact INTEGER NOT NULL,"
	" turn INTEGER NOT NULL, public BLOB NOT NULL);"
	/* Envelope ids live as long as the secret they came under. */
	"CREATE TABLE envelope (id BLOB PRIMARY KEY, sealing INTEGER NOT NULL) WITHOUT ROWID;"
	/* Envelopes there was no room for, and since when. */
	"CREATE TABLE held (id BLOB PRIMARY KEY, since_s INTEGER NOT NULL) WITHOUT ROWID;"
	/* envelope: what is sent again has the same, and is known by it for ever. type: as in
	   content.h; body: of another type than text, and then text is what can be read of it.
	   received: they told so; told: we did. grp: the group it was said in; what we said there
	   is a row of contact 0, number among ours in that group, and copy_of leads to it. gone,
	   target, n_targets, takes_back, edited (the number of the last change): see change.h.
	   lives_s, ends_s: see timer.h. whole: see parts.h; text_id: of what goes in
	   parts. lost: see group_copies.c. */
	"CREATE TABLE message (id INTEGER PRIMARY KEY, contact INTEGER NOT NULL,"
	" out INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL,"
	" parts INTEGER NOT NULL, at_s INTEGER NOT NULL, shown INTEGER NOT NULL DEFAULT 0,"
	" envelope BLOB NOT NULL, text TEXT NOT NULL, type INTEGER NOT NULL DEFAULT 1,"
	" body BLOB, received INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0,"
	" grp INTEGER, copy_of INTEGER, gone INTEGER NOT NULL DEFAULT 0,"
	" edited INTEGER NOT NULL DEFAULT 0,"
	" lives_s INTEGER NOT NULL DEFAULT 0, ends_s INTEGER,"
	" target INTEGER, n_targets INTEGER, takes_back INTEGER NOT NULL DEFAULT 0,"
	" whole INTEGER, text_id BLOB, lost INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX message_text_id ON message (contact, text_id) WHERE text_id NOT NULL;"
	"CREATE INDEX message_whole ON message (whole) WHERE whole NOT NULL;"
	"CREATE INDEX message_copy ON message (copy_of) WHERE copy_of NOT NULL;"
	"CREATE INDEX message_grp ON message (grp) WHERE grp NOT NULL;"
	"CREATE INDEX message_target ON message (contact, out, target) WHERE target NOT NULL;"
	"CREATE INDEX message_lives ON message (shown) WHERE lives_s > 0;"
	"CREATE INDEX message_ends ON message (ends_s) WHERE ends_s NOT NULL;"
	"CREATE INDEX message_gone ON message (at_s) WHERE gone;"
	/* Not unique: the numbers of a peer who lost its state begin again. */
	"CREATE INDEX message_number ON message (contact, out, number);"
	"CREATE UNIQUE INDEX message_envelope ON message (envelope);"
	/* The words of all messages; what is taken out of it is overwritten. */
	"CREATE VIRTUAL TABLE words USING fts5 (text, content = message, content_rowid = id,"
	" tokenize = 'unicode61 remove_diacritics 2');"
	"INSERT INTO words (words, rank) VALUES ('secure-delete', 1);"
	"CREATE TRIGGER message_in AFTER INSERT ON message BEGIN"
	" INSERT INTO words (rowid, text) VALUES (new.id, new.text); END;"
	"CREATE TRIGGER message_out AFTER DELETE ON message BEGIN"
	" INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text); END;"
	"CREATE TRIGGER message_text AFTER UPDATE OF text ON message BEGIN"
	" INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);"
	" INSERT INTO words (rowid, text) VALUES (new.id, new.text); END;"
	/* The newest of a contact, and what is new, without a look at all others. */
	"CREATE INDEX message_contact ON message (contact);"
	"CREATE INDEX message_unread ON message (contact, number) WHERE NOT shown;"
	/* What is to be sent: a message, or content of another type. packet: NULL until sealed,
	   sealed_s: when. after_s: not before. */
	"CREATE TABLE outbox (id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, message INTEGER,"
	" type INTEGER NOT NULL, body BLOB, envelope BLOB NOT NULL, onion BLOB, deposit BLOB,"
	" key BLOB, packet BLOB, sealed_s INTEGER, after_s INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX outbox_contact ON outbox (contact, id);"
	"CREATE INDEX outbox_message ON outbox (message);"
	/* Files on their way: see transfer.h. body: as announced; done, ended: pieces; as_of_ns: when
	   the source was last changed; cleaned: its pieces are ended, and its key is gone. grp: the
	   group it is said in, where what is ours is of contact 0 and has an end_key. */
	"CREATE TABLE file (id INTEGER PRIMARY KEY, contact INTEGER NOT NULL,"
	" message INTEGER, out INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
	" done INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0,"
	" cleaned INTEGER NOT NULL DEFAULT 0, begun_s INTEGER NOT NULL,"
	" as_of_ns INTEGER NOT NULL DEFAULT 0, path TEXT, placed TEXT, body BLOB NOT NULL,"
	" grp INTEGER, end_key BLOB);"
	"CREATE INDEX file_message ON file (message);"
	/* Groups, as group.h has them. maker: a contact, or NULL: we, or forgotten. said: the
	   highest number of what we said in it. timer_s: what is said in it lives so long. */
	"CREATE TABLE grp (id INTEGER PRIMARY KEY, gid BLOB NOT NULL UNIQUE,"
	" name TEXT NOT NULL UNIQUE, ours INTEGER NOT NULL, maker INTEGER,"
	" version INTEGER NOT NULL DEFAULT 0, n INTEGER NOT NULL DEFAULT 0,"
	" state INTEGER NOT NULL, said INTEGER NOT NULL DEFAULT 0,"
	" timer_s INTEGER NOT NULL DEFAULT 0);"
	/* The others. listed: the maker says so; joined: they say so; 2: they are not listed yet,
	   and ask whether we have. */
	"CREATE TABLE grp_member (grp INTEGER NOT NULL, contact INTEGER NOT NULL,"
	" listed INTEGER NOT NULL, joined INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (grp, contact)) WITHOUT ROWID;"
	/* The maker's newest list as it comes in; it counts once all grp.n are there. */
	"CREATE TABLE grp_list (grp INTEGER NOT NULL, place INTEGER NOT NULL,"
	" name TEXT NOT NULL, link BLOB NOT NULL, PRIMARY KEY (grp, place)) WITHOUT ROWID;"
	/* Anonymous tokens. use: the one request that it was or will be shown with. */
	"CREATE TABLE token (id INTEGER PRIMARY KEY, onion BLOB NOT NULL,"
	" operation INTEGER NOT NULL, key_id BLOB NOT NULL, token BLOB NOT NULL, use BLOB UNIQUE);"
	"CREATE INDEX token_stock ON token (onion, operation) WHERE use IS NULL;"
	/* A batch that is being made: what was sent, and what takes the hiding off. */
	"CREATE TABLE issue (onion BLOB NOT NULL, operation INTEGER NOT NULL,"
	" pay INTEGER NOT NULL, secrets BLOB NOT NULL, body BLOB NOT NULL,"
	" PRIMARY KEY (onion, operation)) WITHOUT ROWID;"
	/* What was said about calls. state: 0 new, 1 a person was told, 2 settled. kind 0: none,
	   it only settles. */
	"CREATE TABLE call_signal (id INTEGER PRIMARY KEY, contact INTEGER NOT NULL,"
	" call BLOB NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL, at_s INTEGER NOT NULL,"
	" body BLOB NOT NULL);"
	"CREATE INDEX call_signal_call ON call_signal (contact, call);";

/* What makes each version the next one, from OLDEST on: with the same columns, the new ones last.
   Added to, never changed: somebody has the old one. */
static const char *const upgrades[] = {
	"ALTER TABLE mailbox ADD COLUMN onion BLOB",
	"ALTER TABLE mailbox ADD COLUMN heard_s INTEGER;"
	"CREATE TABLE left_account (id INTEGER PRIMARY KEY, onion BLOB NOT NULL,"
	" uuid BLOB NOT NULL, owner_secret BLOB NOT NULL, left_s INTEGER NOT NULL,"
	" ended_s INTEGER)",
	"ALTER TABLE contact ADD COLUMN timer_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE contact ADD COLUMN timer_version INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN lives_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE message ADD COLUMN ends_s INTEGER;"
	"ALTER TABLE message ADD COLUMN target INTEGER;"
	"ALTER TABLE message ADD COLUMN n_targets INTEGER;"
	"ALTER TABLE message ADD COLUMN takes_back INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX message_target ON message (contact, out, target) WHERE target NOT NULL;"
	"CREATE INDEX message_lives ON message (shown) WHERE lives_s > 0;"
	"CREATE INDEX message_ends ON message (ends_s) WHERE ends_s NOT NULL;"
	"CREATE INDEX message_gone ON message (at_s) WHERE gone",
	"ALTER TABLE message ADD COLUMN whole INTEGER;"
	"CREATE INDEX message_whole ON message (whole) WHERE whole NOT NULL;"
	"CREATE INDEX message_grp ON message (grp) WHERE grp NOT NULL;" STORE_JOIN_PARTS,
	"ALTER TABLE grp ADD COLUMN said INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX message_copy ON message (copy_of) WHERE copy_of NOT NULL;"
	"CREATE INDEX outbox_message ON outbox (message);" STORE_GROUP_LINES,
	"ALTER TABLE grp ADD COLUMN timer_s INTEGER NOT NULL DEFAULT 0",
	STORE_HOME "ALTER TABLE mailbox ADD COLUMN home INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE contact ADD COLUMN home INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE sealing ADD COLUMN home INTEGER;" STORE_FILL_HOME,
	"ALTER TABLE message ADD COLUMN text_id BLOB;"
	"CREATE INDEX message_text_id ON message (contact, text_id) WHERE text_id NOT NULL;"
	STORE_TEXT_IDS ";" STORE_UNSEAL_PARTS,
	"ALTER TABLE file ADD COLUMN grp INTEGER; ALTER TABLE file ADD COLUMN end_key BLOB",
	"ALTER TABLE mailbox ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE message ADD COLUMN lost INTEGER NOT NULL DEFAULT 0",
};
/* clang-format on */

enum { OLDEST = 9, VERSION = OLDEST + ARRAY_LEN(upgrades) };

static int set_key(sqlite3 *db, const struct key *key)
{
	char hex[3 + KEY_BYTES * 2 + 1] = "x'";
	int rc;

	sodium_bin2hex(hex + 2, KEY_BYTES * 2 + 1, key->b, sizeof key->b);
	hex[2 + KEY_BYTES * 2] = '\'';
	rc = sqlite3_key_v2(db, "main", hex, (int)sizeof hex - 1);
	sodium_memzero(hex, sizeof hex);
	return rc == SQLITE_OK ? 0 : E_CRYPTO;
}

/* After configure() nothing may turn its settings. */
static int refuse_settings(void *data, int action, const char *name, const char *value,
		const char *database, const char *trigger)
{
	static const char *const fixed[] = { "temp_store", "temp_store_directory", "secure_delete",
		"cipher_log", "cipher_log_level", "cipher_memory_security", "auto_vacuum",
		"journal_mode", "synchronous", "key", "rekey" };

	(void)data;
	(void)database;
	(void)trigger;
	if (action != SQLITE_PRAGMA || !value)
		return SQLITE_OK;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (sqlite3_stricmp(name, fixed[i]) == 0)
			return SQLITE_DENY;
	return SQLITE_OK;
}

static int run_all(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : E_IO;
}

static int upgrade(sqlite3 *db, int64_t version)
{
	const bool is_new = version == 0;
	char sql[40];
	int rc = is_new ? run_all(db, schema) : 0;

	snprintf(sql, sizeof sql, "PRAGMA user_version = %d", VERSION);
	for (size_t i = is_new ? ARRAY_LEN(upgrades) : (size_t)(version - OLDEST);
			rc == 0 && i < ARRAY_LEN(upgrades); i++)
		rc = run_all(db, upgrades[i]);
	return rc ? rc : run_all(db, sql);
}

/* All or nothing; another process may have been quicker. */
static int make_current(sqlite3 *db)
{
	int64_t version = 0;
	int rc = q_begin(db);

	if (rc)
		return rc;
	rc = q_number(&version, db, "PRAGMA user_version", "") ? E_IO : 0;
	if (rc == 0 && version != 0 && (version < OLDEST || version > VERSION))
		rc = E_CONFIG; /* what another version of sotto has written stays as it is */
	return q_end(db, rc ? rc : version == VERSION ? 0 : upgrade(db, version));
}

static int configure(sqlite3 *db)
{
	/* clang-format off */
	static const char pragmas[] =
		"PRAGMA cipher_log_level = NONE; PRAGMA cipher_memory_security = ON;"
		"PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
		"PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
	/* clang-format on */
	int64_t version;

	sqlite3_busy_timeout(db, BUSY_MS);
	if (sqlite3_exec(db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return E_IO;
	if (sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite3_errcode(db) == SQLITE_NOTADB ? E_LOCKED /* the key is another */
							    : E_IO;
	if (sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL,
			    NULL) != SQLITE_OK ||
			q_number(&version, db, "PRAGMA user_version", ""))
		return E_IO;
	return version == VERSION ? 0 : make_current(db);
}

int store_open(sqlite3 **out, const char *dir, int database, const struct key *key)
{
	char path[PAIR_PATH];
	sqlite3 *db = NULL;
	int rc = pair_path(path, dir, database);

	if (rc)
		return rc;
	/* SQLite would take the mode from the umask. Never opened here: closing a descriptor lets go
	   of the locks of a connection that this process may have. */
	if (mknod(path, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return E_IO;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
			SQLITE_OK) {
		sqlite3_close_v2(db);
		return E_IO;
	}
	rc = set_key(db, key);
	if (rc == 0)
		rc = configure(db);
	if (rc) {
		sqlite3_close_v2(db);
		return rc;
	}
	sqlite3_set_authorizer(db, refuse_settings, NULL);
	fault_watch(db);
	if (pair_watch(db, dir, database)) {
		/* no room on the disk: what is there can still be read */
	}
	*out = db;
	return 0;
}

static int bind(sqlite3_stmt *s, const char *format, va_list args)
{
	int rc = SQLITE_OK;

	for (int i = 1; *format && rc == SQLITE_OK; i++, format++) {
		const void *bytes;

		switch (*format) {
		case 'i':
			rc = sqlite3_bind_int64(s, i, va_arg(args, int64_t));
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			rc = sqlite3_bind_blob64(
					s, i, bytes, va_arg(args, size_t), SQLITE_TRANSIENT);
			break;
		case 't':
			rc = sqlite3_bind_text(
					s, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
			break;
		default:
			rc = sqlite3_bind_null(s, i);
		}
	}
	return rc == SQLITE_OK ? 0 : E_IO;
}

static int open_bound(
		sqlite3_stmt **out, sqlite3 *db, const char *sql, const char *format, va_list args)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || bind(s, format, args)) {
		sqlite3_finalize(s);
		return E_IO;
	}
	*out = s;
	return 0;
}

int q_open(sqlite3_stmt **out, sqlite3 *db, const char *sql, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = open_bound(out, db, sql, format, args);
	va_end(args);
	return rc;
}

int q_run(sqlite3 *db, const char *sql, const char *format, ...)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	va_list args;
	int rc;

	va_start(args, format);
	rc = open_bound(&s, db, sql, format, args);
	va_end(args);
	if (rc)
		return rc;
	rc = sqlite3_step(s);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : E_IO;
}

/* What writes, gives rows and is no part of a transaction is written only now. */
static int end(sqlite3_stmt *taken)
{
	return sqlite3_finalize(taken) == SQLITE_OK ? 0 : E_IO;
}

int q_number(int64_t *out, sqlite3 *db, const char *sql, const char *format, ...)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	va_list args;
	int rc;

	va_start(args, format);
	rc = open_bound(&s, db, sql, format, args);
	va_end(args);
	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return STORE_NONE;
	if (rc != SQLITE_ROW)
		return E_IO;
	*out = sqlite3_column_int64(s, 0);
	return end(STEAL(s));
}

bool q_column(void *out, size_t len, sqlite3_stmt *row, int column)
{
	if (sqlite3_column_type(row, column) != SQLITE_BLOB ||
			(size_t)sqlite3_column_bytes(row, column) != len)
		return false;
	memcpy(out, sqlite3_column_blob(row, column), len);
	return true;
}

int q_blob(const struct q_blob *into, sqlite3 *db, const char *sql, const char *format, ...)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	va_list args;
	int rc;

	va_start(args, format);
	rc = open_bound(&s, db, sql, format, args);
	va_end(args);
	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE || (rc == SQLITE_ROW && sqlite3_column_type(s, 0) == SQLITE_NULL))
		return STORE_NONE;
	return rc == SQLITE_ROW && q_column(into->out, into->len, s, 0) ? end(STEAL(s)) : E_IO;
}

int store_overwrote(sqlite3 *db)
{
	return q_run(db,
			"INSERT INTO meta VALUES ('overwrote', 1) ON CONFLICT (name) DO UPDATE SET "
			"value = value + 1",
			"");
}

int store_forget(sqlite3 *db)
{
	int64_t n;
	int rc = q_number(&n, db, "SELECT value FROM meta WHERE name = 'overwrote'", "");

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	sqlite3_busy_timeout(db, FORGET_MS);
	rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(db, BUSY_MS);
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 0;
	/* What was overwritten since waits for the next time. */
	return rc ? E_IO
		  : q_run(db, "DELETE FROM meta WHERE name = 'overwrote' AND value = ?", "i", n);
}

int q_begin(sqlite3 *db)
{
	return q_run(db, "BEGIN IMMEDIATE", "");
}

int q_end(sqlite3 *db, int rc)
{
	if (rc >= 0 && q_run(db, "COMMIT", "") == 0)
		return rc;
	if (q_run(db, "ROLLBACK", "")) {
		/* nothing was begun, or SQLite has rolled back itself */
	}
	return rc < 0 ? rc : E_IO;
}
