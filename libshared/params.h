/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Parameters of one call of an SQL function, all binary. bytea and uuid values are borrowed from
 * the request, which outlives its call; integers and arrays are kept inside. The first two
 * parameters are also the call's place in its batch: bytes compared as memcmp does.
 */
#ifndef SOTTO_PARAMS_H
#define SOTTO_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PARAMS_MOST = 9,
	PARAMS_UUIDS_MOST = 64,
	PARAMS_ROOM = PARAMS_MOST * 8 + 20 + PARAMS_UUIDS_MOST * 20,
};

struct params {
	int n;
	const char *values[PARAMS_MOST];
	int lengths[PARAMS_MOST];
	size_t room_used;
	uint8_t room[PARAMS_ROOM];
};

void params_bytes(struct params *p, const void *bytes, size_t len);
void params_uuid(struct params *p, const uint8_t uuid[static 16]);
void params_i16(struct params *p, int16_t value);
void params_i32(struct params *p, int32_t value);
void params_i64(struct params *p, int64_t value);
void params_bool(struct params *p, bool value);

/* uuid[]: n ids of 16 bytes in a row; n at most PARAMS_UUIDS_MOST (asserted: only we can break it).
 */
void params_uuids(struct params *p, const uint8_t *ids, size_t n);

/* Bytes on the wire, for the batch's limit. */
size_t params_size(const struct params *p);

/* memcmp order of the first two parameters; fewer sort first. */
int params_compare(const struct params *a, const struct params *b);

#endif
