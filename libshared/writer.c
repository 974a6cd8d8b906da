/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Lays bytes out. Trusts only the size it was given. */
#include "libshared/writer.h"

#include <string.h>

struct writer writer_over(void *buffer, size_t size)
{
	return (struct writer){ .start = buffer, .size = size };
}

uint8_t *writer_take(struct writer *w, size_t len)
{
	uint8_t *at;

	if (w->failed || len > w->size - w->used) {
		w->failed = true;
		return NULL;
	}
	at = w->start + w->used;
	w->used += len;
	return at;
}

static void put_integer(struct writer *w, uint64_t value, size_t n_bytes)
{
	uint8_t *b = writer_take(w, n_bytes);

	for (size_t i = n_bytes; b && i > 0; i--, value >>= 8)
		b[i - 1] = (uint8_t)value;
}

void writer_u8(struct writer *w, uint8_t value)
{
	put_integer(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
	put_integer(w, value, 2);
}

void writer_u32(struct writer *w, uint32_t value)
{
	put_integer(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
	put_integer(w, value, 8);
}

void writer_copy(struct writer *w, const void *bytes, size_t len)
{
	uint8_t *b = writer_take(w, len);

	if (b && len)
		memcpy(b, bytes, len);
}

void writer_zeros(struct writer *w)
{
	size_t left = w->failed ? 0 : w->size - w->used;
	uint8_t *b = writer_take(w, left);

	if (b && left)
		memset(b, 0, left);
}

bool writer_is_ok(const struct writer *w)
{
	return !w->failed;
}

bool writer_is_full(const struct writer *w)
{
	return !w->failed && w->used == w->size;
}
