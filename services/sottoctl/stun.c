/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Trusts nothing that it reads; a descriptor gives up by itself when nothing comes. */
#include "services/sottoctl/stun.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { COOKIE = 0x2112A442, HEAD = 20, TRANSACTION = 12, MAC = 20, MESSAGE_MOST = 2048 };

enum { ALLOCATE = 0x003, PERMISSION = 0x008, SEND = 0x016, DATA = 0x017 };
enum { KIND_CLASS = 0x0110, SUCCESS = 0x0100, FAILURE = 0x0110 };

enum {
	ATTRIBUTE_USERNAME = 0x06,
	ATTRIBUTE_INTEGRITY = 0x08,
	ATTRIBUTE_ERROR = 0x09,
	ATTRIBUTE_PEER = 0x12,
	ATTRIBUTE_DATA = 0x13,
	ATTRIBUTE_REALM = 0x14,
	ATTRIBUTE_NONCE = 0x15,
	ATTRIBUTE_RELAYED = 0x16,
	ATTRIBUTE_TRANSPORT = 0x19,
};

enum { UNAUTHORISED = 401, STALE_NONCE = 438 };

struct message {
	uint16_t kind;
	uint8_t transaction[TRANSACTION];
	uint8_t bytes[MESSAGE_MOST];
	size_t len; /* of the attributes in bytes */
};

/* --- bytes --------------------------------------------------------------- */

static void put_attribute(struct writer *w, uint16_t name, const void *value, size_t len)
{
	static const uint8_t padding[3];

	writer_u16(w, name);
	writer_u16(w, (uint16_t)len);
	writer_copy(w, value, len);
	writer_copy(w, padding, -len & 3);
}

static void put_peer(struct writer *w, const struct stun_address *peer)
{
	uint8_t value[8];
	struct writer v = writer_over(value, sizeof value);

	writer_u16(&v, 1); /* IPv4 */
	writer_u16(&v, peer->port ^ COOKIE >> 16);
	writer_u32(&v, peer->host ^ COOKIE);
	put_attribute(w, ATTRIBUTE_PEER, value, sizeof value);
}

/* NULL: there is none. */
static const uint8_t *find(const struct message *m, uint16_t wanted, size_t *out_len)
{
	struct reader rd = reader_over(m->bytes, m->len);

	while (rd.left) {
		uint16_t name = reader_u16(&rd);
		size_t len = reader_u16(&rd);
		const uint8_t *value = reader_take(&rd, len);

		if (!value)
			return NULL;
		*out_len = len;
		if (name == wanted)
			return value;
		if (!reader_take(&rd, -len & 3))
			return NULL;
	}
	return NULL;
}

/* --- messages ------------------------------------------------------------ */

static int hear(struct stun *s, struct message *out)
{
	uint8_t head[HEAD];
	struct reader rd;

	if (recv(s->fd, head, sizeof head, MSG_WAITALL) != sizeof head)
		return E_NET;
	rd = reader_over(head, sizeof head);
	out->kind = reader_u16(&rd);
	out->len = reader_u16(&rd);
	if (reader_u32(&rd) != COOKIE || out->len > sizeof out->bytes)
		return E_PROTO;
	reader_copy(&rd, out->transaction, sizeof out->transaction);
	if (out->len && recv(s->fd, out->bytes, out->len, MSG_WAITALL) != (ssize_t)out->len)
		return E_NET;
	return 0;
}

/* The long-term credential: MD5 is the standard's, and coturn's only one. */
static void sign(struct writer *w, const struct stun *s)
{
	char text[TURN_USER_MOST + STUN_TEXT_MOST + TURN_PASSWORD_TEXT + 3];
	uint8_t key[16], mac[MAC];
	unsigned len = sizeof mac;
	int n = snprintf(text, sizeof text, "%s:%.*s:%s", s->who->user, (int)s->realm_len,
			(const char *)s->realm, s->who->password);

	put_attribute(w, ATTRIBUTE_USERNAME, s->who->user, strlen(s->who->user));
	put_attribute(w, ATTRIBUTE_REALM, s->realm, s->realm_len);
	put_attribute(w, ATTRIBUTE_NONCE, s->nonce, s->nonce_len);
	w->start[2] = (uint8_t)((w->used - HEAD + 4 + MAC) >> 8);
	w->start[3] = (uint8_t)(w->used - HEAD + 4 + MAC);
	EVP_Digest(text, (size_t)n, key, NULL, EVP_md5(), NULL);
	HMAC(EVP_sha1(), key, sizeof key, w->start, w->used, mac, &len);
	put_attribute(w, ATTRIBUTE_INTEGRITY, mac, sizeof mac);
	sodium_memzero(text, sizeof text);
	sodium_memzero(key, sizeof key);
}

static int tell(struct stun *s, uint16_t kind, const struct writer *attributes,
		uint8_t transaction[static TRANSACTION])
{
	uint8_t bytes[MESSAGE_MOST];
	struct writer w = writer_over(bytes, sizeof bytes);

	randombytes_buf(transaction, TRANSACTION);
	writer_u16(&w, kind);
	writer_u16(&w, (uint16_t)attributes->used);
	writer_u32(&w, COOKIE);
	writer_copy(&w, transaction, TRANSACTION);
	writer_copy(&w, attributes->start, attributes->used);
	if (s->nonce_len && kind != SEND)
		sign(&w, s);
	if (!writer_is_ok(&w))
		return E_BUG;
	return send(s->fd, bytes, w.used, MSG_NOSIGNAL) == (ssize_t)w.used ? 0 : E_NET;
}

static int keep(uint8_t *out, size_t *out_len, const struct message *m, uint16_t name)
{
	size_t len = 0;
	const uint8_t *value = find(m, name, &len);

	if (!value || !len || len > STUN_TEXT_MOST)
		return E_PROTO;
	memcpy(out, value, len);
	*out_len = len;
	return 0;
}

static int read_answer(const struct message *m)
{
	size_t len = 0;
	const uint8_t *error;

	if ((m->kind & KIND_CLASS) == SUCCESS)
		return 0;
	error = find(m, ATTRIBUTE_ERROR, &len);
	return error && len >= 4 && error[2] ? error[2] * 100 + error[3] : E_PROTO;
}

/* Packets that are relayed meanwhile are left out. */
static int ask_once(struct stun *s, uint16_t kind, const struct writer *attributes,
		struct message *answer)
{
	uint8_t transaction[TRANSACTION];
	int rc = tell(s, kind, attributes, transaction);

	do
		rc = rc ? rc : hear(s, answer);
	while (rc == 0 && memcmp(answer->transaction, transaction, TRANSACTION) != 0);
	return rc ? rc : read_answer(answer);
}

/* The first answer brings realm and nonce. */
static int ask(struct stun *s, uint16_t kind, const struct writer *attributes,
		struct message *answer)
{
	const bool is_first = s->nonce_len == 0;
	int rc = ask_once(s, kind, attributes, answer), kept;

	if (rc != STALE_NONCE && !(rc == UNAUTHORISED && is_first))
		return rc;
	kept = keep(s->nonce, &s->nonce_len, answer, ATTRIBUTE_NONCE);
	kept = kept ? kept : keep(s->realm, &s->realm_len, answer, ATTRIBUTE_REALM);
	return kept ? kept : ask_once(s, kind, attributes, answer);
}

/* --- requests ------------------------------------------------------------ */

int stun_allocate(struct stun *s, struct stun_address *out)
{
	static const uint8_t udp[4] = { 17 };
	uint8_t bytes[8];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct message answer;
	struct reader rd;
	const uint8_t *value;
	size_t len = 0;
	int rc;

	put_attribute(&w, ATTRIBUTE_TRANSPORT, udp, sizeof udp);
	rc = ask(s, ALLOCATE, &w, &answer);
	if (rc)
		return rc;
	value = find(&answer, ATTRIBUTE_RELAYED, &len);
	rd = reader_over(value, value ? len : 0);
	if (reader_u16(&rd) != 1)
		return E_PROTO;
	out->port = (uint16_t)(reader_u16(&rd) ^ COOKIE >> 16);
	out->host = reader_u32(&rd) ^ COOKIE;
	return reader_is_done(&rd) ? 0 : E_PROTO;
}

int stun_permit(struct stun *s, const struct stun_address *peer)
{
	uint8_t bytes[16];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct message answer;

	put_peer(&w, peer);
	return ask(s, PERMISSION, &w, &answer);
}

int stun_send(struct stun *s, const struct stun_address *peer, const void *bytes, size_t len)
{
	uint8_t attributes[MESSAGE_MOST - HEAD], transaction[TRANSACTION];
	struct writer w = writer_over(attributes, sizeof attributes);

	put_peer(&w, peer);
	put_attribute(&w, ATTRIBUTE_DATA, bytes, len);
	return writer_is_ok(&w) ? tell(s, SEND, &w, transaction) : E_BUG;
}

int stun_hear(struct stun *s, const void *bytes, size_t len, bool *out_same)
{
	struct message m;
	const uint8_t *data;
	size_t n = 0;
	int rc;

	do
		rc = hear(s, &m);
	while (rc == 0 && m.kind != DATA);
	if (rc)
		return rc;
	data = find(&m, ATTRIBUTE_DATA, &n);
	*out_same = data && n == len && memcmp(data, bytes, len) == 0;
	return 0;
}
