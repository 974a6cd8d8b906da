/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The Signal library's stores as rows. It calls them inside our transactions, so what it advances
 * and what we store become true together. A peer's name is its identity key, hence trusted exactly
 * when the two agree.
 */
#include "client/lib/signal_provider.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* The library cannot tell our failures from the peer's faults, so they are noted here (session.c
 * looks). */
static int failed(struct profile *p)
{
	p->failed = true;
	return SG_ERR_UNKNOWN;
}

static int done(struct profile *p, int rc)
{
	return rc ? failed(p) : 0;
}

/* 1, or 0 for no row. */
static int load(signal_buffer **out, struct profile *p, sqlite3_stmt *s)
{
	int step = sqlite3_step(s);

	if (step == SQLITE_DONE)
		return 0;
	if (step != SQLITE_ROW)
		return failed(p);
	*out = signal_buffer_create(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
	return *out ? 1 : failed(p);
}

static int load_by_id(signal_buffer **out, struct profile *p, const char *sql, uint32_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc;

	if (q_open(&s, p->db, sql, "i", (int64_t)id))
		return failed(p);
	rc = load(out, p, s);
	return rc == 0 ? SG_ERR_INVALID_KEY_ID : rc < 0 ? rc : SG_SUCCESS;
}

/* The answer of a contains function: the library takes a failure for a no. */
static int found(struct profile *p, int rc)
{
	if (rc < 0)
		p->failed = true;
	return rc == 0;
}

static int contains(struct profile *p, const char *sql, uint32_t id)
{
	int64_t n;

	return found(p, q_number(&n, p->db, sql, "i", (int64_t)id));
}

/* --- sessions ----------------------------------------------------------- */

static int session_load(signal_buffer **record, signal_buffer **user,
		const signal_protocol_address *a, void *data)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	struct profile *p = data;

	*user = NULL;
	if (q_open(&s, p->db, "SELECT record FROM session WHERE peer = ?", "b", a->name,
			    a->name_len))
		return failed(p);
	return load(record, p, s);
}

static int session_store(const signal_protocol_address *a, uint8_t *record, size_t len,
		uint8_t *user, size_t user_len, void *data)
{
	struct profile *p = data;

	(void)user;
	(void)user_len;
	return done(p,
			q_run(p->db,
					"INSERT INTO session VALUES (?, ?) "
					"ON CONFLICT (peer) DO UPDATE SET record = excluded.record",
					"bb", a->name, a->name_len, record, len));
}

static int session_contains(const signal_protocol_address *a, void *data)
{
	struct profile *p = data;
	int64_t n;

	return found(p,
			q_number(&n, p->db, "SELECT 1 FROM session WHERE peer = ?", "b", a->name,
					a->name_len));
}

static int session_delete(const signal_protocol_address *a, void *data)
{
	struct profile *p = data;

	return q_run(p->db, "DELETE FROM session WHERE peer = ?", "b", a->name, a->name_len)
			? failed(p)
			: 1;
}

static int session_delete_all(const char *name, size_t len, void *data)
{
	struct profile *p = data;

	return q_run(p->db, "DELETE FROM session WHERE peer = ?", "b", name, len) ? failed(p) : 1;
}

static int session_devices(signal_int_list **out, const char *name, size_t len, void *data)
{
	(void)name;
	(void)len;
	(void)data;
	*out = signal_int_list_alloc(); /* one device an identity */
	return *out ? 0 : SG_ERR_NOMEM;
}

/* --- prekeys ------------------------------------------------------------ */

static int prekey_load(signal_buffer **out, uint32_t id, void *data)
{
	return load_by_id(out, data, "SELECT record FROM prekey WHERE id = ?", id);
}

static int prekey_store(uint32_t id, uint8_t *record, size_t len, void *data)
{
	struct profile *p = data;

	return done(p,
			q_run(p->db, "INSERT INTO prekey VALUES (?, ?)", "ib", (int64_t)id, record,
					len));
}

static int prekey_contains(uint32_t id, void *data)
{
	return contains(data, "SELECT 1 FROM prekey WHERE id = ?", id);
}

static int prekey_remove(uint32_t id, void *data)
{
	struct profile *p = data;

	return done(p, q_run(p->db, "DELETE FROM prekey WHERE id = ?", "i", (int64_t)id));
}

static int signed_load(signal_buffer **out, uint32_t id, void *data)
{
	return load_by_id(out, data, "SELECT record FROM signed_prekey WHERE id = ?", id);
}

static int signed_store(uint32_t id, uint8_t *record, size_t len, void *data)
{
	struct profile *p = data;

	return done(p,
			q_run(p->db, "INSERT INTO signed_prekey VALUES (?, ?)", "ib", (int64_t)id,
					record, len));
}

static int signed_contains(uint32_t id, void *data)
{
	return contains(data, "SELECT 1 FROM signed_prekey WHERE id = ?", id);
}

static int signed_remove(uint32_t id, void *data)
{
	struct profile *p = data;

	return done(p, q_run(p->db, "DELETE FROM signed_prekey WHERE id = ?", "i", (int64_t)id));
}

/* --- identities --------------------------------------------------------- */

static int identity_pair(signal_buffer **public_data, signal_buffer **private_data, void *data)
{
	struct profile *p = data;
	uint8_t serialised[33] = { 0x05 }, secret[32];
	const struct q_blob into = { secret, sizeof secret };

	memcpy(serialised + 1, p->identity, sizeof p->identity);
	if (q_blob(&into, p->db, "SELECT value FROM meta WHERE name = 'identity secret'", ""))
		return failed(p);
	*public_data = signal_buffer_create(serialised, sizeof serialised);
	*private_data = signal_buffer_create(secret, sizeof secret);
	sodium_memzero(secret, sizeof secret);
	return *public_data && *private_data ? 0 : SG_ERR_NOMEM;
}

static int registration_id(void *data, uint32_t *out)
{
	*out = ((struct profile *)data)->registration_id;
	return 0;
}

static int identity_save(const signal_protocol_address *a, uint8_t *key, size_t len, void *data)
{
	(void)a;
	(void)key;
	(void)len;
	(void)data;
	return 0; /* the name is the key */
}

static int identity_trusted(const signal_protocol_address *a, uint8_t *key, size_t len, void *data)
{
	(void)data;
	return len == 33 && a->name_len == 32 && memcmp(a->name, key + 1, 32) == 0;
}

int signal_open(struct profile *p)
{
	const signal_protocol_session_store sessions = {
		.load_session_func = session_load,
		.get_sub_device_sessions_func = session_devices,
		.store_session_func = session_store,
		.contains_session_func = session_contains,
		.delete_session_func = session_delete,
		.delete_all_sessions_func = session_delete_all,
		.user_data = p,
	};
	const signal_protocol_pre_key_store prekeys = { prekey_load, prekey_store, prekey_contains,
		prekey_remove, NULL, p };
	const signal_protocol_signed_pre_key_store signed_prekeys = { signed_load, signed_store,
		signed_contains, signed_remove, NULL, p };
	const signal_protocol_identity_key_store identities = { identity_pair, registration_id,
		identity_save, identity_trusted, NULL, p };

	if (signal_context_create(&p->signal, NULL) || signal_provide(p->signal) ||
			signal_protocol_store_context_create(&p->stores, p->signal) ||
			signal_protocol_store_context_set_session_store(p->stores, &sessions) ||
			signal_protocol_store_context_set_pre_key_store(p->stores, &prekeys) ||
			signal_protocol_store_context_set_signed_pre_key_store(
					p->stores, &signed_prekeys) ||
			signal_protocol_store_context_set_identity_key_store(
					p->stores, &identities))
		return E_CRYPTO;
	return 0;
}

void signal_close(struct profile *p)
{
	signal_protocol_store_context_destroy(p->stores);
	signal_context_destroy(p->signal);
}
