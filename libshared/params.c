/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Binary parameters. Asserts what only our own ask functions could break. */
#include "libshared/params.h"

#include "libshared/writer.h"

#include <assert.h>
#include <string.h>

enum { OID_UUID = 2950 };

static void add(struct params *p, const void *value, size_t len)
{
	assert(p->n < PARAMS_MOST);
	p->values[p->n] = value;
	p->lengths[p->n] = (int)len;
	p->n++;
}

static uint8_t *room(struct params *p, size_t len)
{
	uint8_t *at = p->room + p->room_used;

	assert(len <= sizeof p->room - p->room_used);
	p->room_used += len;
	return at;
}

void params_bytes(struct params *p, const void *bytes, size_t len)
{
	add(p, bytes, len);
}

void params_uuid(struct params *p, const uint8_t uuid[static 16])
{
	add(p, uuid, 16);
}

static void add_integer(struct params *p, uint64_t value, size_t n_bytes)
{
	uint8_t *at = room(p, n_bytes);

	for (size_t i = n_bytes; i > 0; i--, value >>= 8)
		at[i - 1] = (uint8_t)value;
	add(p, at, n_bytes);
}

void params_i16(struct params *p, int16_t value)
{
	add_integer(p, (uint64_t)value, 2);
}

void params_i32(struct params *p, int32_t value)
{
	add_integer(p, (uint64_t)value, 4);
}

void params_i64(struct params *p, int64_t value)
{
	add_integer(p, (uint64_t)value, 8);
}

void params_bool(struct params *p, bool value)
{
	add_integer(p, value, 1);
}

void params_uuids(struct params *p, const uint8_t *ids, size_t n)
{
	size_t len = 20 + n * 20;
	struct writer w;

	assert(n <= PARAMS_UUIDS_MOST);
	w = writer_over(room(p, len), len);
	writer_u32(&w, 1); /* dimensions */
	writer_u32(&w, 0); /* no NULLs */
	writer_u32(&w, OID_UUID);
	writer_u32(&w, (uint32_t)n);
	writer_u32(&w, 1); /* lower bound */
	for (size_t i = 0; i < n; i++) {
		writer_u32(&w, 16);
		writer_copy(&w, ids + 16 * i, 16);
	}
	assert(writer_is_full(&w));
	add(p, w.start, len);
}

size_t params_size(const struct params *p)
{
	size_t size = 0;

	for (int i = 0; i < p->n; i++)
		size += (size_t)p->lengths[i];
	return size;
}

int params_compare(const struct params *a, const struct params *b)
{
	for (int i = 0; i < 2; i++) {
		int la = i < a->n ? a->lengths[i] : -1, lb = i < b->n ? b->lengths[i] : -1;
		int least = la < lb ? la : lb;
		int order = least > 0 ? memcmp(a->values[i], b->values[i], (size_t)least) : 0;

		if (order)
			return order;
		if (la != lb)
			return la < lb ? -1 : 1;
	}
	return 0;
}
