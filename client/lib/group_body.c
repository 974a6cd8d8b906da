/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a group's messages say (docs/protocol.md "Groups"). */
#include "client/lib/group.h"

#include "client/lib/timer.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <string.h>

enum { TIMED = 16 }; /* in the first byte: a time follows the id */

static void write_name(struct writer *w, const char *name)
{
	const size_t len = strlen(name);

	writer_u8(w, (uint8_t)len);
	writer_copy(w, name, len);
}

static bool read_name(char out[static GROUP_NAME_MOST + 1], struct reader *rd)
{
	const size_t len = reader_u8(rd);

	if (len == 0 || len > GROUP_NAME_MOST)
		return false;
	reader_copy(rd, out, len);
	out[len] = '\0';
	return content_is_utf8(out, len);
}

static void write_page(struct writer *w, const struct group_body *b)
{
	uint8_t link[LINK_BYTES];

	writer_u32(w, b->version);
	writer_u8(w, b->n);
	writer_u8(w, b->first);
	write_name(w, b->name);
	for (int i = 0; i < b->n_page; i++) {
		write_name(w, b->page[i].name);
		link_pack(link, &b->page[i].link);
		writer_copy(w, link, sizeof link);
	}
}

static bool read_page(struct group_body *out, struct reader *rd)
{
	out->version = reader_u32(rd);
	out->n = reader_u8(rd);
	out->first = reader_u8(rd);
	if (out->n >= GROUP_PEOPLE_MOST || !read_name(out->name, rd))
		return false;
	for (out->n_page = 0; rd->left && !rd->failed; out->n_page++) {
		struct group_entry *entry = &out->page[out->n_page];
		const uint8_t *link;

		if (out->n_page == GROUP_PAGE_MOST || !read_name(entry->name, rd))
			return false;
		link = reader_take(rd, LINK_BYTES);
		if (!link || link_unpack(&entry->link, link))
			return false;
	}
	return out->first + out->n_page <= out->n && (out->n_page || !out->n);
}

static bool is_file(const struct group_body *b)
{
	CLEANUP(file_wipe) struct file file = { .size = 0 };

	return file_read(&file, b->file, b->file_len) == 0;
}

size_t group_write(uint8_t out[static CONTENT_TEXT_MOST], const struct group_body *b)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u8(&w, b->after_s ? b->kind | TIMED : b->kind);
	writer_copy(&w, b->gid, sizeof b->gid);
	if (b->after_s)
		writer_u32(&w, b->after_s);
	if (b->kind == GROUP_TEXT)
		writer_copy(&w, b->text, strlen(b->text));
	else if (b->kind == GROUP_FILE)
		writer_copy(&w, b->file, b->file_len);
	else if (b->kind == GROUP_LIST)
		write_page(&w, b);
	else if (b->kind == GROUP_JOINED)
		writer_u8(&w, b->asks);
	return w.used;
}

int group_read(struct group_body *out, const struct content *content)
{
	struct reader rd = reader_over(content->text, content->text_len);
	size_t len;

	out->kind = reader_u8(&rd);
	reader_copy(&rd, out->gid, sizeof out->gid);
	out->after_s = 0;
	if (content->parts > 1 && (out->kind & ~TIMED) != GROUP_TEXT)
		return CONTENT_BAD;
	if (out->kind == (GROUP_TEXT | TIMED) || out->kind == (GROUP_LIST | TIMED) ||
			out->kind == (GROUP_FILE | TIMED)) {
		out->kind &= (uint8_t)~TIMED;
		out->after_s = reader_u32(&rd);
		if (out->after_s == 0 || out->after_s > TIMER_MOST_S)
			return CONTENT_BAD;
	}
	if (out->kind == GROUP_TEXT) { /* content_read has put a NUL behind it */
		out->text = (const char *)reader_rest(&rd, &len);
		return !rd.failed && content_is_utf8(out->text, len) ? 0 : CONTENT_BAD;
	}
	if (out->kind == GROUP_FILE) {
		out->file = reader_rest(&rd, &out->file_len);
		return !rd.failed && is_file(out) ? 0 : CONTENT_BAD;
	}
	if (out->kind == GROUP_LIST && !read_page(out, &rd))
		return CONTENT_BAD;
	if (out->kind == GROUP_JOINED)
		out->asks = reader_u8(&rd) != 0;
	return out->kind <= GROUP_LEFT && reader_is_done(&rd) ? 0 : CONTENT_BAD;
}
