/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Finding the row for a request. Paths are compared byte for byte; one variable at most. */
#include "libshared/http_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Reads the variable and leaves *path behind it. */
static int read_variable(const char *name, const char **path, struct request *rq)
{
	size_t len = strcspn(*path, "/");
	const char *text = *path;

	*path += len;
	if (strncmp(name, "{uuid}", 6) == 0)
		return uuid_read(rq->uuid, text, len);
	if (strncmp(name, "{chunk}", 7) == 0)
		return base64url_read(rq->chunk, sizeof rq->chunk, text, len);
	return base64url_read(rq->mailbox, sizeof rq->mailbox, text, len);
}

static bool matches(const char *pattern, const char *path, struct request *rq)
{
	size_t fixed = strcspn(pattern, "{");
	const char *variable = pattern + fixed;

	if (strncmp(pattern, path, fixed) != 0)
		return false;
	path += fixed;
	if (!*variable)
		return !*path;
	if (read_variable(variable, &path, rq))
		return false;
	return strcmp(strchr(variable, '}') + 1, path) == 0;
}

int route_find(const struct http_options *options, const char *method, const char *path,
		struct request *rq)
{
	int problem = PROBLEM_NOT_FOUND;

	for (size_t i = 0; i < options->n_routes; i++) {
		const struct route *route = &options->routes[i];

		if (!matches(route->path, path, rq))
			continue;
		if (strcmp(route->method, method) == 0) {
			rq->route = route;
			return 0;
		}
		problem = PROBLEM_METHOD;
	}
	return problem;
}

int route_for_body(const struct http_options *options, size_t len, struct request *rq)
{
	const struct route *end = options->routes + options->n_routes, *first = rq->route;

	for (const struct route *route = first; route < end; route++)
		if (route->body_bytes == len && strcmp(route->method, first->method) == 0 &&
				strcmp(route->path, first->path) == 0) {
			rq->route = route;
			return 0;
		}
	return PROBLEM_BODY_SIZE;
}

void route_allow(const struct http_options *options, const char *path, char out[static ALLOW_MOST])
{
	struct request unused;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < options->n_routes; i++)
		if (matches(options->routes[i].path, path, &unused) &&
				!strstr(out, options->routes[i].method)) {
			len += (size_t)snprintf(out + len, ALLOW_MOST - len, "%s%s",
					len ? ", " : "", options->routes[i].method);
			assert(len < ALLOW_MOST);
		}
}
