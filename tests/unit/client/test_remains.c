/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said leaves nothing in memory that is free again, once the profile is closed. */
#include "tests/unit/client/people.h"

#include <fcntl.h>

enum { WORD = 24, MASK = 0x55, LARGEST = 1 << 30 };

static uint8_t masked[WORD]; /* the word itself lies nowhere */

static void look_for(const void *word)
{
	for (int i = 0; i < WORD; i++)
		masked[i] = ((const uint8_t *)word)[i] ^ MASK;
}

static int count_in(const uint8_t *at, size_t len)
{
	int n = 0;

	for (size_t k = 0; k + WORD <= len; k++) {
		size_t i = 0;

		while (i < WORD && (at[k + i] ^ MASK) == masked[i])
			i++;
		n += i == WORD;
	}
	return n;
}

/* By the kernel, as a sanitiser lets nobody look at what is free. */
static int count_between(int memory, off_t from, off_t to)
{
	uint8_t bytes[1 << 16];
	int n = 0;

	for (ssize_t got; from + WORD <= to; from += got - WORD + 1) {
		const size_t want = to - from < (off_t)sizeof bytes ? (size_t)(to - from)
								    : sizeof bytes;

		got = pread(memory, bytes, want, from);
		if (got < WORD)
			break;
		n += count_in(bytes, (size_t)got);
	}
	sodium_memzero(bytes, sizeof bytes);
	return n;
}

/* In all that malloc has had. A sanitiser's own maps are larger. */
static int count_remains(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512], path[256];
	unsigned long from, to;
	char may[5];
	int n = 0;

	ck_assert(maps && memory >= 0);
	while (fgets(line, sizeof line, maps)) {
		path[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to, may, path) >= 3 &&
				strncmp(may, "rw", 2) == 0 && to - from < LARGEST &&
				(!*path || strcmp(path, "[heap]") == 0))
			n += count_between(memory, (off_t)from, (off_t)to);
	}
	fclose(maps);
	close(memory);
	return n;
}

START_TEST(nothing_of_a_text_stays_where_memory_is_free)
{
	char text[WORD + 1] = { 0 };

	meet();
	for (int i = 0; i < WORD; i++)
		text[i] = (char)('a' + randombytes_uniform(26));
	look_for(text);
	say(&alice, "bob", &bob, text);
	sodium_memzero(text, sizeof text);
	carry(&alice, &bob);
	ck_assert_int_gt(count_remains(), 0); /* it would be seen */
	profile_close(STEAL(alice.p));
	profile_close(STEAL(bob.p));
	ck_assert_int_eq(count_remains(), 0);
	tear_down();
}
END_TEST

START_TEST(nothing_of_a_key_stays_where_memory_is_free)
{
	/* The Signal library frees the identity's as it is. */
	static const char *const keys[] = { "SELECT owner FROM home",
		"SELECT bundle_key FROM home" };
	uint8_t key[KEY_BYTES];
	const struct q_blob into = { key, sizeof key };

	set_up();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		ck_assert_int_eq(q_blob(&into, bob.p->db, keys[i], ""), 0);
		look_for(key);
		sodium_memzero(key, sizeof key);
		profile_close(STEAL(bob.p));
		ck_assert_int_eq(count_remains(), 0);
		person_end(&bob);
		person_make(&bob);
	}
	look_for(bob.p->vault.key.b);
	profile_close(STEAL(bob.p));
	ck_assert_int_eq(count_remains(), 0);
	tear_down();
}
END_TEST

UNIT("remains", nothing_of_a_text_stays_where_memory_is_free,
		nothing_of_a_key_stays_where_memory_is_free)
