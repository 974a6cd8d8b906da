/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bytes from outside, read in order. The first short read is remembered: everything after it yields
 * zeros, and reader_is_done() says no. So a parser states its layout and asks once. Integers are
 * big-endian.
 */
#ifndef SOTTO_READER_H
#define SOTTO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/* Borrows bytes. */
struct reader reader_over(const void *bytes, size_t len);

uint8_t reader_u8(struct reader *rd);
uint16_t reader_u16(struct reader *rd);
uint32_t reader_u32(struct reader *rd);
uint64_t reader_u64(struct reader *rd);

/* Copies len bytes, or zeros them. */
void reader_copy(struct reader *rd, void *out, size_t len);

/* len bytes in place, or NULL. */
const uint8_t *reader_take(struct reader *rd, size_t len);

/* All that is left, in place. */
const uint8_t *reader_rest(struct reader *rd, size_t *out_len);

/* True if all that is left is zeros; takes it. A branch-free scan. */
bool reader_zeros(struct reader *rd);

/* Nothing was short and nothing is left. */
bool reader_is_done(const struct reader *rd);

#endif
