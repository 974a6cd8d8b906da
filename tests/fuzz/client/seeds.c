/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Writes well-formed examples for the fuzz targets that seldom find one by chance: seeds FOLDER makes
 * FOLDER/<target>/1 and so on. */
#include "client/lib/content.h"
#include "client/lib/file.h"
#include "client/lib/group.h"
#include "client/lib/packet.h"
#include "libshared/token.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

static void seed(const char *target, const void *bytes, size_t len)
{
	static int n;
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, target);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/%s/%d", folder, target, ++n);
	file = fopen(path, "we");
	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		exit(EXIT_FAILURE);
}

static void PRINTF_LIKE(2, 3) seed_text(const char *target, const char *format, ...)
{
	char text[16384];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	seed(target, text, (size_t)len);
}

static struct contact_link some_link(void)
{
	struct contact_link link = { .uuid = { 7 } };

	randombytes_buf(link.onion, sizeof link.onion);
	key_random(&link.bundle_key);
	return link;
}

static void seed_packets(void)
{
	static const char text[] = "gr\xc3\xbc\xc3\x9f dich";
	uint8_t inside[PACKET_INSIDE_BYTES] = { 1, PACKET_MESSAGE }, bytes[CONTENT_BYTES_MOST];
	struct content c = { .type = CONTENT_TEXT, .number = 3, .link = some_link(), .parts = 1 };

	inside[PACKET_GUARDED_BYTES + 1] = 200; /* length of its body */
	memset(inside + PACKET_GUARDED_BYTES + 2, 'x', 200);
	seed("fuzz_inside", inside, sizeof inside);
	c.text_len = sizeof text - 1;
	memcpy(c.text, text, sizeof text);
	seed("fuzz_content", bytes, content_write(bytes, &c));
	c.type = 99;
	seed("fuzz_content", bytes, content_write(bytes, &c));
	c.type = CONTENT_TEXT;
	c.parts = 2;
	seed("fuzz_content", bytes, content_write(bytes, &c));
}

static void seed_file(void)
{
	struct file file;
	uint8_t bytes[CONTENT_TEXT_MOST];

	if (file_init(&file,
			    "gr\xc3\xbc\xc3\x9f"
			    "e.jpg",
			    123456) != 0)
		exit(EXIT_FAILURE);
	seed("fuzz_file", bytes, file_write(bytes, &file));
}

static void seed_group_body(struct group_body *body)
{
	uint8_t bytes[CONTENT_TEXT_MOST];

	for (body->after_s = 0; body->after_s <= 60; body->after_s += 60)
		seed("fuzz_group", bytes, group_write(bytes, body));
}

/* Each kind, with a time and without; of GROUP_JOINED and _LEFT that is to be refused. */
static void seed_groups(void)
{
	uint8_t announced[CONTENT_TEXT_MOST];
	struct file file;
	struct group_body body = { .text = "all aboard", .file = announced, .n = 2, .n_page = 2 };

	if (file_init(&file, "chart.png", 123456) != 0)
		exit(EXIT_FAILURE);
	body.file_len = file_write(announced, &file);
	memcpy(body.name, "crew", 5);
	for (int i = 0; i < body.n_page; i++) {
		memcpy(body.page[i].name, "anna", 5);
		body.page[i].link = some_link();
	}
	for (body.kind = GROUP_TEXT; body.kind <= GROUP_FILE; body.kind++)
		seed_group_body(&body);
}

static void seed_links(void)
{
	char text[LINK_TEXT + 1], onion[ONION_TEXT + 1] = "";
	uint8_t invite[INVITE_BYTES] = { 2 };
	struct contact_link link = some_link();

	link_write(text, &link);
	seed_text("fuzz_link", "%s", text);
	onion_write(onion, link.onion);
	seed_text("fuzz_link", "%s", onion);
	memcpy(text, "sotto://", 8);
	base64url_write(text + 8, invite, sizeof invite);
	seed_text("fuzz_link", "%s", text);
}

/* A bundle's fields begin with a version; its signed prekey has a number. */
static void seed_bundle(void)
{
	uint8_t fields[BUNDLE_BYTES - 24 - 16 - 64] = { 1 };

	fields[1 + 32 + 4 + 3] = 1;
	seed("fuzz_bundle", fields, sizeof fields);
}

static void seed_answers(void)
{
	static const uint8_t secret[VOPRF_SCALAR_BYTES] = { 7 };
	char k[BASE64URL_ROOM(32)], proof[BASE64URL_ROOM(64)], onion[ONION_TEXT + 1];
	struct contact_link link = some_link();
	struct voprf_key key;

	if (voprf_key_from_secret(&key, secret) != 0)
		exit(EXIT_FAILURE);
	base64url_write(k, key.pub, sizeof key.pub);
	base64url_write(proof, (const uint8_t[64]){ 1 }, 64);
	onion_write(onion, link.onion);
	seed_text("fuzz_server",
			"{\"protocol\": 1, \"registration\": \"invite\", \"onions\": {\"live\": "
			"\"%s\"}, "
			"\"ports\": {\"mqtt\": 1883}, \"keys\": {\"prekeyd\": \"%s\", \"blobd\": "
			"\"%s\", "
			"\"bridged\": \"%s\"}, \"tokens\": [{\"operation\": \"prekey\", \"epoch\": "
			"7, "
			"\"key\": \"%s\"}]}",
			onion, k, k, k, k);
	seed_text("fuzz_issue", "{\"evaluated\": [\"%s\"], \"proof\": \"%s\"}", k, proof);
	seed_text("fuzz_account", "{\"generation\": 2, \"next\": 51, \"left\": 50}");
	seed_text("fuzz_account",
			"{\"generation\": 2, \"next\": 51, \"left\": 5050}"); /* was taken */
	seed_text("fuzz_push",
			"{\"session\": \"%.22s\", \"password\": \"%s\", \"down\": \"d\", \"up\": "
			"\"u\"}",
			k, k);
	seed_text("fuzz_answer", "xSotto-Nonce: AAECAwQFBgcICQoLDA0ODw\r\nContent-Length: 2\r\n");
}

static void seed_pushes(void)
{
	uint8_t down[1 + DOWN_BYTES] = { 0 };

	for (down[1] = 1; down[1] <= 4; down[1]++)
		seed("fuzz_push", down, sizeof down);
}

/* fuzz_parts has the steps: three parts that come in order and are read, 64 that come backwards. */
static void seed_parts(void)
{
	uint8_t steps[65 * 3] = { 0, 0, 1, 0, 1, 1, 0, 2, 1, 1, 0, 0 };

	seed("fuzz_parts", steps, 12);
	for (uint8_t i = 0; i < 64; i++) {
		steps[3 * i] = 0;
		steps[3 * i + 1] = 63 - i;
		steps[3 * i + 2] = 62;
	}
	steps[64 * 3] = 1;
	seed("fuzz_parts", steps, sizeof steps);
}

int main(int argc, char **argv)
{
	if (argc != 2 || sodium_init() < 0)
		return 2;
	folder = argv[1];
	mkdir(folder, 0755);
	seed_packets();
	seed_file();
	seed_groups();
	seed_links();
	seed_bundle();
	seed_answers();
	seed_pushes();
	seed_parts();
	return 0;
}
