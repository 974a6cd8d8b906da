/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a command wants, as far as it is clear: its own name, somebody's, a path. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct candidates {
	const char *begun;	/* what there is of it */
	char rest[MOVING_PATH]; /* that all of them share */
	char list[CHAT_NOTE];
	unsigned n;
};

static void offer(struct candidates *c, const char *word, const char *end)
{
	const size_t len = strlen(c->begun), listed = strlen(c->list);
	char whole[MOVING_PATH];
	size_t same = 0;

	if (strncmp(word, c->begun, len) != 0)
		return;
	snprintf(whole, sizeof whole, "%s%s", word + len, end);
	if (c->n++ == 0)
		snprintf(c->rest, sizeof c->rest, "%s", whole);
	while (c->rest[same] && c->rest[same] == whole[same])
		same++;
	while (same && ((unsigned char)whole[same] & 0xc0) == 0x80) /* within a character */
		same--;
	c->rest[same] = '\0';
	snprintf(c->list + listed, sizeof c->list - listed, "%s%s", listed ? "  " : "", word);
}

static void offer_paths(struct candidates *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[MOVING_PATH];
	struct dirent *e;
	DIR *dir;

	moving_path(folder, path);
	*(strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder) = '\0';
	dir = opendir(*folder ? folder : ".");
	c->begun = slash ? slash + 1 : path;
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' || c->begun[0] == '.')
			offer(c, e->d_name, e->d_type == DT_DIR ? "/" : "");
	if (dir)
		closedir(dir);
}

static void offer_all(struct candidates *c, const struct chat *chat, char *line)
{
	const char *args, *name;
	char *rest = strchr(line, ' ');

	if (!rest) {
		c->begun = line + 1;
		for (size_t i = 0; (name = command_name(i, &args)); i++)
			offer(c, name, " ");
		return;
	}
	*rest++ = '\0';
	for (size_t i = 0; (name = command_name(i, &args)) && strcmp(name, line + 1) != 0; i++)
		;
	c->begun = rest;
	if (name && strstr(args, "PATH"))
		offer_paths(c,
				strcmp(name, "get") == 0 ? rest + strspn(rest, "0123456789 ")
							 : rest);
	else if (name && strcmp(args, "NAME") == 0)
		for (unsigned i = 0; i < chat->n_people; i++)
			offer(c, chat->people[i].name, "");
}

int complete(struct chat *chat)
{
	struct candidates c = { .begun = "", .rest = "", .list = "", .n = 0 };
	char *line;
	int rc;

	if (chat->input[0] != L'/' || chat->cursor != chat->n_input)
		return 0;
	rc = input_read(&line, chat);
	if (rc)
		return rc;
	offer_all(&c, chat, line);
	if (!input_add(chat, c.rest) || c.n > 1)
		chat_note(chat, c.list);
	explicit_bzero(line, strlen(line));
	free(line);
	return 0;
}
