/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Tables as rows of typed values, by column name, so that a later version with more columns reads
 * them. What is read was written by whoever knows the passphrase, and may still be anything. */
#include "client/lib/backup.h"

#include "client/lib/folder.h"
#include "client/lib/loss.h"
#include "client/lib/plan.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum {
	MARK_END = 0,
	MARK_TABLE = 1,
	MARK_ROW = 2,
	NAME_MOST = 64,
	COLUMNS_MOST = 64,
	SQL_MOST = 8192,
	VALUE_MOST = 64 << 20,
	PREKEYS_APART = 1 << 20, /* as many as were never made since */
	DAY_S = 20 * 3600,
	SPREAD_S = 4 * 3600,
	HOUR_S = 3600,
	HOMES_SINCE = 16, /* versions of the database */
	TEXT_IDS_SINCE = 17,
};

static const struct cost_kind kind = { { 'S', 'O', 'T', 'T', 'O', 'B', 'A', 'K' }, 1 };

static const char *const carried[] = { "meta", "home", "mailbox", "contact", "missing", "message",
	"outbox", "file", "grp", "grp_member", "grp_list" };
/* Of ratchets, of what was bought, and what only this device has begun; and the index of words,
 * which is made anew. */
static const char *const left_out[] = { "room", "session", "prekey", "signed_prekey", "sealing",
	"peer_turn", "envelope", "held", "token", "issue", "call_signal", "words", "words_data",
	"words_idx", "words_docsize", "words_config" };

static bool is_in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static void stream_free_ref(struct stream **stream)
{
	sodium_free(*stream); /* wipes */
}

int backup_key(struct stream_key *out, const char *passphrase, const struct cost *cost)
{
	return stream_key_make(out, &kind, passphrase, cost);
}

/* --- writing ------------------------------------------------------------ */

static int put_u8(struct stream *s, uint8_t value)
{
	return stream_put(s, &value, 1);
}

static int put_u32(struct stream *s, uint32_t value)
{
	uint8_t bytes[4] = { 0 };
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u32(&w, value);
	return stream_put(s, bytes, sizeof bytes);
}

static int put_i64(struct stream *s, int64_t value)
{
	uint8_t bytes[8] = { 0 };
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u64(&w, (uint64_t)value);
	return stream_put(s, bytes, sizeof bytes);
}

static int put_bytes(struct stream *s, const void *bytes, size_t len)
{
	int rc = put_u32(s, (uint32_t)len);

	return rc || !len ? rc : stream_put(s, bytes, len);
}

static int put_text(struct stream *s, const char *text)
{
	return put_bytes(s, text, strlen(text));
}

static int put_value(struct stream *s, sqlite3_stmt *row, int column)
{
	int type = sqlite3_column_type(row, column), rc = put_u8(s, (uint8_t)type);

	if (rc || type == SQLITE_NULL)
		return rc;
	if (type == SQLITE_INTEGER)
		return put_i64(s, sqlite3_column_int64(row, column));
	return type == SQLITE_BLOB || type == SQLITE_TEXT
			? put_bytes(s, sqlite3_column_blob(row, column),
					  (size_t)sqlite3_column_bytes(row, column))
			: E_BUG;
}

static int put_table(struct stream *s, struct profile *p, const char *table)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *row = NULL;
	char sql[SQL_MOST];
	int rc, n, step;

	/* Neither the key of this file, nor asks and answers: loss.h asks anew. */
	snprintf(sql, sizeof sql, "SELECT * FROM %s%s", table,
			strcmp(table, "meta") == 0 ? " WHERE name NOT LIKE 'backup %'"
					: strcmp(table, "outbox") == 0 ? " WHERE type NOT IN (2, 3)"
								       : "");
	rc = q_open(&row, p->db, sql, "");
	rc = rc ? rc : put_u8(s, MARK_TABLE);
	rc = rc ? rc : put_text(s, table);
	n = rc ? 0 : sqlite3_column_count(row);
	rc = rc ? rc : put_u32(s, (uint32_t)n);
	for (int i = 0; rc == 0 && i < n; i++)
		rc = put_text(s, sqlite3_column_name(row, i));
	while (rc == 0 && (step = sqlite3_step(row)) != SQLITE_DONE) {
		rc = step == SQLITE_ROW ? put_u8(s, MARK_ROW) : E_IO;
		for (int i = 0; rc == 0 && i < n; i++)
			rc = put_value(s, row, i);
	}
	return rc;
}

/* Whoever adds a table says whether it is carried. */
static int knows_all_tables(struct profile *p)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *row = NULL;
	int step,
			rc = q_open(&row, p->db,
					"SELECT name FROM sqlite_master WHERE type = 'table' AND "
					"name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
					"");

	while (rc == 0 && (step = sqlite3_step(row)) != SQLITE_DONE) {
		const char *name = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0)
						      : NULL;

		if (!name)
			rc = E_IO;
		else if (!is_in(name, carried, ARRAY_LEN(carried)) &&
				!is_in(name, left_out, ARRAY_LEN(left_out)))
			rc = E_BUG;
	}
	return rc;
}

static int put_all(struct stream *s, struct profile *p)
{
	int64_t version = 0;
	int rc = knows_all_tables(p);

	if (rc == 0 && q_number(&version, p->db, "PRAGMA user_version", ""))
		rc = E_IO;
	rc = rc ? rc : put_u32(s, (uint32_t)version);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(carried); i++)
		rc = put_table(s, p, carried[i]);
	rc = rc ? rc : put_u8(s, MARK_END);
	return rc ? rc : stream_finish(s);
}

/* All of one moment. */
static int put_snapshot(int fd, struct profile *p, const struct stream_key *key)
{
	CLEANUP(stream_free) struct stream *s = sodium_malloc(sizeof *s);
	int rc = s ? stream_begin(s, fd, key) : E_NOMEM;

	rc = rc ? rc : q_run(p->db, "BEGIN", "");
	return rc ? rc : q_end(p->db, put_all(s, p));
}

static int write_new(struct profile *p, const char *path, const struct stream_key *key)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	int rc;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return E_IO;
	rc = put_snapshot(fd, p, key);
	return rc == 0 && fsync(fd) < 0 ? E_IO : rc;
}

int backup_write(struct profile *p, const char *path, const struct stream_key *key)
{
	char new[BACKUP_PATH_MOST + 8];
	int rc;

	if (strlen(path) > BACKUP_PATH_MOST)
		return E_CONFIG;
	snprintf(new, sizeof new, "%s.new", path);
	rc = write_new(p, new, key);
	if (rc == 0 && rename(new, path) < 0)
		rc = E_IO;
	if (rc)
		unlink(new);
	return rc ? rc : folder_sync_around(path);
}

/* --- reading ------------------------------------------------------------ */

static int get_u32(struct stream *s, uint32_t *out)
{
	uint8_t bytes[4] = { 0 };
	struct reader rd = reader_over(bytes, sizeof bytes);
	int rc = stream_get(s, bytes, sizeof bytes);

	*out = rc ? 0 : reader_u32(&rd);
	return rc;
}

static int get_i64(struct stream *s, int64_t *out)
{
	uint8_t bytes[8] = { 0 };
	struct reader rd = reader_over(bytes, sizeof bytes);
	int rc = stream_get(s, bytes, sizeof bytes);

	*out = rc ? 0 : (int64_t)reader_u64(&rd);
	return rc;
}

static int get_name(struct stream *s, char out[static NAME_MOST + 1])
{
	uint32_t len;
	int rc = get_u32(s, &len);

	if (rc == 0 && len > NAME_MOST)
		return STREAM_DAMAGED;
	rc = rc ? rc : stream_get(s, out, len);
	out[rc ? 0 : len] = '\0';
	return rc;
}

static int get_bytes(struct stream *s, sqlite3_stmt *insert, int column, int type)
{
	CLEANUP(scope_free) uint8_t *bytes = NULL;
	uint32_t len;
	int rc = get_u32(s, &len), bound;

	if (rc == 0 && len > VALUE_MOST)
		return STREAM_DAMAGED;
	bytes = malloc((size_t)len + 1);
	if (!bytes)
		return E_NOMEM;
	rc = rc ? rc : stream_get(s, bytes, len);
	bound = type == SQLITE_TEXT
			? sqlite3_bind_text(
					  insert, column, (char *)bytes, (int)len, SQLITE_TRANSIENT)
			: sqlite3_bind_blob(insert, column, bytes, (int)len, SQLITE_TRANSIENT);
	sodium_memzero(bytes, len);
	return rc ? rc : bound == SQLITE_OK ? 0 : E_IO;
}

static int get_value(struct stream *s, sqlite3_stmt *insert, int column)
{
	uint8_t type = 0;
	int64_t number;
	int rc = stream_get(s, &type, 1);

	if (rc)
		return rc;
	if (type == SQLITE_NULL)
		return sqlite3_bind_null(insert, column) == SQLITE_OK ? 0 : E_IO;
	if (type == SQLITE_BLOB || type == SQLITE_TEXT)
		return get_bytes(s, insert, column, type);
	if (type != SQLITE_INTEGER)
		return STREAM_DAMAGED;
	rc = get_i64(s, &number);
	return rc ? rc : sqlite3_bind_int64(insert, column, number) == SQLITE_OK ? 0 : E_IO;
}

/* A name goes into a statement only if it is one of ours. */
static int add_column(
		char sql[static SQL_MOST], struct stream *s, struct profile *p, const char *table)
{
	char name[NAME_MOST + 1];
	int64_t n;
	size_t used = strlen(sql);
	int rc = get_name(s, name);

	rc = rc ? rc
		: q_number(&n, p->db, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?", "tt",
				  table, name);
	if (rc)
		return rc == STORE_NONE ? STREAM_VERSION : rc;
	snprintf(sql + used, SQL_MOST - used, "%s\"%s\"", sql[used - 1] == '(' ? "" : ", ", name);
	return 0;
}

static void append(char sql[static SQL_MOST], const char *text)
{
	const size_t used = strlen(sql);

	snprintf(sql + used, SQL_MOST - used, "%s", text);
}

static int prepare_insert(sqlite3_stmt **out, int *out_n, struct stream *s, struct profile *p)
{
	char table[NAME_MOST + 1], sql[SQL_MOST];
	uint32_t n = 0;
	int rc = get_name(s, table);

	if (rc == 0 && !is_in(table, carried, ARRAY_LEN(carried)) &&
			strcmp(table, "left_account") != 0)
		return STREAM_VERSION;
	rc = rc ? rc : get_u32(s, &n);
	if (rc == 0 && (n < 1 || n > COLUMNS_MOST))
		return STREAM_DAMAGED;
	snprintf(sql, sizeof sql, "INSERT INTO %s (", table);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = add_column(sql, s, p, table);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		append(sql, i ? ", ?" : ") VALUES (?");
	if (rc)
		return rc;
	append(sql, ")");
	*out_n = (int)n;
	return q_open(out, p->db, sql, "");
}

/* *mark: what came after the rows. */
static int get_table(struct stream *s, struct profile *p, uint8_t *mark)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *insert = NULL;
	int n = 0, rc = prepare_insert(&insert, &n, s, p);

	while (rc == 0 && (rc = stream_get(s, mark, 1)) == 0 && *mark == MARK_ROW) {
		for (int i = 1; rc == 0 && i <= n; i++)
			rc = get_value(s, insert, i);
		if (rc == 0 && sqlite3_step(insert) != SQLITE_DONE)
			rc = STREAM_DAMAGED; /* not what the table may hold */
		sqlite3_reset(insert);
	}
	return rc;
}

static int run(struct profile *p, const char *sql)
{
	const int rc = sqlite3_exec(p->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : rc == SQLITE_CONSTRAINT ? STREAM_DAMAGED : E_IO;
}

static int get_all(struct stream *s, struct profile *p)
{
	uint8_t mark = MARK_END;
	uint32_t version;
	int64_t ours;
	int rc = get_u32(s, &version);

	if (rc == 0 && q_number(&ours, p->db, "PRAGMA user_version", ""))
		rc = E_IO;
	if (rc == 0 && version > ours)
		return STREAM_VERSION;
	rc = rc || version >= HOMES_SINCE ? rc : run(p, STORE_BEFORE_HOME);
	rc = rc ? rc : stream_get(s, &mark, 1);
	while (rc == 0 && mark == MARK_TABLE)
		rc = get_table(s, p, &mark);
	if (rc == 0 && mark != MARK_END)
		return STREAM_DAMAGED;
	rc = rc ? rc : stream_end(s);
	rc = rc ? rc : version < 13 ? run(p, STORE_JOIN_PARTS) : 0;
	rc = rc ? rc : version < 14 ? run(p, STORE_GROUP_LINES) : 0;
	rc = rc ? rc : version < HOMES_SINCE ? run(p, STORE_FILL_HOME) : 0;
	return rc ? rc : version < TEXT_IDS_SINCE ? run(p, STORE_TEXT_IDS) : 0;
}

struct source {
	struct stream *stream;
	int answer; /* when it is the file's fault */
};

/* No number of a prekey is given twice, and all else is said by loss.h. */
static int fill(struct profile *p, void *data)
{
	struct source *source = data;
	int rc = get_all(source->stream, p);

	if (rc > 0) {
		source->answer = rc;
		return E_PROTO;
	}
	rc = rc ? rc
		: q_run(p->db, "UPDATE meta SET value = value + ? WHERE name = 'next prekey'", "i",
				  (int64_t)PREKEYS_APART);
	/* No bundle's secrets are here, so all of them are made anew. */
	rc = rc ? rc : q_run(p->db, "UPDATE home SET generation = 0", "");
	return rc ? rc : loss_restored(p);
}

int backup_read(struct profile **out, const char *dir, const struct backup *backup)
{
	CLEANUP(stream_free) struct stream *s = sodium_malloc(sizeof *s);
	__attribute__((cleanup(scope_close_ref))) int fd = open(backup->path, O_RDONLY | O_CLOEXEC);
	struct source source = { s, 0 };
	const struct profile_source from = { fill, &source };
	int rc = !s ? E_NOMEM : fd < 0 ? E_IO : stream_open(s, fd, &kind, backup->passphrase);

	rc = rc ? rc : profile_create_from(out, dir, backup->own, backup->cost, &from);
	return source.answer ? source.answer : rc;
}

/* --- daily -------------------------------------------------------------- */

static int forget(struct profile *p)
{
	return q_run(p->db, "DELETE FROM meta WHERE name LIKE 'backup %'", "");
}

static int remember(struct profile *p, const char *path, const struct stream_key *key)
{
	int rc = forget(p);

	rc = rc ? rc
		: q_run(p->db, "INSERT INTO meta VALUES ('backup path', ?)", "b", path,
				  strlen(path));
	rc = rc ? rc
		: q_run(p->db, "INSERT INTO meta VALUES ('backup head', ?)", "b", key->head,
				  sizeof key->head);
	rc = rc ? rc
		: q_run(p->db, "INSERT INTO meta VALUES ('backup key', ?)", "b", key->key.b,
				  sizeof key->key.b);
	return rc ? rc : plan_in(p, "backup due", DAY_S, SPREAD_S);
}

int backup_daily(struct profile *p, const char *path, const struct stream_key *key)
{
	int rc = path && strlen(path) > BACKUP_PATH_MOST ? E_CONFIG : q_begin(p->db);

	return rc ? rc : q_end(p->db, path ? remember(p, path, key) : forget(p));
}

static int recall(char path[static BACKUP_PATH_MOST + 1], struct stream_key *key, struct profile *p)
{
	const struct q_blob head = { key->head, sizeof key->head },
			    secret = { key->key.b, sizeof key->key.b };
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *row = NULL;
	int rc = q_open(&row, p->db, "SELECT value FROM meta WHERE name = 'backup path'", "");

	if (rc)
		return rc;
	if (sqlite3_step(row) != SQLITE_ROW)
		return BACKUP_OFF;
	snprintf(path, BACKUP_PATH_MOST + 1, "%.*s", sqlite3_column_bytes(row, 0),
			(const char *)sqlite3_column_blob(row, 0));
	if (q_blob(&head, p->db, "SELECT value FROM meta WHERE name = 'backup head'", "") ||
			q_blob(&secret, p->db, "SELECT value FROM meta WHERE name = 'backup key'",
					""))
		return E_IO;
	return 0;
}

/* For an hour it is this process's to write. */
static int claim(bool *out_due, struct profile *p)
{
	int rc = plan_is_due(out_due, p, "backup due");

	return rc || !*out_due ? rc : plan_in(p, "backup due", HOUR_S, 1);
}

int backup_keep(struct profile *p)
{
	char path[BACKUP_PATH_MOST + 1];
	struct stream_key key;
	bool due = false;
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, claim(&due, p));
	rc = rc ? rc : due ? recall(path, &key, p) : BACKUP_OFF;
	if (rc == BACKUP_OFF)
		return rc;
	rc = rc ? rc : backup_write(p, path, &key);
	sodium_memzero(&key, sizeof key);
	return rc ? rc : plan_in(p, "backup due", DAY_S, SPREAD_S);
}
