/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The source may change at any time: a piece is sealed under a nonce made of its contents, so no
 * two contents meet one nonce. */
#include "client/lib/upload.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer

enum { READ_BYTES = 1 << 16 };

/* --- the source --------------------------------------------------------- */

static int64_t changed_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* O_NONBLOCK: a pipe of that name must not hold us. */
static int open_source(int *out, struct stat *out_st, const char *path)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, out_st) < 0 || !S_ISREG(out_st->st_mode))
		return TRANSFER_PLACE;
	*out = STEAL_FD(fd);
	return 0;
}

static int hash_source(struct file *file, int fd)
{
	crypto_generichash_state state;
	uint8_t bytes[READ_BYTES];
	uint64_t n = 0;
	ssize_t got;

	crypto_generichash_init(&state, NULL, 0, sizeof file->hash);
	while ((got = read(fd, bytes, sizeof bytes)) > 0) {
		crypto_generichash_update(&state, bytes, (size_t)got);
		n += (uint64_t)got;
	}
	crypto_generichash_final(&state, file->hash, sizeof file->hash);
	sodium_memzero(bytes, sizeof bytes);
	if (got < 0)
		return TRANSFER_PLACE;
	return n == file->size ? 0 : TRANSFER_CHANGED;
}

static int read_piece(uint8_t *out, const struct transfer *t)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	const size_t len = file_piece_contents(&t->file);
	const uint64_t at = (uint64_t)t->done * len, left = t->file.size - at;
	size_t want = left < len ? (size_t)left : len, n = 0;
	struct stat st;
	ssize_t got = 1;
	int rc = open_source(&fd, &st, t->path);

	if (rc || (uint64_t)st.st_size != t->file.size || changed_ns(&st) != t->as_of_ns)
		return TRANSFER_CHANGED;
	while (n < want && (got = pread(fd, out + n, want - n, (off_t)(at + n))) > 0)
		n += (size_t)got;
	memset(out + n, 0, len - n);
	return n == want ? 0 : TRANSFER_CHANGED;
}

/* --- beginning ---------------------------------------------------------- */

struct target {
	int64_t contact, group; /* one of the two; 0 */
};

static int find_begun(
		struct transfer *out, struct profile *p, const struct target *to, const char *path)
{
	int64_t id;
	int rc = q_number(&id, p->db,
			"SELECT id FROM file WHERE out AND state = 0 AND contact = ? AND "
			"coalesce(grp, 0) = ? AND path = ?",
			"iit", to->contact, to->group, path);

	return rc == STORE_NONE ? TRANSFER_NONE : rc ? rc : transfer_load(out, p, id);
}

/* They learn of no other server of ours. */
static int choose_server(struct file *file, struct profile *p, const struct target *to)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc = to->group ? group_file_home(&home, p, to->group) : home_of(&home, p, to->contact);

	if (rc)
		return rc > 0 ? TRANSFER_NOT_IN : rc;
	memcpy(file->onion, home.onion, sizeof file->onion);
	return 0;
}

/* Whom it is for may have ended while it was hashed. */
static int save(struct transfer *t, struct profile *p)
{
	uint8_t body[CONTENT_TEXT_MOST];
	/* What many may fetch none of them ends: see docs/protocol.md "Groups". */
	const bool apart = t->group;
	int rc;

	if (apart)
		key_random(&t->file.end_key);
	rc = q_number(&t->id, p->db,
			"INSERT INTO file (contact, out, begun_s, as_of_ns, path, body, grp, "
			"end_key) SELECT ?, 1, ?, ?, ?, ?, nullif(?, 0), iif(?6, ?7, NULL) WHERE "
			"EXISTS (SELECT 1 FROM contact WHERE id = ?1) OR EXISTS (SELECT 1 FROM grp "
			"WHERE id = ?6) RETURNING id",
			"iiitbib", t->contact, t->begun_s, t->as_of_ns, t->path, body,
			file_write(body, &t->file), t->group, t->file.end_key.b, (size_t)KEY_BYTES);
	sodium_memzero(body, sizeof body);
	return rc != STORE_NONE ? rc : apart ? TRANSFER_NOT_IN : SYNC_NO_CONTACT;
}

static int make(struct transfer *out, struct profile *p, const struct target *to, int fd)
{
	int rc;

	out->contact = to->contact;
	out->group = to->group;
	out->out = true;
	out->begun_s = profile_now(p);
	rc = choose_server(&out->file, p, to);
	rc = rc ? rc : hash_source(&out->file, fd);
	return rc ? rc : save(out, p);
}

static int begin(struct transfer *out, struct profile *p, const struct target *to, const char *path)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	struct stat st;
	int rc = open_source(&fd, &st, path);

	if (rc)
		return rc;
	rc = find_begun(out, p, to, path);
	if (rc == 0 && (uint64_t)st.st_size == out->file.size && changed_ns(&st) == out->as_of_ns)
		return 0;
	rc = rc == 0 ? transfer_end(p, out) : rc == TRANSFER_NONE ? 0 : rc;
	if (rc)
		return rc;
	memset(out, 0, sizeof *out);
	snprintf(out->path, sizeof out->path, "%s", path);
	out->as_of_ns = changed_ns(&st);
	if (file_init(&out->file, path, (uint64_t)st.st_size))
		return TRANSFER_WRONG;
	return make(out, p, to, fd);
}

static int begin_at(
		struct transfer *out, struct profile *p, const struct target *to, const char *path)
{
	CLEANUP(scope_free) char *whole = realpath(path, NULL);

	if (!whole || strlen(whole) >= sizeof out->path)
		return TRANSFER_PLACE;
	return begin(out, p, to, whole);
}

int upload_begin(struct transfer *out, struct profile *p, const char *name, const char *path)
{
	struct contact c;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc > 0 ? SYNC_NO_CONTACT : rc;
	if (c.state != CONTACT_ACCEPTED)
		return SYNC_NO_CONTACT;
	return begin_at(out, p, &(struct target){ .contact = c.id }, path);
}

int upload_begin_in(
		struct transfer *out, struct profile *p, const struct group *g, const char *path)
{
	const struct target to = { .group = g->id };
	struct file nothing;
	int rc = choose_server(&nothing, p, &to);

	return rc ? rc : begin_at(out, p, &to, path);
}

/* --- going on ----------------------------------------------------------- */

static int send_piece(struct net *net, struct profile *p, struct transfer *t, const void *body)
{
	ANSWER answer = { 0 };
	CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
	char path[64];
	const struct payment payment = { TOKEN_CHUNK, piece.id, sizeof piece.id, false };
	struct ask ask;
	int rc;

	file_piece(&piece, &t->file, t->done);
	ask = transfer_ask(t, "POST", &piece, path);
	ask.path = "/v1/chunks";
	ask.body = body;
	ask.body_len = CHUNK_HEAD_BYTES + file_piece_bytes(&t->file);
	ask.key = piece.id;
	rc = tokens_ask(net, p, &ask, &payment, &answer);
	if (rc == 0 && answer.status == 507)
		return TRANSFER_FULL;
	rc = sync_verdict(rc, &answer);
	rc = rc ? rc : transfer_did(p, t);
	return rc ? rc : tokens_spent(p, &ask, &payment);
}

/* Nobody gets it. */
static int give_up(struct profile *p, const struct transfer *t, int why)
{
	int rc = transfer_end(p, t);

	return rc ? rc : why;
}

static int say(struct profile *p, struct transfer *t, int spread_s)
{
	uint8_t body[CONTENT_TEXT_MOST];
	const struct saying saying = { .type = CONTENT_FILE,
		.text = t->file.name,
		.body = body,
		.len = file_write(body, &t->file) };
	int rc = t->group ? group_say_file(p, t->group, &t->file, spread_s, &t->message)
			  : conversation_put(p, t->contact, &saying, &t->message);

	sodium_memzero(body, sizeof body);
	return rc > 0 ? TRANSFER_NOT_IN : rc;
}

static int announce(struct profile *p, struct transfer *t, int spread_s)
{
	int64_t id;
	int rc = q_begin(p->db);

	if (rc)
		return rc;
	/* Unless another process was quicker. */
	rc = q_number(&id, p->db,
			"UPDATE file SET state = 1, path = NULL WHERE state = 0 AND " TRANSFER_ROW
			" RETURNING id",
			"ii", t->id, t->begun_s);
	rc = rc ? rc : say(p, t, spread_s);
	rc = rc ? rc
		: q_run(p->db, "UPDATE file SET message = ? WHERE id = ?", "ii", t->message, t->id);
	if (rc == TRANSFER_NOT_IN)
		return q_run(p->db, "ROLLBACK", "") ? E_IO : give_up(p, t, rc);
	rc = q_end(p->db, rc == STORE_NONE ? 0 : rc);
	if (rc)
		return rc;
	t->state = TRANSFER_CLOSED;
	return TRANSFER_DONE;
}

/* Another process, or the person, may have done with it meanwhile. */
static int look_again(struct profile *p, const struct transfer *t)
{
	CLEANUP(transfer_wipe) struct transfer now = { .id = 0 };
	const struct target to = { .group = t->group };
	int rc = transfer_load(&now, p, t->id);

	if (rc || now.state != TRANSFER_OPEN || now.begun_s != t->begun_s)
		return rc ? rc : TRANSFER_DONE;
	rc = t->group ? choose_server(&now.file, p, &to) : 0;
	return rc == TRANSFER_NOT_IN ? give_up(p, t, rc) : rc;
}

int upload_step(struct net *net, struct profile *p, struct transfer *t)
{
	const size_t len = file_piece_contents(&t->file);
	CLEANUP(scope_free) uint8_t *contents = malloc(len);
	CLEANUP(scope_free) uint8_t *body = malloc(CHUNK_HEAD_BYTES + file_piece_bytes(&t->file));
	int rc;

	if (!contents || !body)
		return E_NOMEM;
	if (t->state != TRANSFER_OPEN)
		return TRANSFER_DONE;
	rc = look_again(p, t);
	if (rc)
		return rc;
	if (t->done == file_pieces(&t->file))
		return announce(p, t, net->fast ? 0 : GROUP_SPREAD_S);
	rc = read_piece(contents, t);
	if (rc == TRANSFER_CHANGED)
		return give_up(p, t, rc);
	if (rc == 0) {
		file_piece_seal(body, &t->file, t->done, contents);
		rc = send_piece(net, p, t, body);
	}
	sodium_memzero(contents, len);
	return rc;
}
