/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of file, and the end of pieces. */
#include "client/lib/transfer.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer
#define COLUMNS                                                                                  \
	"SELECT id, contact, coalesce(message, 0), out, state, done, ended, begun_s, as_of_ns, " \
	"coalesce(path, ''), coalesce(placed, ''), body, coalesce(grp, 0), end_key FROM file "   \
	"WHERE "

/* Not what was said in a group by who is not listed there (so far). */
#define KNOWN                                                                              \
	"state < 2 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = file.message AND " \
	"m.shown = 2)"

static int read_row(struct transfer *out, sqlite3_stmt *s)
{
	int step = sqlite3_step(s);

	if (step != SQLITE_ROW)
		return step == SQLITE_DONE ? TRANSFER_NONE : E_IO;
	out->id = sqlite3_column_int64(s, 0);
	out->contact = sqlite3_column_int64(s, 1);
	out->message = sqlite3_column_int64(s, 2);
	out->out = sqlite3_column_int(s, 3) != 0;
	out->state = (enum transfer_state)sqlite3_column_int(s, 4);
	out->done = (uint32_t)sqlite3_column_int64(s, 5);
	out->ended = (uint32_t)sqlite3_column_int64(s, 6);
	out->begun_s = sqlite3_column_int64(s, 7);
	out->as_of_ns = sqlite3_column_int64(s, 8);
	snprintf(out->path, sizeof out->path, "%s", (const char *)sqlite3_column_text(s, 9));
	snprintf(out->placed, sizeof out->placed, "%s", (const char *)sqlite3_column_text(s, 10));
	out->group = sqlite3_column_int64(s, 12);
	if (file_read(&out->file, sqlite3_column_blob(s, 11), (size_t)sqlite3_column_bytes(s, 11)))
		return E_IO;
	/* Of others' in groups it is nobody's business here. */
	if (!q_column(out->file.end_key.b, KEY_BYTES, s, 13) && out->group)
		sodium_memzero(&out->file.end_key, KEY_BYTES);
	return 0;
}

static int find(struct transfer *out, struct profile *p, const char *sql, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, sql, "i", id);

	return rc ? rc : read_row(out, s);
}

int transfer_load(struct transfer *out, struct profile *p, int64_t id)
{
	return find(out, p, COLUMNS "id = ? AND " KNOWN, id);
}

int transfer_next(struct transfer *out, struct profile *p, int64_t after)
{
	return find(out, p, COLUMNS "id > ? AND " KNOWN " ORDER BY id LIMIT 1", after);
}

int transfer_announced(struct profile *p, const struct announced *a)
{
	CLEANUP(file_wipe) struct file file = { .size = 0 };

	if (file_read(&file, a->head, a->len))
		return 0;
	return q_run(p->db,
			"INSERT INTO file (contact, message, out, begun_s, body, grp) VALUES (?, "
			"?, 0, ?, ?, nullif(?, 0))",
			"iiibi", a->contact, a->message, profile_now(p), a->head, a->len, a->group);
}

int transfer_did(struct profile *p, struct transfer *t)
{
	int rc = q_run(p->db, "UPDATE file SET done = max(done, ?) WHERE " TRANSFER_ROW, "iii",
			(int64_t)t->done + 1, t->id, t->begun_s);

	if (rc == 0)
		t->done++;
	return rc;
}

/* --- the end ------------------------------------------------------------ */

int transfer_end(struct profile *p, const struct transfer *t)
{
	const uint32_t n = file_pieces(&t->file);
	/* Of one more, only the reply may be missing. */
	const uint32_t there = t->out && t->state == TRANSFER_OPEN && t->done < n ? t->done + 1 : n;
	/* Nothing is left to be ended. */
	int rc = q_run(p->db, "DELETE FROM file WHERE cleaned AND " TRANSFER_ROW, "ii", t->id,
			t->begun_s);

	return rc ? rc
		  : q_run(p->db,
				    "UPDATE file SET state = 2, done = ?, path = NULL "
				    "WHERE " TRANSFER_ROW,
				    "iii", (int64_t)there, t->id, t->begun_s);
}

struct ask transfer_ask(const struct transfer *t, const char *method, const struct piece *piece,
		char path[static 64])
{
	char id[BASE64URL_ROOM(CHUNK_ID_BYTES)];

	base64url_write(id, piece->id, sizeof piece->id);
	snprintf(path, 64, "/v1/chunks/%s", id);
	/* Whoever fetches or ends one piece knows all of that file: one circuit for it. */
	return (struct ask){
		.circuit = { t->out ? "file up" : "file down", t->file.key.b, KEY_BYTES, true },
		.onion = t->file.onion,
		.port = PORT_BLOBD,
		.method = method,
		.path = path,
	};
}

static int end_piece(struct net *net, struct profile *p, struct transfer *t)
{
	ANSWER answer = { 0 };
	CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
	char path[64];
	struct ask ask;
	int rc;

	file_piece(&piece, &t->file, t->ended);
	ask = transfer_ask(t, "DELETE", &piece, path);
	ask.chunk = &piece.end;
	rc = sync_verdict(net_ask(net, &ask, &answer), &answer);
	if (rc && rc != SYNC_REFUSED)
		return rc;
	t->ended++;
	return q_run(p->db, "UPDATE file SET ended = ? WHERE " TRANSFER_ROW, "iii",
			(int64_t)t->ended, t->id, t->begun_s);
}

/* A fetched file keeps its name, and its key goes; one that was to end goes whole. */
static int forget(struct profile *p, struct transfer *t)
{
	uint8_t body[CONTENT_TEXT_MOST];

	if (t->state == TRANSFER_ENDING)
		return q_run(p->db, "DELETE FROM file WHERE " TRANSFER_ROW, "ii", t->id,
				t->begun_s);
	sodium_memzero(&t->file.key, sizeof t->file.key);
	return q_run(p->db, "UPDATE file SET body = ?, cleaned = 1 WHERE " TRANSFER_ROW, "bii",
			body, file_write(body, &t->file), t->id, t->begun_s);
}

static int end_old_uploads(struct profile *p)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int rc;

	while ((rc = transfer_next(&t, p, t.id)) == 0)
		if (t.out && t.state == TRANSFER_OPEN &&
				profile_has_passed(p, t.begun_s, TRANSFER_OLD_S)) {
			rc = transfer_end(p, &t);
			if (rc)
				return rc;
		}
	return rc == TRANSFER_NONE ? 0 : rc;
}

int transfer_clean(struct net *net, struct profile *p, unsigned most, bool *out_left)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	int rc = end_old_uploads(p), result = 0;

	*out_left = false;
	while (rc == 0 &&
			(rc = find(&t, p,
					 COLUMNS "id > ? AND " TRANSFER_TO_CLEAN
						 " ORDER BY id LIMIT 1",
					 t.id)) == 0) {
		int ended = 0;

		if (!transfer_is_shared(&t) && !net_serves(net, t.file.onion))
			continue;
		while (ended == 0 && t.ended < t.done && most && !transfer_is_shared(&t)) {
			ended = end_piece(net, p, &t);
			most--;
		}
		result = result ? result : ended; /* another's server may fare better */
		if (ended == 0 && (t.ended == t.done || transfer_is_shared(&t)))
			rc = forget(p, &t);
		else
			*out_left = true;
	}
	return rc == TRANSFER_NONE ? result : rc;
}
