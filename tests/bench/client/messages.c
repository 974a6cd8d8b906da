/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What messages cost a client: each operation alone, repeated for the given time. One line of JSON:
 * how many a second by the clock and of one processor, start-up with 100,000 stored messages in
 * milliseconds, and the most memory that was in use.
 *
 *   messages SECONDS
 */
#include "client/lib/session.h"
#include "client/lib/signal_provider.h"
#include "tests/unit/client/people.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { STORED = 100000, TEXT_BYTES = 200, BETWEEN = 64 };

SIGNAL_DEFINE_OWNED(ciphertext_message)
SIGNAL_DEFINE_OWNED(signal_message)

static const struct hpke_parts parts = { (const uint8_t *)"bench", 5, NULL, 0 };
static char text[TEXT_BYTES + 1];
static double seconds;

struct bare { /* one side of a session that lies in memory only */
	struct person *who;
	uint8_t peer[32], record[1 << 16];
	size_t len;
	signal_protocol_address address;
	signal_protocol_store_context *stores;
	session_cipher *cipher;
};

struct scene {
	struct bare from, to;
	struct contact peer; /* alice, as bob has her */
	uint8_t public_key[HPKE_PUBLIC_BYTES], secret[HPKE_SECRET_BYTES], enc[HPKE_ENC_BYTES];
	struct hpke hpke;
	struct inside inside, opened;
	struct plaintext plaintext;
	uint8_t packet[BLOB_BYTES], key_hash[HASH_BYTES], deposit_hash[HASH_BYTES];
	struct parcel parcel;
	unsigned n;
};

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench: %s failed: %d\n", what, rc);
	exit(1);
}

static void encapsulate(struct scene *s)
{
	check(hpke_setup_sender(&s->hpke, s->enc, s->public_key, &parts), "encapsulate");
}

static void decapsulate(struct scene *s)
{
	check(hpke_setup_receiver(&s->hpke, s->enc, s->secret, &parts), "decapsulate");
}

static void seal(struct scene *s)
{
	check(packet_seal(s->packet, &s->inside, s->public_key, s->deposit_hash), "seal");
}

static void open_sealed(struct scene *s)
{
	const struct opener opener = { s->secret, s->key_hash, s->deposit_hash };

	check(packet_open(&s->opened, s->packet, &opener), "open");
}

/* The Signal library on our store, without a commit: what was said is taken back at once. */
static void session_both(struct scene *s)
{
	check(session_encrypt(&s->inside, bob.p, s->peer.identity, (const uint8_t *)text,
			      TEXT_BYTES),
			"session_encrypt");
	check(session_decrypt(alice.p, &s->inside, &s->plaintext), "session_decrypt");
}

/* --- the library on a store that only copies -------------------------- */

static int bare_load(signal_buffer **record, signal_buffer **user, const signal_protocol_address *a,
		void *data)
{
	struct bare *b = data;

	(void)a;
	*user = NULL;
	*record = signal_buffer_create(b->record, b->len);
	return *record ? 1 : SG_ERR_NOMEM;
}

static int bare_store(const signal_protocol_address *a, uint8_t *record, size_t len, uint8_t *user,
		size_t user_len, void *data)
{
	struct bare *b = data;

	(void)a;
	(void)user;
	(void)user_len;
	if (len > sizeof b->record)
		return SG_ERR_NOMEM;
	memcpy(b->record, record, len);
	b->len = len;
	return 0;
}

static int bare_contains(const signal_protocol_address *a, void *data)
{
	(void)a;
	(void)data;
	return 1;
}

/* Begins as the session that the two have. */
static void bare_open(struct bare *b, struct person *who, const uint8_t peer[static 32])
{
	const signal_protocol_session_store sessions = { .load_session_func = bare_load,
		.store_session_func = bare_store,
		.contains_session_func = bare_contains,
		.user_data = b };
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;

	memcpy(b->peer, peer, sizeof b->peer);
	b->address = (signal_protocol_address){ (const char *)b->peer, sizeof b->peer, 1 };
	check(q_open(&s, who->p->db, "SELECT record FROM session WHERE peer = ?", "b", b->peer,
			      sizeof b->peer) ||
					sqlite3_step(s) != SQLITE_ROW,
			"the session");
	b->len = (size_t)sqlite3_column_bytes(s, 0);
	check(b->len <= sizeof b->record ? 0 : 1, "its size");
	memcpy(b->record, sqlite3_column_blob(s, 0), b->len);
	b->who = who;
	check(signal_protocol_store_context_create(&b->stores, who->p->signal) ||
					signal_protocol_store_context_set_session_store(
							b->stores, &sessions) ||
					session_cipher_create(&b->cipher, b->stores, &b->address,
							who->p->signal),
			"a bare session");
	session_cipher_set_version(b->cipher, 3);
}

static void bare_close(struct bare *b)
{
	session_cipher_free(b->cipher);
	signal_protocol_store_context_destroy(b->stores);
}

static void bare_both(struct scene *s)
{
	SIGNAL_OWNED(ciphertext_message) *sent = NULL;
	SIGNAL_OWNED(signal_message) *came = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *plain = NULL;
	const signal_buffer *bytes;

	check(session_cipher_encrypt(s->from.cipher, (const uint8_t *)text, TEXT_BYTES, &sent),
			"bare encrypt");
	bytes = ciphertext_message_get_serialized(sent);
	check(signal_message_deserialize(&came, signal_buffer_const_data(bytes),
			      signal_buffer_len(bytes), s->to.who->p->signal) ||
					session_cipher_decrypt_signal_message(
							s->to.cipher, came, NULL, &plain),
			"bare decrypt");
}

/* --- all of it ---------------------------------------------------------- */

static void answer_now_and_then(struct scene *s)
{
	if (++s->n % BETWEEN == 0)
		pass(&alice, "bob", &bob, "so that the session turns");
}

/* Written, encrypted, sealed and stored as a packet; opened, decrypted and stored as a text. */
static void whole(struct scene *s)
{
	answer_now_and_then(s);
	say(&bob, "alice", &alice, text);
	s->parcel = post(&bob);
	check(deliver(&alice, &s->parcel) == RECEIVE_NEW ? 0 : 1, "deliver");
}

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const char *name, void (*run)(struct scene *), struct scene *s)
{
	const double began = seconds_of(CLOCK_MONOTONIC),
		     used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	double now;
	unsigned n = 0;

	do {
		run(s);
		n++;
		now = seconds_of(CLOCK_MONOTONIC);
	} while (now - began < seconds);
	printf("\"%s\": [%.1f, %.1f], ", name, n / (now - began),
			n / (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used));
}

static void prepare(struct scene *s)
{
	memset(text, 'x', TEXT_BYTES);
	set_up();
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "hello");
	check(q_run(alice.p->db, "UPDATE contact SET name = 'bob', state = 1", ""), "accept");
	pass(&alice, "bob", &bob, "hello yourself");
	s->peer = the_contact(&bob, "alice");
	hpke_keypair(s->public_key, s->secret);
	crypto_hash_sha256(s->key_hash, s->public_key, sizeof s->public_key);
	randombytes_buf(&s->inside, sizeof s->inside);
	memcpy(s->inside.sender, bob.p->identity, sizeof s->inside.sender);
	s->inside.type = PACKET_MESSAGE;
	s->inside.body_len = TEXT_BYTES;
}

static void start_up(void)
{
	const double began = seconds_of(CLOCK_MONOTONIC);
	struct profile *p;
	struct vault vault;

	check(profile_unlock(&vault, alice.dir, "correct horse"), "unlock");
	check(profile_open(&p, alice.dir, &vault), "open");
	check(count(&alice, "SELECT count(*) FROM message WHERE NOT shown") > 0 ? 0 : 1, "count");
	printf("\"start_ms\": %.1f, ", (seconds_of(CLOCK_MONOTONIC) - began) * 1e3);
	vault_wipe(&vault);
	profile_close(p);
}

static void store_many(struct person *a)
{
	check(q_run(a->p->db,
			      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			      "WHERE i < ?1) INSERT INTO message (contact, out, number, part, "
			      "parts, at_s, envelope, text) SELECT 1, 0, i, 0, 1, i, "
			      "randomblob(16), ?2 FROM n",
			      "it", (int64_t)STORED, text),
			"store");
}

/* people.h asserts as tests do, so all runs as one. */
START_TEST(all)
{
	static struct scene s;
	struct rusage usage;

	prepare(&s);
	printf("{");
	measure("encapsulate", encapsulate, &s);
	measure("decapsulate", decapsulate, &s);
	measure("seal", seal, &s);
	measure("open", open_sealed, &s);
	bare_open(&s.from, &bob, alice.p->identity);
	bare_open(&s.to, &alice, bob.p->identity);
	measure("bare", bare_both, &s);
	bare_close(&s.from);
	bare_close(&s.to);
	check(q_begin(bob.p->db) || q_begin(alice.p->db), "begin");
	measure("session", session_both, &s);
	check(q_end(bob.p->db, E_IO) != E_IO || q_end(alice.p->db, E_IO) != E_IO, "roll back");
	measure("whole", whole, &s);
	store_many(&alice);
	start_up();
	getrusage(RUSAGE_SELF, &usage);
	printf("\"memory_mb\": %.1f}\n", (double)usage.ru_maxrss / 1024);
	tear_down();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("messages");
	TCase *only = tcase_create("messages");
	SRunner *runner = srunner_create(suite);
	int failed;

	seconds = argc == 2 ? atof(argv[1]) : 0;
	if (seconds <= 0) {
		fprintf(stderr, "usage: messages SECONDS\n");
		return 1;
	}
	tcase_add_test(only, all);
	suite_add_tcase(suite, only);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return failed != 0;
}
