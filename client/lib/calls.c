/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of call_signal. A call's rows are new, told of, or settled; once settled it stays so. */
#include "client/lib/calls.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DAY_S = 86400 };
enum { STATE_NEW = 0, STATE_TOLD = 1, STATE_SETTLED = 2 };

/* --- what comes --------------------------------------------------------- */

static int forget_old(struct profile *p, int64_t contact)
{
	int rc = q_run(p->db, "DELETE FROM call_signal WHERE state = 2 AND abs(? - at_s) > ?", "ii",
			profile_now(p), (int64_t)DAY_S);

	return rc ? rc
		  : q_run(p->db,
				    "DELETE FROM call_signal WHERE contact = ?1 AND id <= (SELECT "
				    "id FROM "
				    "call_signal WHERE contact = ?1 ORDER BY id DESC LIMIT 1 "
				    "OFFSET ?2)",
				    "ii", contact, (int64_t)CALLS_SIGNALS_MOST);
}

int calls_heard(struct profile *p, int64_t contact, const struct content *c)
{
	struct call_signal s;
	int rc;

	if (call_signal_read(&s, c->text, c->text_len))
		return 0;
	rc = q_run(p->db,
			"INSERT INTO call_signal (contact, call, kind, state, at_s, body) "
			"SELECT ?1, ?2, ?3, CASE WHEN EXISTS (SELECT 1 FROM call_signal WHERE "
			"contact = ?1 AND call = ?2 AND state = 2) THEN 2 ELSE 0 END, ?4, ?5",
			"ibiib", contact, s.call, sizeof s.call, (int64_t)s.kind, profile_now(p),
			c->text, (size_t)c->text_len);
	return rc ? rc : forget_old(p, contact);
}

/* --- reading ------------------------------------------------------------ */

#define SELECT "SELECT id, contact, body, kind FROM call_signal s WHERE kind > 0 AND "
#define RINGS "kind = 1 AND state < 2 AND abs(?1 - at_s) < ?2 "
#define NEWEST "ORDER BY id DESC LIMIT 1"

static int read_row(struct call_heard *out, sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return CALLS_NONE;
	out->id = sqlite3_column_int64(s, 0);
	out->contact = sqlite3_column_int64(s, 1);
	if (rc != SQLITE_ROW ||
			call_signal_read(&out->signal, sqlite3_column_blob(s, 2),
					(size_t)sqlite3_column_bytes(s, 2)))
		return E_IO;
	return 0;
}

int calls_next(struct call_heard *out, struct profile *p, int64_t contact, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, SELECT "contact = ? AND id > ? ORDER BY id LIMIT 1", "ii",
			contact, after);

	return rc ? rc : read_row(out, s);
}

int calls_ringing(struct call_heard *out, struct profile *p, int64_t contact)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			SELECT RINGS "AND ?3 IN (0, contact) AND NOT EXISTS (SELECT 1 FROM "
				     "call_signal h WHERE h.contact = s.contact AND h.call = "
				     "s.call AND h.kind IN (3, 5)) " NEWEST,
			"iii", profile_now(p), (int64_t)CALLS_STALE_S, contact);

	return rc ? rc : read_row(out, s);
}

/* --- telling ------------------------------------------------------------ */

static int set_state(struct profile *p, const struct call_heard *h, int64_t state)
{
	return q_run(p->db,
			"UPDATE call_signal SET state = max(state, ?) WHERE contact = ? AND call = "
			"?",
			"iib", state, h->contact, h->signal.call, sizeof h->signal.call);
}

/* Given up, missed, or it rang long enough. */
static int missed(struct call_heard *out, struct profile *p)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			SELECT "((kind IN (3, 5) AND state = 0) OR (kind = 1 AND state < 2 AND "
			       "abs(? - at_s) >= ?)) ORDER BY id LIMIT 1",
			"ii", profile_now(p), (int64_t)CALLS_STALE_S);

	return rc ? rc : read_row(out, s);
}

static int rings(struct call_heard *out, struct profile *p, int64_t but)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, SELECT RINGS "AND state = 0 AND contact <> ?3 " NEWEST, "iii",
			profile_now(p), (int64_t)CALLS_STALE_S, but);

	return rc ? rc : read_row(out, s);
}

static int take_news(struct call_heard *out, enum calls_news *out_news, struct profile *p)
{
	int rc = missed(out, p);

	if (rc == 0) {
		*out_news = CALLS_MISSED;
		return set_state(p, out, STATE_SETTLED);
	}
	if (rc != CALLS_NONE)
		return rc;
	*out_news = CALLS_RINGS;
	rc = rings(out, p, 0);
	return rc ? rc : set_state(p, out, STATE_TOLD);
}

int calls_tell(struct call_heard *out, enum calls_news *out_news, struct profile *p)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, take_news(out, out_news, p));
}

int calls_intruder(struct call_heard *out, struct profile *p, int64_t but)
{
	int rc = rings(out, p, but);

	return rc ? rc : set_state(p, out, STATE_TOLD); /* what they leave behind will be news */
}

int calls_settle(struct profile *p, int64_t contact, const uint8_t call[static CALL_ID_BYTES])
{
	struct call_heard h = { .contact = contact };
	int rc;

	memcpy(h.signal.call, call, CALL_ID_BYTES);
	rc = q_run(p->db,
			"INSERT INTO call_signal (contact, call, kind, state, at_s, body) VALUES "
			"(?, ?, 0, 2, ?, x'')",
			"ibi", contact, call, (size_t)CALL_ID_BYTES, profile_now(p));
	return rc ? rc : set_state(p, &h, STATE_SETTLED);
}

/* --- one call at a time ------------------------------------------------- */

/* A name in the abstract namespace, bound by whoever is in a call: it goes with the process, leaves
 * no file that would tell of calls, and nobody without the profile knows it. */
static socklen_t lock_name(struct sockaddr_un *out, const struct profile *p)
{
	static const char purpose[] = "sotto call lock v1";
	uint8_t hash[16];

	crypto_generichash(hash, sizeof hash, (const uint8_t *)purpose, sizeof purpose - 1,
			p->vault.key.b, sizeof p->vault.key.b);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	sodium_bin2hex(out->sun_path + 1, sizeof out->sun_path - 1, hash, sizeof hash);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + 2 * sizeof hash);
}

int calls_lock(int *out_fd, const struct profile *p)
{
	struct sockaddr_un name;
	socklen_t len = lock_name(&name, p);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return E_IO;
	if (bind(fd, (struct sockaddr *)&name, len) < 0) {
		close(fd);
		return errno == EADDRINUSE ? CALLS_TAKEN : E_IO;
	}
	*out_fd = fd;
	return 0;
}

bool calls_is_locked(const struct profile *p)
{
	struct sockaddr_un name;
	socklen_t len = lock_name(&name, p);
	__attribute__((cleanup(scope_close_ref))) int fd = socket(
			AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&name, len) == 0;
}
