/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads what strangers sent. Trusts only the length it was given. */
#include "libshared/reader.h"

#include <string.h>

struct reader reader_over(const void *bytes, size_t len)
{
	return (struct reader){ .at = bytes, .left = len };
}

const uint8_t *reader_take(struct reader *rd, size_t len)
{
	const uint8_t *at = rd->at;

	if (rd->failed || len > rd->left) {
		rd->failed = true;
		return NULL;
	}
	if (len) {
		rd->at += len;
		rd->left -= len;
	}
	return at;
}

static uint64_t take_integer(struct reader *rd, size_t n_bytes)
{
	const uint8_t *b = reader_take(rd, n_bytes);
	uint64_t value = 0;

	for (size_t i = 0; b && i < n_bytes; i++)
		value = value << 8 | b[i];
	return value;
}

uint8_t reader_u8(struct reader *rd)
{
	return (uint8_t)take_integer(rd, 1);
}

uint16_t reader_u16(struct reader *rd)
{
	return (uint16_t)take_integer(rd, 2);
}

uint32_t reader_u32(struct reader *rd)
{
	return (uint32_t)take_integer(rd, 4);
}

uint64_t reader_u64(struct reader *rd)
{
	return take_integer(rd, 8);
}

void reader_copy(struct reader *rd, void *out, size_t len)
{
	const uint8_t *b = reader_take(rd, len);

	if (!len)
		return;
	if (b)
		memcpy(out, b, len);
	else
		memset(out, 0, len);
}

const uint8_t *reader_rest(struct reader *rd, size_t *out_len)
{
	*out_len = rd->failed ? 0 : rd->left;
	return reader_take(rd, *out_len);
}

bool reader_zeros(struct reader *rd)
{
	size_t len;
	const uint8_t *b = reader_rest(rd, &len);
	uint8_t any = 0;

	for (size_t i = 0; b && i < len; i++)
		any |= b[i];
	return !rd->failed && !any;
}

bool reader_is_done(const struct reader *rd)
{
	return !rd->failed && rd->left == 0;
}
