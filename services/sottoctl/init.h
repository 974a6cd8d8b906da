/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an installed server is called and where it listens; sottoctl makes it so. */
#ifndef SOTTO_SOTTOCTL_INIT_H
#define SOTTO_SOTTOCTL_INIT_H

#include "services/sottoctl/sottoctl.h"

/* Of PostgreSQL's socket in /run/postgresql: it tells our cluster from others. */
#define INIT_PORT "7000"
#define INIT_OWNER "host=/run/postgresql port=" INIT_PORT " user=sotto_owner"

/* The cluster, its database and its tables, as this version has them. */
int init_database(const struct context *context) MUST_CHECK;

/* `sottoctl init`, for another command that ends with it. */
int init_again(const struct context *context) MUST_CHECK;

#endif
