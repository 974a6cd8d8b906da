/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bytes laid out in order into a buffer of fixed size. The first write that does not fit is
 * remembered and nothing more is written; writer_is_full() says whether the layout filled the
 * buffer exactly. Big-endian.
 */
#ifndef SOTTO_WRITER_H
#define SOTTO_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	uint8_t *start;
	size_t used;
	size_t size;
	bool failed;
};

/* Borrows buffer. */
struct writer writer_over(void *buffer, size_t size);

void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
void writer_copy(struct writer *w, const void *bytes, size_t len);

/* len bytes to fill in place, or NULL. */
uint8_t *writer_take(struct writer *w, size_t len);

/* Zeros to the end of the buffer. */
void writer_zeros(struct writer *w);

bool writer_is_ok(const struct writer *w);
bool writer_is_full(const struct writer *w);

#endif
