/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fault points, before and after each transaction, each request and each word to the broker. In a
 * build of its own (-DFAULTS) the one that tests/system/faults asks for kills the process or loses
 * the answer. In every other build there is nothing of them.
 */
#ifndef SOTTO_FAULT_H
#define SOTTO_FAULT_H

#ifdef FAULTS

#include <sqlcipher/sqlite3.h>
#include <stdbool.h>

/* From now on the transactions of that database are points. */
void fault_watch(sqlite3 *db);
void fault_committed(void);

void fault_before(const char *method, const char *path);
/* True: the answer is lost. */
bool fault_after(const char *method, const char *path);

#else

#define fault_watch(db) ((void)0)
#define fault_committed() ((void)0)
#define fault_before(method, path) ((void)0)
#define fault_after(method, path) false

#endif

#endif
