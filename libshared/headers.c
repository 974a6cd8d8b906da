/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is demanded of a request's headers before its body is read, and who is asking once it is
 * there. Libmicrohttpd accepts much that it should not (duplicates, folded lines, both lengths):
 * all of it is refused here.
 */
#include "libshared/http_private.h"

#include "libshared/error.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

static const char *const once[] = {
	/* headers that may stand at most once */
	"Host",
	"Content-Length",
	"Content-Type",
	"Idempotency-Key",
	"Sotto-Deposit",
	"Sotto-Chunk",
	"Content-Digest",
	"Signature-Input",
	"Signature",
	"Authorization",
	"Expect",
};

struct scan {
	uint8_t seen[ARRAY_LEN(once)];
	int problem;
};

static bool is_token(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
				      "89-_!#$%&'*+.^`|~";

	return *name && name[strspn(name, allowed)] == '\0';
}

/*
 * Libmicrohttpd 0.9.75 glues a folded line to the header's name, elsewhere in the connection's
 * memory ("Ho: x", " st" becomes Host). A name and a value of one line stand beside each other with
 * nothing but blanks between.
 */
static bool is_one_line(const char *name, const char *value)
{
	const char *between = name + strlen(name) + 1;

	if ((uintptr_t)value < (uintptr_t)between ||
			(uintptr_t)value - (uintptr_t)between > HTTP_CONNECTION_MEMORY)
		return false;
	while (between < value && (*between == ' ' || *between == '\t'))
		between++;
	return between == value;
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct scan *scan = cls;

	(void)kind;
	if (!is_token(name) || !value || !is_one_line(name, value))
		scan->problem = PROBLEM_BAD_REQUEST;
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		scan->problem = PROBLEM_LENGTH_REQUIRED;
	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (strcasecmp(name, once[i]) == 0 && ++scan->seen[i] > 1 && !scan->problem)
			scan->problem = PROBLEM_BAD_REQUEST;
	return scan->problem == PROBLEM_LENGTH_REQUIRED ? MHD_NO : MHD_YES;
}

const char *headers_get(const struct exchange *ex, const char *name)
{
	const char *value = MHD_lookup_connection_value(ex->mhd, MHD_HEADER_KIND, name);

	return value ? value : "";
}

/* PROBLEM_BODY_SIZE unless it is one of the route's sizes. */
static int check_length(struct exchange *ex)
{
	const char *text = headers_get(ex, "Content-Length");
	char *end;
	unsigned long long len;

	if (text[strspn(text, "0123456789")] != '\0')
		return PROBLEM_BAD_REQUEST;
	len = strtoull(text, &end, 10); /* none: 0 */
	return route_for_body(&ex->http->options, len, &ex->rq);
}

static int check_key(struct exchange *ex)
{
	const char *text = headers_get(ex, "Idempotency-Key");

	if (ex->rq.route->key == KEY_NONE)
		return 0;
	if (base64url_read(ex->rq.key, sizeof ex->rq.key, text, strlen(text)) ||
			sodium_is_zero(ex->rq.key, sizeof ex->rq.key))
		return PROBLEM_BAD_REQUEST;
	return 0;
}

int headers_check(struct exchange *ex, const char *version)
{
	struct scan scan = { 0 };
	int problem;

	MHD_get_connection_values(ex->mhd, MHD_HEADER_KIND, look, &scan);
	if (scan.problem)
		return scan.problem;
	if (strcmp(version, "HTTP/1.1") != 0 || !*headers_get(ex, "Host") || !*ex->path)
		return PROBLEM_BAD_REQUEST;
	problem = route_find(&ex->http->options, ex->method, ex->path, &ex->rq);
	if (problem)
		return problem;
	problem = check_length(ex);
	return problem ? problem : check_key(ex);
}

/* --- who is asking ------------------------------------------------------ */

/* Only the hash of the secret goes on from here. */
static int authenticate_secret(
		const struct exchange *ex, const char *name, uint8_t out_hash[static HASH_BYTES])
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	const char *text = headers_get(ex, name);

	/* Malformed looks like unknown. */
	if (base64url_read(secret.b, sizeof secret.b, text, strlen(text)))
		return PROBLEM_NOT_FOUND;
	hash256(out_hash, secret.b, sizeof secret.b);
	return 0;
}

static bool fits_a_key(const struct exchange *ex, const struct owner_headers *h,
		const struct owner_request *request)
{
	const struct http_options *o = &ex->http->options;

	for (size_t i = 0; i < o->n_server_keys; i++) {
		CLEANUP(key_wipe) struct key request_key = { { 0 } };

		if (owner_request_key_of(&request_key, &o->server_keys[i], &ex->rq.owner,
				    o->onion) == 0 &&
				owner_verify(h, &request_key, request) == 0)
			return true;
	}
	return false;
}

static bool copy_header(char *out, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len >= size)
		return false;
	memcpy(out, value, len + 1);
	return true;
}

static int authenticate_owner(struct exchange *ex)
{
	struct owner_headers h;
	uint8_t nonce[NONCE_BYTES], id[MAILBOX_ID_BYTES];
	const struct owner_request request = { ex->method, ex->path, "?", ex->rq.body,
		ex->rq.body_len };

	if (!copy_header(h.digest, sizeof h.digest, headers_get(ex, "Content-Digest")) ||
			!copy_header(h.input, sizeof h.input, headers_get(ex, "Signature-Input")) ||
			!copy_header(h.signature, sizeof h.signature, headers_get(ex, "Signature")))
		return PROBLEM_UNAUTHORIZED;
	if (owner_parse_input(h.input, &ex->rq.owner, nonce))
		return PROBLEM_UNAUTHORIZED;
	if (!nonce_is_fresh(ex->http->options.nonce_key, (uint64_t)time(NULL), nonce) ||
			!fits_a_key(ex, &h, &request))
		return PROBLEM_UNAUTHORIZED;
	if (strstr(ex->rq.route->path, "{mailbox}")) {
		owner_mailbox_id(id, &ex->rq.owner);
		if (sodium_memcmp(id, ex->rq.mailbox, sizeof id) != 0)
			return PROBLEM_NOT_FOUND;
	}
	return 0;
}

int headers_authenticate(struct exchange *ex)
{
	switch (ex->rq.route->auth) {
	case AUTH_NONE:
		return 0;
	case AUTH_OWNER:
		return authenticate_owner(ex);
	case AUTH_IF_SIGNED:
		ex->rq.is_signed = *headers_get(ex, "Signature-Input") != '\0';
		return ex->rq.is_signed ? authenticate_owner(ex) : 0;
	case AUTH_DEPOSIT:
		return authenticate_secret(ex, "Sotto-Deposit", ex->rq.deposit_hash);
	case AUTH_CHUNK:
		return authenticate_secret(ex, "Sotto-Chunk", ex->rq.chunk_hash);
	}
	return PROBLEM_UNAUTHORIZED;
}
