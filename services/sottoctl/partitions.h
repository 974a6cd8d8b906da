/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The partitions of `spent`, one an epoch: attached ahead, dropped with their key. */
#ifndef SOTTO_SOTTOCTL_PARTITIONS_H
#define SOTTO_SOTTOCTL_PARTITIONS_H

#include "services/sottoctl/sql.h"

#include <stdint.h>

/* Those of epochs that count on that day, and of the next two. */
int partitions_attach(PGconn *conn, uint64_t day) MUST_CHECK;

/* Those of epochs that are over. One that a daemon uses for longer stays until the next sweep. */
int partitions_drop(PGconn *conn, uint64_t day) MUST_CHECK;

#endif
