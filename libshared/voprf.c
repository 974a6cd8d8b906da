/* SPDX-License-Identifier: ISC */
/*
 * RFC 9497 on libsodium's ristretto255: names and order of the transcripts are the RFC's. Trusts
 * libsodium to refuse what is no canonical element and to return -1 where a product is the
 * identity, which no honest peer ever meets.
 */
#include "libshared/voprf.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define CONTEXT "OPRFV1-\x01-ristretto255-SHA512"
#define TAG(name)                                      \
	{                                              \
		name CONTEXT, sizeof(name CONTEXT) - 1 \
	}

enum { SHA512_BLOCK = 128, UNIFORM_BYTES = 64 };

/* A domain separation tag; sizeof counts the closing NUL, the RFC does not. */
struct tag {
	const char *text;
	uint8_t len;
};
static const struct tag to_group = TAG("HashToGroup-"), to_scalar = TAG("HashToScalar-"),
			derive_key = TAG("DeriveKeyPair"), seed_tag = TAG("Seed-");

/* What a proof speaks of: evaluated[i] = secret * blinded[i] for all i and pub = secret * G. */
struct statement {
	const uint8_t *pub;
	const uint8_t *blinded;
	const uint8_t *evaluated;
	size_t n;
};

/* --- hashing -------------------------------------------------------------------------------- */

static void put(crypto_hash_sha512_state *st, const void *bytes, size_t len)
{
	if (len)
		crypto_hash_sha512_update(st, bytes, len);
}

static void put_u16(crypto_hash_sha512_state *st, size_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(st, bytes, sizeof bytes);
}

static void put_framed(crypto_hash_sha512_state *st, const void *bytes, size_t len)
{
	put_u16(st, len);
	put(st, bytes, len);
}

static void put_tag(crypto_hash_sha512_state *st, const struct tag *tag)
{
	put(st, tag->text, tag->len);
	put(st, &tag->len, 1);
}

/* expand_message_xmd of RFC 9380 for 64 bytes, which with SHA-512 is a single block: begin, put the
 * message, end. */
static void expand_begin(crypto_hash_sha512_state *st)
{
	static const uint8_t zeros[SHA512_BLOCK];

	crypto_hash_sha512_init(st);
	put(st, zeros, sizeof zeros);
}

static void expand_end(uint8_t out[static UNIFORM_BYTES], crypto_hash_sha512_state *st,
		const struct tag *tag)
{
	static const uint8_t zero = 0, one = 1;
	uint8_t first[crypto_hash_sha512_BYTES];

	put_u16(st, UNIFORM_BYTES);
	put(st, &zero, 1);
	put_tag(st, tag);
	crypto_hash_sha512_final(st, first);

	crypto_hash_sha512_init(st);
	put(st, first, sizeof first);
	put(st, &one, 1);
	put_tag(st, tag);
	crypto_hash_sha512_final(st, out);
	sodium_memzero(first, sizeof first);
	sodium_memzero(st, sizeof *st);
}

static void scalar_end(uint8_t out[static VOPRF_SCALAR_BYTES], crypto_hash_sha512_state *st,
		const struct tag *tag)
{
	uint8_t uniform[UNIFORM_BYTES];

	expand_end(uniform, st, tag);
	crypto_core_ristretto255_scalar_reduce(out, uniform);
	sodium_memzero(uniform, sizeof uniform);
}

static void element_from(uint8_t out[static VOPRF_ELEMENT_BYTES], const void *input, size_t len)
{
	crypto_hash_sha512_state st;
	uint8_t uniform[UNIFORM_BYTES];

	expand_begin(&st);
	put(&st, input, len);
	expand_end(uniform, &st, &to_group);
	crypto_core_ristretto255_from_hash(out, uniform);
	sodium_memzero(uniform, sizeof uniform);
}

static void output_from(uint8_t out[static VOPRF_OUTPUT_BYTES],
		const uint8_t unblinded[static VOPRF_ELEMENT_BYTES], const void *input, size_t len)
{
	static const char label[] = "Finalize";
	crypto_hash_sha512_state st;

	crypto_hash_sha512_init(&st);
	put_framed(&st, input, len);
	put_framed(&st, unblinded, VOPRF_ELEMENT_BYTES);
	put(&st, label, sizeof label - 1);
	crypto_hash_sha512_final(&st, out);
	sodium_memzero(&st, sizeof st);
}

/* --- keys and elements ---------------------------------------------------------------------- */

void voprf_key_wipe(struct voprf_key *key)
{
	if (key)
		sodium_memzero(key, sizeof *key);
}

/* libsodium 1.0.18 has no such question: what reducing changes was not canonical. */
static bool scalar_is_canonical(const uint8_t scalar[static VOPRF_SCALAR_BYTES])
{
	uint8_t wide[crypto_core_ristretto255_NONREDUCEDSCALARBYTES] = { 0 };
	uint8_t reduced[VOPRF_SCALAR_BYTES];
	bool is;

	memcpy(wide, scalar, VOPRF_SCALAR_BYTES);
	crypto_core_ristretto255_scalar_reduce(reduced, wide);
	is = sodium_memcmp(reduced, scalar, sizeof reduced) == 0;
	sodium_memzero(wide, sizeof wide);
	sodium_memzero(reduced, sizeof reduced);
	return is;
}

int voprf_key_from_secret(struct voprf_key *out, const uint8_t secret[static VOPRF_SCALAR_BYTES])
{
	struct voprf_key key;
	int refused = !scalar_is_canonical(secret);

	memcpy(key.secret, secret, sizeof key.secret);
	if (crypto_scalarmult_ristretto255_base(key.pub, key.secret) != 0)
		refused = VOPRF_REFUSED;
	if (refused)
		voprf_key_wipe(&key);
	*out = key;
	voprf_key_wipe(&key);
	return refused;
}

void voprf_key_random(struct voprf_key *out)
{
	/* Never zero, so the product exists. */
	crypto_core_ristretto255_scalar_random(out->secret);
	(void)crypto_scalarmult_ristretto255_base(out->pub, out->secret);
}

int voprf_key_derive(struct voprf_key *out, const uint8_t seed[static VOPRF_SCALAR_BYTES],
		const void *info, size_t info_len)
{
	uint8_t secret[VOPRF_SCALAR_BYTES] = { 0 };
	int refused = VOPRF_REFUSED;

	voprf_key_wipe(out);
	for (unsigned counter = 0; info_len <= VOPRF_INPUT_MOST && refused && counter < 256;
			counter++) {
		const uint8_t byte = (uint8_t)counter;
		crypto_hash_sha512_state st;

		expand_begin(&st);
		put(&st, seed, VOPRF_SCALAR_BYTES);
		put_framed(&st, info, info_len);
		put(&st, &byte, 1);
		scalar_end(secret, &st, &derive_key);
		refused = voprf_key_from_secret(out, secret);
	}
	sodium_memzero(secret, sizeof secret);
	return refused;
}

int voprf_element_check(const uint8_t element[static VOPRF_ELEMENT_BYTES])
{
	/* The identity is all zeros, and that is a valid point to libsodium. */
	if (sodium_is_zero(element, VOPRF_ELEMENT_BYTES) ||
			crypto_core_ristretto255_is_valid_point(element) != 1)
		return VOPRF_REFUSED;
	return 0;
}

/* --- the proof ------------------------------------------------------------------------------ */

/* sum += weight * element; the weight is public. */
static int add_weighted(uint8_t sum[static VOPRF_ELEMENT_BYTES],
		const uint8_t weight[static VOPRF_SCALAR_BYTES],
		const uint8_t element[static VOPRF_ELEMENT_BYTES])
{
	uint8_t product[VOPRF_ELEMENT_BYTES];

	if (crypto_scalarmult_ristretto255(product, weight, element) != 0 ||
			crypto_core_ristretto255_add(sum, sum, product) != 0)
		return VOPRF_REFUSED;
	return 0;
}

static void seed_of(uint8_t out[static crypto_hash_sha512_BYTES], const struct statement *about)
{
	crypto_hash_sha512_state st;

	crypto_hash_sha512_init(&st);
	put_framed(&st, about->pub, VOPRF_ELEMENT_BYTES);
	put_framed(&st, seed_tag.text, seed_tag.len);
	crypto_hash_sha512_final(&st, out);
}

/* M and Z, all pairs folded into one under weights that nobody can choose. Who has the secret skips
 * Z (NULL): it is secret * M. */
static int composites(
		uint8_t m[static VOPRF_ELEMENT_BYTES], uint8_t *z, const struct statement *about)
{
	static const char label[] = "Composite";
	uint8_t seed[crypto_hash_sha512_BYTES], weight[VOPRF_SCALAR_BYTES];

	memset(m, 0, VOPRF_ELEMENT_BYTES);
	if (z)
		memset(z, 0, VOPRF_ELEMENT_BYTES);
	seed_of(seed, about);
	for (size_t i = 0; i < about->n; i++) {
		const uint8_t *ci = about->blinded + i * VOPRF_ELEMENT_BYTES;
		const uint8_t *di = about->evaluated + i * VOPRF_ELEMENT_BYTES;
		crypto_hash_sha512_state st;

		expand_begin(&st);
		put_framed(&st, seed, sizeof seed);
		put_u16(&st, i);
		put_framed(&st, ci, VOPRF_ELEMENT_BYTES);
		put_framed(&st, di, VOPRF_ELEMENT_BYTES);
		put(&st, label, sizeof label - 1);
		scalar_end(weight, &st, &to_scalar);
		if (add_weighted(m, weight, ci) != 0 || (z && add_weighted(z, weight, di) != 0))
			return VOPRF_REFUSED;
	}
	return 0;
}

/* elements: M, Z, t2, t3. */
static void challenge_of(uint8_t out[static VOPRF_SCALAR_BYTES], const uint8_t *pub,
		const uint8_t elements[static 4][VOPRF_ELEMENT_BYTES])
{
	static const char label[] = "Challenge";
	crypto_hash_sha512_state st;

	expand_begin(&st);
	put_framed(&st, pub, VOPRF_ELEMENT_BYTES);
	for (size_t i = 0; i < 4; i++)
		put_framed(&st, elements[i], VOPRF_ELEMENT_BYTES);
	put(&st, label, sizeof label - 1);
	scalar_end(out, &st, &to_scalar);
}

static int prove(uint8_t out_proof[static VOPRF_PROOF_BYTES], const struct voprf_key *key,
		const struct statement *about)
{
	uint8_t elements[4][VOPRF_ELEMENT_BYTES], r[VOPRF_SCALAR_BYTES], ck[VOPRF_SCALAR_BYTES];
	uint8_t *c = out_proof, *s = out_proof + VOPRF_SCALAR_BYTES;
	int refused = VOPRF_REFUSED;

	/* Whoever learns one r, or sees two proofs with the same, has the key. */
	crypto_core_ristretto255_scalar_random(r);
	if (composites(elements[0], NULL, about) == 0 &&
			crypto_scalarmult_ristretto255(elements[1], key->secret, elements[0]) ==
					0 &&
			crypto_scalarmult_ristretto255_base(elements[2], r) == 0 &&
			crypto_scalarmult_ristretto255(elements[3], r, elements[0]) == 0) {
		challenge_of(c, about->pub, elements);
		crypto_core_ristretto255_scalar_mul(ck, c, key->secret);
		crypto_core_ristretto255_scalar_sub(s, r, ck);
		refused = 0;
	}
	sodium_memzero(r, sizeof r);
	sodium_memzero(ck, sizeof ck);
	return refused;
}

static int verify(const struct statement *about, const uint8_t proof[static VOPRF_PROOF_BYTES])
{
	const uint8_t *c = proof, *s = proof + VOPRF_SCALAR_BYTES;
	uint8_t elements[4][VOPRF_ELEMENT_BYTES], expected[VOPRF_SCALAR_BYTES];

	if (!scalar_is_canonical(c) || !scalar_is_canonical(s) ||
			voprf_element_check(about->pub) != 0 ||
			composites(elements[0], elements[1], about) != 0 ||
			crypto_scalarmult_ristretto255_base(elements[2], s) != 0 ||
			add_weighted(elements[2], c, about->pub) != 0 ||
			crypto_scalarmult_ristretto255(elements[3], s, elements[0]) != 0 ||
			add_weighted(elements[3], c, elements[1]) != 0)
		return VOPRF_REFUSED;
	challenge_of(expected, about->pub, elements);
	return sodium_memcmp(expected, c, sizeof expected) == 0 ? 0 : VOPRF_REFUSED;
}

/* --- the four steps ------------------------------------------------------------------------- */

int voprf_blind(uint8_t out_blind[static VOPRF_SCALAR_BYTES],
		uint8_t out_element[static VOPRF_ELEMENT_BYTES], const void *input, size_t len)
{
	uint8_t element[VOPRF_ELEMENT_BYTES];
	int refused = VOPRF_REFUSED;

	if (len <= VOPRF_INPUT_MOST) {
		element_from(element, input, len);
		crypto_core_ristretto255_scalar_random(out_blind);
		/* Fails for an input that hashes to the identity: nobody can find one. */
		if (crypto_scalarmult_ristretto255(out_element, out_blind, element) == 0)
			refused = 0;
		sodium_memzero(element, sizeof element);
	}
	if (refused) {
		sodium_memzero(out_blind, VOPRF_SCALAR_BYTES);
		sodium_memzero(out_element, VOPRF_ELEMENT_BYTES);
	}
	return refused;
}

int voprf_evaluate(uint8_t *out_evaluated, uint8_t out_proof[static VOPRF_PROOF_BYTES],
		const struct voprf_key *key, const uint8_t *blinded, size_t n)
{
	const struct statement about = { key->pub, blinded, out_evaluated, n };
	int refused = 0;

	if (n == 0 || n > VOPRF_BATCH_MOST)
		return VOPRF_REFUSED;
	for (size_t i = 0; i < n && !refused; i++)
		if (crypto_scalarmult_ristretto255(out_evaluated + i * VOPRF_ELEMENT_BYTES,
				    key->secret, blinded + i * VOPRF_ELEMENT_BYTES) != 0)
			refused = VOPRF_REFUSED;
	if (!refused)
		refused = prove(out_proof, key, &about);
	if (refused) {
		sodium_memzero(out_evaluated, n * VOPRF_ELEMENT_BYTES);
		sodium_memzero(out_proof, VOPRF_PROOF_BYTES);
	}
	return refused;
}

static int unblind(uint8_t out[static VOPRF_OUTPUT_BYTES],
		const uint8_t blind[static VOPRF_SCALAR_BYTES],
		const uint8_t evaluated[static VOPRF_ELEMENT_BYTES],
		const struct voprf_input *input)
{
	uint8_t inverse[VOPRF_SCALAR_BYTES], element[VOPRF_ELEMENT_BYTES];
	int refused = VOPRF_REFUSED;

	if (input->len <= VOPRF_INPUT_MOST &&
			crypto_core_ristretto255_scalar_invert(inverse, blind) == 0 &&
			crypto_scalarmult_ristretto255(element, inverse, evaluated) == 0) {
		output_from(out, element, input->bytes, input->len);
		refused = 0;
	}
	sodium_memzero(inverse, sizeof inverse);
	sodium_memzero(element, sizeof element);
	return refused;
}

int voprf_finalise(const struct voprf_batch *batch)
{
	const struct statement about = { batch->pub, batch->blinded, batch->evaluated, batch->n };
	int refused;

	if (batch->n == 0 || batch->n > VOPRF_BATCH_MOST)
		return VOPRF_REFUSED;
	refused = verify(&about, batch->proof);
	for (size_t i = 0; i < batch->n && !refused; i++)
		refused = unblind(batch->outputs + i * VOPRF_OUTPUT_BYTES,
				batch->blinds + i * VOPRF_SCALAR_BYTES,
				batch->evaluated + i * VOPRF_ELEMENT_BYTES, &batch->inputs[i]);
	if (refused)
		sodium_memzero(batch->outputs, batch->n * VOPRF_OUTPUT_BYTES);
	return refused;
}

int voprf_redeem(uint8_t out[static VOPRF_OUTPUT_BYTES], const struct voprf_key *key,
		const void *input, size_t len)
{
	uint8_t element[VOPRF_ELEMENT_BYTES], evaluated[VOPRF_ELEMENT_BYTES];
	int refused = VOPRF_REFUSED;

	if (len <= VOPRF_INPUT_MOST) {
		element_from(element, input, len);
		if (crypto_scalarmult_ristretto255(evaluated, key->secret, element) == 0) {
			output_from(out, evaluated, input, len);
			refused = 0;
		}
		sodium_memzero(element, sizeof element);
		sodium_memzero(evaluated, sizeof evaluated);
	}
	if (refused)
		sodium_memzero(out, VOPRF_OUTPUT_BYTES);
	return refused;
}
