/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of a committed call, in binary. A wrong width or column is a bug between a .c file and its
 * .sql: asserted. */
#include "libshared/db.h"

#include "libshared/reader.h"

#include <assert.h>
#include <libpq-fe.h>

static const PGresult *pg(const struct result *result)
{
	return (const PGresult *)result;
}

unsigned result_rows(const struct result *result)
{
	return (unsigned)PQntuples(pg(result));
}

bool result_is_null(const struct result *result, unsigned row, unsigned column)
{
	return PQgetisnull(pg(result), (int)row, (int)column);
}

const uint8_t *result_bytes(
		const struct result *result, unsigned row, unsigned column, size_t *out_len)
{
	assert(row < result_rows(result) && !result_is_null(result, row, column));
	*out_len = (size_t)PQgetlength(pg(result), (int)row, (int)column);
	return (const uint8_t *)PQgetvalue(pg(result), (int)row, (int)column);
}

int32_t result_i32(const struct result *result, unsigned row, unsigned column)
{
	size_t len;
	struct reader rd = reader_over(result_bytes(result, row, column, &len), 4);

	assert(len == 4);
	return (int32_t)reader_u32(&rd);
}

int64_t result_i64(const struct result *result, unsigned row, unsigned column)
{
	size_t len;
	struct reader rd = reader_over(result_bytes(result, row, column, &len), 8);

	assert(len == 8);
	return (int64_t)reader_u64(&rd);
}
