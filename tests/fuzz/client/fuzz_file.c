/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file as a contact announces it: what is taken is what would be written, its name can be made in
 * a folder, and its pieces can be counted. */
#include "client/lib/file.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	uint8_t again[CONTENT_TEXT_MOST];
	struct file file;

	if (!exact)
		return 0;
	memcpy(exact, bytes, len); /* exactly len, for the sanitiser */
	if (file_read(&file, exact, len) != 0)
		return 0;
	if (file_write(again, &file) != len || memcmp(again, bytes, len) != 0)
		__builtin_trap();
	if (strchr(file.name, '/') || file.name[0] == '.' || !file.name[0] ||
			file_pieces(&file) > FILE_PIECES_MOST ||
			(uint64_t)file_pieces(&file) * file_piece_contents(&file) < file.size)
		__builtin_trap();
	return 0;
}
