/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/rng.h"
#include "base/siphash.h"

/* Key 00..0f over messages 00 01 02 …, as the reference implementation's vectors. The 2-4 rows are
 * published with it; the 1-3 rows come from OpenSSL's SIPHASH MAC with those rounds. */
static const struct {
	size_t len;
	uint64_t sip24;
	uint64_t sip24_128[2], sip13_128[2];
} vectors[] = {
	/* clang-format off */
	{0, 0x310e0edd47db6f72, {0xa3817f04ba25a8e6, 0x6df67214c7550293},
		{0xe77ebcb22788a5be, 0xfd62db6add303001}},
	{1, 0xfd67dc93c539f874, {0xda87c1d86b99af44, 0x347659119b22fc45},
		{0xfc6f370460d3eda8, 0x5e0573cc2b2ff063}},
	{7, 0x37d1018bf50002ab, {0xa1f1ebbed8dbc153, 0xc0b84aa61ff08239},
		{0x1084b923f2aae0c3, 0xa62f2ec80848ab77}},
	{8, 0x6224939a79f5f593, {0x3b62a9ba6258f561, 0x0f83e264f31497b4},
		{0xaa12fee1d5e3dab4, 0x724f16ab35f9c799}},
	{9, 0xb0e4a90bdf82009e, {0x264499060ad9baab, 0xc47f8b02bb6d71ed},
		{0x81ddb8042cf33994, 0xf4720e0094137c42}},
	{15, 0xe545be4961ca29a1, {0x5493e99933b0a811, 0x7e08ec0f97cfc3d9},
		{0xc17e5505b2bd526c, 0x2921cdec1e7e0109}},
	{16, 0xdb9bc2577fcc2a3f, {0x6ee2a4ca67b054bb, 0xfd3315bf85230577},
		{0xd0a8d95715518eeb, 0xb513b0f83d9e1793}},
	{31, 0x42c341d8fa92d832, {0x2939b0183223fafc, 0x1723de4f52c43d35},
		{0x42ea961c5b3c858b, 0x17c3e550dfa79010}},
	{63, 0x724506eb4c328a95, {0x5150d1772f50834a, 0x503e069a973fbd7c},
		{0x4c5800e34efe426f, 0x079f6b0aa75260ad}},
	/* clang-format on */
};

#define N_VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static const struct sip_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
static uint8_t message[64];

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
}

/* The table prints outputs byte by byte; the functions return little-endian numbers. */
static uint64_t printed(uint64_t h)
{
	return htobe64(le64toh(h));
}

Test(siphash, vectors_2_4, .init = fill)
{
	for (size_t i = 0; i < N_VECTORS; i++) {
		struct hash128 h = sip_hash128(&key, message, vectors[i].len, 2, 4);

		cr_assert_eq(printed(siphash24(&key, message, vectors[i].len)), vectors[i].sip24);
		cr_assert_eq(printed(h.lo), vectors[i].sip24_128[0], "%zu", vectors[i].len);
		cr_assert_eq(printed(h.hi), vectors[i].sip24_128[1], "%zu", vectors[i].len);
	}
}

Test(siphash, vectors_1_3, .init = fill)
{
	for (size_t i = 0; i < N_VECTORS; i++) {
		struct hash128 h = hash_bytes(&key, message, vectors[i].len);

		cr_assert_eq(printed(h.lo), vectors[i].sip13_128[0], "%zu", vectors[i].len);
		cr_assert_eq(printed(h.hi), vectors[i].sip13_128[1], "%zu", vectors[i].len);
	}
}

Test(siphash, reads_exactly_the_message)
{
	struct hash128 want[32];

	/* At the end of an allocation, so that a sanitizer sees one byte too many; and at every
	 * alignment. */
	fill();
	for (size_t len = 0; len < 32; len++)
		want[len] = hash_bytes(&key, message, len);
	for (size_t len = 0; len < 32; len++) {
		for (size_t off = 0; off < 8; off++) {
			uint8_t *heap = malloc(off + len + 1);
			uint8_t *at = heap + off + 1;

			memcpy(at, message, len);
			cr_assert(hash_equal(hash_bytes(&key, at, len), want[len]));
			free(heap);
		}
	}
}

Test(siphash, pieces_equal_the_whole)
{
	struct rng rng;
	uint8_t data[300];

	rng_seed(&rng, 1);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_u32(&rng);
	for (unsigned round = 0; round < 20000; round++) {
		size_t len = rng_range(&rng, 0, sizeof(data));
		struct sip_state s;
		size_t done = 0;

		hash_init(&s, &key);
		while (done < len) {
			size_t n = rng_range(&rng, 0, 20);

			if (n > len - done)
				n = len - done;
			hash_update(&s, data + done, n);
			done += n;
		}
		cr_assert(hash_equal(hash_final(&s), hash_bytes(&key, data, len)));
	}
}

Test(siphash, every_key_bit_and_message_bit_counts, .init = fill)
{
	struct hash128 base = hash_bytes(&key, message, 20);

	for (unsigned bit = 0; bit < 128; bit++) {
		struct sip_key other = key;

		other.k[bit / 64] ^= UINT64_C(1) << (bit % 64);
		cr_assert(!hash_equal(hash_bytes(&other, message, 20), base));
	}
	for (unsigned bit = 0; bit < 160; bit++) {
		struct hash128 h;

		message[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		h = hash_bytes(&key, message, 20);
		message[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		cr_assert_neq(h.lo, base.lo);
		cr_assert_neq(h.hi, base.hi);
	}
	cr_assert(!hash_equal(hash_bytes(&key, message, 21), base));
}

Test(siphash, random_keys_differ)
{
	struct sip_key a = {{0}}, b = {{0}};

	cr_assert_eq(sip_key_random(&a), 0);
	cr_assert_eq(sip_key_random(&b), 0);
	cr_assert(a.k[0] != b.k[0] && a.k[1] != b.k[1]);
}
