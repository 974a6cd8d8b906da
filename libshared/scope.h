/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The dialect: scope cleanup, handing on, results that must be looked at.
 *
 *   CLEANUP(queue_free) struct queue *q = calloc(1, sizeof *q);
 *   ...
 *   *out = STEAL(q);
 */
#ifndef SOTTO_SCOPE_H
#define SOTTO_SCOPE_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Owned pointers: CLEANUP(fn) runs fn##_ref on the variable's address at the end of its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn##_ref)))

/* In a header or file that has `void fn(type p)`: makes it fit for CLEANUP. */
#define DEFINE_CLEANUP(type, fn)                                     \
	static inline __attribute__((unused)) void fn##_ref(type *p) \
	{                                                            \
		fn(*p);                                              \
	}

/* Hand an owned pointer on: the variable forgets it. */
#define STEAL(p)                             \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void scope_free(void *p)
{
	free(p);
}

/* CLEANUP(scope_free) works for every pointer type: free() through the variable's address. */
static inline __attribute__((unused)) void scope_free_ref(void *p)
{
	scope_free(*(void **)p);
}

static inline __attribute__((unused)) void scope_close_ref(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* For a descriptor that was handed on. */
#define STEAL_FD(fd)                \
	({                          \
		int stolen_ = (fd); \
		(fd) = -1;          \
		stolen_;            \
	})

#endif
