/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an opened packet holds, from a sender who is nobody yet: what is taken is what would be
 * written. The file itself is included, since its parser stands behind the seal. */
#include "client/lib/packet.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t again[PACKET_INSIDE_BYTES];
	struct writer w = writer_over(again, sizeof again);
	struct inside in;

	if (len != PACKET_INSIDE_BYTES || parse(&in, bytes) != 0)
		return 0;
	write_guarded(&w, &in);
	writer_u16(&w, in.body_len);
	writer_copy(&w, in.body, in.body_len);
	writer_zeros(&w);
	if (!writer_is_full(&w) || memcmp(again, bytes, len) != 0)
		__builtin_trap();
	return 0;
}
