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
	int rc = strstr(name, "{uuid}") == name
			? uuid_read(rq->uuid, *path, len)
			: base64url_read(rq->mailbox, sizeof rq->mailbox, *path, len);

	*path += len;
	return rc;
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

void route_allow(const struct http_options *options, const char *path, char out[static ALLOW_MOST])
{
	struct request unused;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < options->n_routes; i++)
		if (matches(options->routes[i].path, path, &unused)) {
			len += (size_t)snprintf(out + len, ALLOW_MOST - len, "%s%s",
					len ? ", " : "", options->routes[i].method);
			assert(len < ALLOW_MOST);
		}
}
