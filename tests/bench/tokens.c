/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What tokens cost a processor: each operation alone, repeated for the given time, measured in
 * processor time. One line of JSON: tokens (or multiplications) a second of one core.
 *
 *   tokens SECONDS
 */
#include "libshared/token.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char onion[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion";

struct scene {
	struct voprf_key key;
	uint8_t digest[HASH_BYTES];
	struct token_request request;
	struct token_answer answer;
	uint8_t tokens[TOKEN_BATCH_MOST][TOKEN_BYTES];
	uint8_t element[VOPRF_ELEMENT_BYTES];
};

struct step {
	const char *name;
	unsigned n; /* that many tokens a call */
	int (*run)(struct scene *s);
};

static int multiply(struct scene *s)
{
	return crypto_scalarmult_ristretto255(s->element, s->key.secret, s->element);
}

static int blind(struct scene *s)
{
	return token_request_make(&s->request, TOKEN_BATCH_MOST, s->key.pub, s->digest);
}

static int issue(struct scene *s)
{
	return voprf_evaluate(s->answer.evaluated[0], s->answer.proof, &s->key,
			s->request.blinded[0], TOKEN_BATCH_MOST);
}

static int finish(struct scene *s)
{
	return token_request_finish(s->tokens, &s->request, &s->answer);
}

static int redeem(struct scene *s)
{
	return token_redeem(s->tokens[0], &s->key, s->digest);
}

/* In this order: each needs what the one before has made. */
static const struct step steps[] = {
	{ "multiply", 1, multiply },
	{ "blind", TOKEN_BATCH_MOST, blind },
	{ "issue", TOKEN_BATCH_MOST, issue },
	{ "finish", TOKEN_BATCH_MOST, finish },
	{ "redeem", 1, redeem },
};

static double used_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rate(const struct step *step, struct scene *s, double seconds)
{
	const double began_s = used_s();
	double now_s;
	unsigned n = 0;

	do {
		if (step->run(s)) {
			fprintf(stderr, "bench: %s failed\n", step->name);
			exit(1);
		}
		n += step->n;
		now_s = used_s();
	} while (now_s - began_s < seconds);
	return n / (now_s - began_s);
}

int main(int argc, char **argv)
{
	static struct scene s;
	const double seconds = argc == 2 ? atof(argv[1]) : 0;

	if (seconds <= 0 || sodium_init() < 0) {
		fprintf(stderr, "usage: tokens SECONDS\n");
		return 1;
	}
	voprf_key_random(&s.key);
	token_challenge_digest(s.digest, onion);
	memcpy(s.element, s.key.pub, sizeof s.element);
	printf("{");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		printf("%s\"%s\": %.1f", i ? ", " : "", steps[i].name,
				rate(&steps[i], &s, seconds));
	printf("}\n");
	return 0;
}
