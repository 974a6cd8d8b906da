/* SPDX-License-Identifier: ISC */
/* Against the vectors of RFC 9497, appendix A.1.2, and against what a dishonest peer may send. */
#include "tests/unit/unit.h"

#include "libshared/voprf.h"

enum { BATCH = VOPRF_BATCH_MOST, MOST_SCRIPT = 4 };

/* clang-format off */
struct vector {
	size_t n;
	const char *input[2], *blind, *blinded, *evaluated, *proof, *r, *output;
};

static const char seed_hex[] = "a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3";
static const char info_hex[] = "74657374206b6579";
static const char secret_hex[] = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909";
static const char pub_hex[] = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";

static const struct vector vectors[] = {
	{ .n = 1,
		.input = { "00" },
		.blind =
				"64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
		.blinded =
				"863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
		.evaluated =
				"aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
		.proof =
				"ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
				"6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
		.r =
				"222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
		.output =
				"b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
				"a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c" },
	{ .n = 1,
		.input = { "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a" },
		.blind =
				"64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
		.blinded =
				"cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",
		.evaluated =
				"60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",
		.proof =
				"401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
				"67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
		.r =
				"222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
		.output =
				"8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
				"356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6" },
	{ .n = 2,
		.input = { "00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a" },
		.blind =
				"64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
				"222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
		.blinded =
				"863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"
				"90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
		.evaluated =
				"aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"
				"cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
		.proof =
				"cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
				"5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
		.r =
				"419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c",
		.output =
				"b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
				"a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
				"8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
				"356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6" },
};
/* clang-format on */

/* --- randomness from a script: the vectors name blinds and the proof's scalar ------------------ */

static uint8_t script[MOST_SCRIPT][VOPRF_SCALAR_BYTES];
static size_t script_at, script_len;

static const char *scripted_name(void)
{
	return "scripted";
}

static uint32_t scripted_random(void)
{
	ck_abort_msg("the script has only scalars");
}

static void scripted_buf(void *out, size_t len)
{
	ck_assert_uint_eq(len, VOPRF_SCALAR_BYTES);
	ck_assert_uint_lt(script_at, script_len);
	memcpy(out, script[script_at++], len);
}

static struct randombytes_implementation scripted = {
	.implementation_name = scripted_name,
	.random = scripted_random,
	.buf = scripted_buf,
};

static void play(const uint8_t *scalars, size_t n)
{
	ck_assert_uint_le(n, MOST_SCRIPT);
	memcpy(script, scalars, n * VOPRF_SCALAR_BYTES);
	script_at = 0;
	script_len = n;
	randombytes_set_implementation(&scripted);
}

/* --- one conversation, whole ------------------------------------------------------------------ */

struct talk {
	struct voprf_key key;
	uint8_t blinds[BATCH][VOPRF_SCALAR_BYTES];
	uint8_t blinded[BATCH][VOPRF_ELEMENT_BYTES];
	uint8_t evaluated[BATCH][VOPRF_ELEMENT_BYTES];
	uint8_t proof[VOPRF_PROOF_BYTES];
	uint8_t outputs[BATCH][VOPRF_OUTPUT_BYTES];
	uint8_t bytes[BATCH][32];
	struct voprf_input inputs[BATCH];
	struct voprf_batch batch;
};

static void talk_lay_out(struct talk *t, size_t n)
{
	t->batch = (struct voprf_batch){ n, t->key.pub, t->inputs, t->blinds[0], t->blinded[0],
		t->evaluated[0], t->proof, t->outputs[0] };
}

/* Up to the server's answer. */
static void talk_until_answer(struct talk *t, size_t n)
{
	voprf_key_random(&t->key);
	for (size_t i = 0; i < n; i++) {
		randombytes_buf(t->bytes[i], sizeof t->bytes[i]);
		t->inputs[i] = (struct voprf_input){ t->bytes[i], sizeof t->bytes[i] };
		ck_assert_int_eq(voprf_blind(t->blinds[i], t->blinded[i], t->bytes[i],
						 sizeof t->bytes[i]),
				0);
	}
	ck_assert_int_eq(voprf_evaluate(t->evaluated[0], t->proof, &t->key, t->blinded[0], n), 0);
	talk_lay_out(t, n);
}

static void is_refused(struct talk *t)
{
	memset(t->outputs, 1, sizeof t->outputs);
	ck_assert_int_eq(voprf_finalise(&t->batch), VOPRF_REFUSED);
	if (t->batch.n && t->batch.n <= BATCH)
		ck_assert(sodium_is_zero(t->outputs[0], t->batch.n * VOPRF_OUTPUT_BYTES));
}

/* --- vectors ---------------------------------------------------------------------------------- */

static void vector_key(struct voprf_key *out)
{
	uint8_t seed[VOPRF_SCALAR_BYTES], info[8], expected[32];

	unit_hex(seed, sizeof seed, seed_hex);
	unit_hex(info, sizeof info, info_hex);
	ck_assert_int_eq(voprf_key_derive(out, seed, info, sizeof info), 0);
	unit_hex(expected, sizeof expected, secret_hex);
	ck_assert_mem_eq(out->secret, expected, sizeof expected);
	unit_hex(expected, sizeof expected, pub_hex);
	ck_assert_mem_eq(out->pub, expected, sizeof expected);
}

START_TEST(derives_the_key_of_rfc_9497)
{
	struct voprf_key derived, again;

	vector_key(&derived);
	ck_assert_int_eq(voprf_key_from_secret(&again, derived.secret), 0);
	ck_assert_mem_eq(&again, &derived, sizeof again);
}
END_TEST

static void vector_blind(struct talk *t, const struct vector *v)
{
	uint8_t expected[VOPRF_ELEMENT_BYTES * 2];

	unit_hex(t->blinds, v->n * VOPRF_SCALAR_BYTES, v->blind);
	play(t->blinds[0], v->n);
	for (size_t i = 0; i < v->n; i++) {
		const size_t len = strlen(v->input[i]) / 2;

		unit_hex(t->bytes[i], len, v->input[i]);
		t->inputs[i] = (struct voprf_input){ t->bytes[i], len };
		ck_assert_int_eq(voprf_blind(t->blinds[i], t->blinded[i], t->bytes[i], len), 0);
	}
	unit_hex(expected, v->n * VOPRF_ELEMENT_BYTES, v->blinded);
	ck_assert_mem_eq(t->blinded, expected, v->n * VOPRF_ELEMENT_BYTES);
}

static void vector_evaluate(struct talk *t, const struct vector *v)
{
	uint8_t expected[VOPRF_ELEMENT_BYTES * 2], r[VOPRF_SCALAR_BYTES];

	unit_hex(r, sizeof r, v->r);
	play(r, 1);
	ck_assert_int_eq(
			voprf_evaluate(t->evaluated[0], t->proof, &t->key, t->blinded[0], v->n), 0);
	unit_hex(expected, v->n * VOPRF_ELEMENT_BYTES, v->evaluated);
	ck_assert_mem_eq(t->evaluated, expected, v->n * VOPRF_ELEMENT_BYTES);
	unit_hex(expected, VOPRF_PROOF_BYTES, v->proof);
	ck_assert_mem_eq(t->proof, expected, VOPRF_PROOF_BYTES);
}

START_TEST(agrees_with_every_vector_of_rfc_9497)
{
	uint8_t expected[VOPRF_OUTPUT_BYTES * 2], redeemed[VOPRF_OUTPUT_BYTES];
	struct talk t = { 0 };

	vector_key(&t.key);
	for (const struct vector *v = vectors; v < vectors + ARRAY_LEN(vectors); v++) {
		vector_blind(&t, v);
		vector_evaluate(&t, v);
		talk_lay_out(&t, v->n);
		ck_assert_int_eq(voprf_finalise(&t.batch), 0);
		unit_hex(expected, v->n * VOPRF_OUTPUT_BYTES, v->output);
		ck_assert_mem_eq(t.outputs, expected, v->n * VOPRF_OUTPUT_BYTES);
		for (size_t i = 0; i < v->n; i++) {
			ck_assert_int_eq(
					voprf_redeem(redeemed, &t.key, t.bytes[i], t.inputs[i].len),
					0);
			ck_assert_mem_eq(redeemed, t.outputs[i], sizeof redeemed);
		}
	}
}
END_TEST

/* --- what must hold --------------------------------------------------------------------------- */

START_TEST(a_whole_batch_comes_out_as_the_server_would_compute_it)
{
	static const size_t sizes[] = { 1, 2, 32, BATCH };
	uint8_t redeemed[VOPRF_OUTPUT_BYTES];
	struct talk t;

	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		talk_until_answer(&t, sizes[k]);
		ck_assert_int_eq(voprf_finalise(&t.batch), 0);
		for (size_t i = 0; i < sizes[k]; i++) {
			ck_assert_int_eq(voprf_redeem(redeemed, &t.key, t.bytes[i],
							 sizeof t.bytes[i]),
					0);
			ck_assert_mem_eq(redeemed, t.outputs[i], sizeof redeemed);
		}
	}
}
END_TEST

START_TEST(one_input_is_hidden_in_another_way_each_time)
{
	uint8_t blind[2][VOPRF_SCALAR_BYTES], element[2][VOPRF_ELEMENT_BYTES];

	ck_assert_int_eq(voprf_blind(blind[0], element[0], "same", 4), 0);
	ck_assert_int_eq(voprf_blind(blind[1], element[1], "same", 4), 0);
	ck_assert_mem_ne(blind[0], blind[1], sizeof blind[0]);
	ck_assert_mem_ne(element[0], element[1], sizeof element[0]);
}
END_TEST

START_TEST(evaluated_again_it_is_the_same_under_another_proof)
{
	uint8_t evaluated[2][VOPRF_ELEMENT_BYTES], proof[VOPRF_PROOF_BYTES];
	struct talk t;

	talk_until_answer(&t, 2);
	ck_assert_int_eq(voprf_evaluate(evaluated[0], proof, &t.key, t.blinded[0], 2), 0);
	ck_assert_mem_eq(evaluated, t.evaluated, sizeof evaluated);
	ck_assert_mem_ne(proof, t.proof, sizeof proof);
	memcpy(t.proof, proof, sizeof proof);
	ck_assert_int_eq(voprf_finalise(&t.batch), 0);
}
END_TEST

START_TEST(another_key_makes_another_output)
{
	struct voprf_key one, two;
	uint8_t out[2][VOPRF_OUTPUT_BYTES];

	voprf_key_random(&one);
	voprf_key_random(&two);
	ck_assert_int_eq(voprf_redeem(out[0], &one, "x", 1), 0);
	ck_assert_int_eq(voprf_redeem(out[1], &two, "x", 1), 0);
	ck_assert_mem_ne(out[0], out[1], sizeof out[0]);
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */

/* RFC 9496, appendix A.3, and the identity. */
static const char *const bad_elements[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
	"c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
	"c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
	"47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
	"f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
	"87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
	"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
	"4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
	"de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
	"bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
	"2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
	"f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
	"8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
	"2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
	"3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
	"a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
	"d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
	"8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
	"32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
	"227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
	"5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
	"445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

START_TEST(refuses_every_element_that_is_none)
{
	uint8_t element[VOPRF_ELEMENT_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(bad_elements); i++) {
		unit_hex(element, sizeof element, bad_elements[i]);
		ck_assert_msg(voprf_element_check(element) == VOPRF_REFUSED, "%s", bad_elements[i]);
	}
	unit_hex(element, sizeof element, pub_hex);
	ck_assert_int_eq(voprf_element_check(element), 0);
}
END_TEST

START_TEST(one_bad_element_spoils_the_batch)
{
	struct talk t;

	for (size_t i = 0; i < ARRAY_LEN(bad_elements); i++) {
		talk_until_answer(&t, 3);
		unit_hex(t.blinded[i % 3], VOPRF_ELEMENT_BYTES, bad_elements[i]);
		memset(t.evaluated, 1, sizeof t.evaluated);
		ck_assert_int_eq(voprf_evaluate(t.evaluated[0], t.proof, &t.key, t.blinded[0], 3),
				VOPRF_REFUSED);
		ck_assert(sodium_is_zero(t.evaluated[0], 3 * VOPRF_ELEMENT_BYTES));
		ck_assert(sodium_is_zero(t.proof, sizeof t.proof));
	}
}
END_TEST

START_TEST(a_client_takes_no_bad_element_either)
{
	struct talk t;

	for (size_t i = 0; i < ARRAY_LEN(bad_elements); i++) {
		talk_until_answer(&t, 3);
		unit_hex(t.evaluated[i % 3], VOPRF_ELEMENT_BYTES, bad_elements[i]);
		is_refused(&t);
		talk_until_answer(&t, 1);
		unit_hex(t.key.pub, VOPRF_ELEMENT_BYTES, bad_elements[i]);
		is_refused(&t);
	}
}
END_TEST

START_TEST(refuses_batches_of_none_and_of_too_many)
{
	static uint8_t many[BATCH + 1][VOPRF_ELEMENT_BYTES];
	struct talk t;

	talk_until_answer(&t, 1);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		memcpy(many[i], t.blinded[0], sizeof many[i]);
	ck_assert_int_eq(voprf_evaluate(many[0], t.proof, &t.key, many[0], 0), VOPRF_REFUSED);
	ck_assert_int_eq(voprf_evaluate(many[0], t.proof, &t.key, many[0], BATCH + 1),
			VOPRF_REFUSED);
	t.batch.n = 0;
	is_refused(&t);
	t.batch.n = BATCH + 1;
	is_refused(&t);
}
END_TEST

/* A proof over a batch is for exactly that batch, in that order. */
START_TEST(a_proof_serves_no_other_batch)
{
	uint8_t swap[VOPRF_ELEMENT_BYTES];
	struct talk t;

	talk_until_answer(&t, 3);
	t.batch.n = 2;
	is_refused(&t);
	t.batch.n = 3;
	memcpy(swap, t.evaluated[0], sizeof swap);
	memcpy(t.evaluated[0], t.evaluated[1], sizeof swap);
	memcpy(t.evaluated[1], swap, sizeof swap);
	is_refused(&t);
	memcpy(swap, t.blinded[0], sizeof swap);
	memcpy(t.blinded[0], t.blinded[1], sizeof swap);
	memcpy(t.blinded[1], swap, sizeof swap);
	is_refused(&t); /* the same pairs, but the weights know their places */
}
END_TEST

START_TEST(refuses_a_proof_with_any_bit_turned)
{
	struct talk t;

	talk_until_answer(&t, 1);
	for (size_t i = 0; i < 8 * sizeof t.proof; i++) {
		t.proof[i / 8] ^= (uint8_t)(1 << i % 8);
		is_refused(&t);
		t.proof[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(voprf_finalise(&t.batch), 0);
}
END_TEST

/* s + order is the same number: it must not be a second form of the proof. */
START_TEST(refuses_a_proof_that_is_not_canonical)
{
	uint8_t order[VOPRF_SCALAR_BYTES];
	struct talk t;

	unit_hex(order, sizeof order,
			"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
	talk_until_answer(&t, 1);
	sodium_add(t.proof + VOPRF_SCALAR_BYTES, order, sizeof order);
	is_refused(&t);
	talk_until_answer(&t, 1);
	sodium_add(t.proof, order, sizeof order);
	is_refused(&t);
}
END_TEST

/* A server that marks somebody by a key of their own. */
START_TEST(refuses_what_another_key_made)
{
	struct voprf_key other;
	struct talk t;

	talk_until_answer(&t, 4);
	voprf_key_random(&other);
	t.batch.pub = other.pub;
	is_refused(&t);
	t.batch.pub = t.key.pub;
	ck_assert_int_eq(voprf_evaluate(t.evaluated[0], t.proof, &other, t.blinded[0], 4), 0);
	is_refused(&t);
}
END_TEST

/* All honest but one. */
START_TEST(refuses_a_batch_with_one_element_under_another_key)
{
	uint8_t proof[VOPRF_PROOF_BYTES];
	struct voprf_key other;
	struct talk t;

	talk_until_answer(&t, 4);
	voprf_key_random(&other);
	ck_assert_int_eq(voprf_evaluate(t.evaluated[2], proof, &other, t.blinded[2], 1), 0);
	is_refused(&t);
}
END_TEST

START_TEST(refuses_secrets_that_are_none)
{
	uint8_t secret[VOPRF_SCALAR_BYTES] = { 0 };
	struct voprf_key key;

	memset(&key, 1, sizeof key);
	ck_assert_int_eq(voprf_key_from_secret(&key, secret), VOPRF_REFUSED);
	ck_assert(sodium_is_zero((const uint8_t *)&key, sizeof key));
	memset(secret, 0xff, sizeof secret);
	ck_assert_int_eq(voprf_key_from_secret(&key, secret), VOPRF_REFUSED);
	unit_hex(secret, sizeof secret,
			"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
	ck_assert_int_eq(voprf_key_from_secret(&key, secret), VOPRF_REFUSED);
	secret[0]--; /* the greatest there is */
	ck_assert_int_eq(voprf_key_from_secret(&key, secret), 0);
}
END_TEST

START_TEST(refuses_a_blind_of_zero)
{
	struct talk t;

	talk_until_answer(&t, 2);
	sodium_memzero(t.blinds[1], sizeof t.blinds[1]);
	is_refused(&t);
}
END_TEST

START_TEST(refuses_inputs_that_are_too_long)
{
	static uint8_t input[VOPRF_INPUT_MOST + 1];
	uint8_t blind[VOPRF_SCALAR_BYTES], element[VOPRF_ELEMENT_BYTES], out[VOPRF_OUTPUT_BYTES];
	const uint8_t seed[VOPRF_SCALAR_BYTES] = { 1 };
	struct voprf_key key;

	voprf_key_random(&key);
	ck_assert_int_eq(voprf_blind(blind, element, input, sizeof input - 1), 0);
	ck_assert_int_eq(voprf_blind(blind, element, input, sizeof input), VOPRF_REFUSED);
	ck_assert(sodium_is_zero(blind, sizeof blind));
	ck_assert_int_eq(voprf_redeem(out, &key, input, sizeof input - 1), 0);
	ck_assert_int_eq(voprf_redeem(out, &key, input, sizeof input), VOPRF_REFUSED);
	ck_assert(sodium_is_zero(out, sizeof out));
	ck_assert_int_eq(voprf_key_derive(&key, seed, input, sizeof input - 1), 0);
	ck_assert_int_eq(voprf_key_derive(&key, seed, input, sizeof input), VOPRF_REFUSED);
}
END_TEST

START_TEST(takes_an_empty_input)
{
	struct voprf_key key;
	uint8_t out[VOPRF_OUTPUT_BYTES];

	voprf_key_random(&key);
	ck_assert_int_eq(voprf_redeem(out, &key, NULL, 0), 0);
}
END_TEST

UNIT("voprf", derives_the_key_of_rfc_9497, agrees_with_every_vector_of_rfc_9497,
		a_whole_batch_comes_out_as_the_server_would_compute_it,
		one_input_is_hidden_in_another_way_each_time,
		evaluated_again_it_is_the_same_under_another_proof,
		another_key_makes_another_output, refuses_every_element_that_is_none,
		one_bad_element_spoils_the_batch, a_client_takes_no_bad_element_either,
		refuses_batches_of_none_and_of_too_many, a_proof_serves_no_other_batch,
		refuses_a_proof_with_any_bit_turned, refuses_a_proof_that_is_not_canonical,
		refuses_what_another_key_made, refuses_a_batch_with_one_element_under_another_key,
		refuses_secrets_that_are_none, refuses_a_blind_of_zero,
		refuses_inputs_that_are_too_long, takes_an_empty_input)
