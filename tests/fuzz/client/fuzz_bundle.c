/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The fields of a bundle, from whoever knows the bundle key: what is taken is what would be written.
 * The file itself is included, since its parser stands behind the seal. */
#include "client/lib/bundle.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t again[SIGNED_BYTES];
	struct bundle b;

	if (len != SIGNED_BYTES || read_fields(&b, bytes) != 0)
		return 0;
	write_fields(again, &b);
	if (memcmp(again, bytes, len) != 0 || b.signed_id == 0)
		__builtin_trap();
	return 0;
}
