/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A request's body as it comes in, and what many of them hold together. A large one grows with what
 * has come, so a stranger who drips holds no more than they sent. Where the room is used up, a body
 * is read to its end all the same, forgotten, and answered 503: small requests go on meanwhile.
 */
#include "libshared/http_private.h"

#include "libshared/error.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 64 << 10 };

static bool is_large(const struct exchange *ex)
{
	return ex->rq.route->body_bytes > BODY_SMALL_BYTES;
}

static int grow(struct exchange *ex, size_t room)
{
	const size_t more = is_large(ex) ? room - ex->body_room : 0;
	uint8_t *body;

	if (more > BODIES_HELD_MOST - ex->http->bodies_held)
		return E_BUSY;
	body = realloc(ex->rq.body, room);
	if (!body)
		return E_NOMEM;
	ex->http->bodies_held += more;
	ex->rq.body = body;
	ex->body_room = room;
	return 0;
}

static size_t larger_room(const struct exchange *ex, size_t len)
{
	size_t room = ex->body_room ? ex->body_room : FIRST_BYTES;

	if (!is_large(ex))
		return ex->rq.route->body_bytes;
	while (room < len)
		room *= 2;
	return room < ex->rq.route->body_bytes ? room : ex->rq.route->body_bytes;
}

int body_take(struct exchange *ex, const char *data, size_t len)
{
	struct request *rq = &ex->rq;
	int rc = 0;

	if (len > rq->route->body_bytes - rq->body_len)
		return PROBLEM_BODY_SIZE;
	if (rq->body_len + len > ex->body_room)
		rc = grow(ex, larger_room(ex, rq->body_len + len));
	if (rc)
		return rc;
	memcpy(rq->body + rq->body_len, data, len);
	rq->body_len += len;
	return 0;
}

void body_drop(struct exchange *ex)
{
	if (ex->rq.body && is_large(ex) && ex->http)
		ex->http->bodies_held -= ex->body_room;
	free(ex->rq.body);
	ex->rq.body = NULL;
	ex->body_room = ex->rq.body_len = 0;
}

int body_hold_reply(struct exchange *ex)
{
	if (ex->rq.holds > REPLIES_HELD_MOST - ex->http->replies_held)
		return E_BUSY;
	ex->http->replies_held += ex->rq.holds;
	ex->reply_held = ex->rq.holds;
	return 0;
}
