/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "base/inet.h"
#include "base/lanes.h"
#include "base/siphash.h"
#include "dataplane/rendered.h"

/* The bytes of a plain query, compared and hashed a line at a time (fast_burst.c). By the
 * instruction set the file is compiled for. */

static inline uint64_t load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Sums of 16-bit words by eight bytes at a time: what is carried goes around, since 2^64 is 1 where
 * 2^16 is. */
static inline uint64_t add_around(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* Is a sum of 16-bit words, none of them lost, 0 in one's complement? That is, a multiple of
 * 0xffff: those are what its inverse modulo 2^64 makes small. Compilers divide. */
static inline bool sums_up(uint64_t sum)
{
	return sum * UINT64_C(0xfffefffefffeffff) <= UINT64_MAX / 0xffff;
}

/* The Internet checksum of a sum of a few 16-bit words. Added to itself with its halves exchanged,
 * the carry of the lower half into the upper one is the one that goes around. */
static inline uint16_t checksum(uint32_t sum)
{
	sum += sum << 16 | sum >> 16;
	return (uint16_t) ~(sum >> 16);
}

#if defined(__AVX2__)
static inline __m256i load256(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Pairs of 16-bit words, added. */
static inline __m256i words_of256(__m256i v)
{
	return _mm256_add_epi32(
		_mm256_srli_epi32(v, 16), _mm256_and_si256(v, _mm256_set1_epi32(0xffff)));
}

/* The sum of all lanes, as two of 32 bits: 2^32 is 1 where 2^16 is. */
static inline uint64_t sum_of256(__m256i words)
{
	__m128i half =
		_mm_add_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));

	return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e)));
}
#endif

#if defined(__AVX512BW__)
/*
 * Constants as lines of memory, which instructions take as they are: of those that it knows gcc
 * makes a register anew for each packet, by two instructions.
 */
struct constant_lines {
	uint8_t minus_a[64], letters[64], to_lower[64];
	uint32_t low_word[16];
} __attribute__((aligned(64)));

static const struct constant_lines constant_lines = {{[0 ... 63] = 256 - 'A'}, {[0 ... 63] = 26},
	{[0 ... 63] = 'a' - 'A'}, {[0 ... 15] = 0xffff}};

static __rte_always_inline const struct constant_lines *constants(void)
{
	const struct constant_lines *c = &constant_lines;

	asm("" : "+r"(c));
	return c;
}

/* Pairs of 16-bit words, added. */
static inline __m512i words_of(const struct constant_lines *c, __m512i v)
{
	return _mm512_add_epi32(
		_mm512_srli_epi32(v, 16), _mm512_and_si512(v, _mm512_load_si512(c->low_word)));
}

static inline uint64_t sum_of(__m512i words)
{
	return sum_of256(_mm256_add_epi32(
		_mm512_castsi512_si256(words), _mm512_extracti64x4_epi64(words, 1)));
}
#endif

/* ... as UDP has it: 0xffff for 0, which says that there is none (RFC 768). */
static inline uint16_t udp_checksum(uint32_t sum)
{
	/* Where the halves make 0xffff there is a carry of one more. */
	sum += (sum << 16 | sum >> 16) + 1;
	return (uint16_t) ~(sum >> 16);
}

/*
 * The question at p: a name of `len` bytes (1 to DP_RENDERED_NAME), if that is where its first zero
 * is, and four bytes. Its name as a key with the given last word, and the sum of all its 16-bit
 * words. Upper case is only told from length bytes by their being at most 63. Reads 64 bytes.
 */
#if defined(__AVX512BW__)
static __rte_always_inline bool canon(
	const uint8_t *p, unsigned len, uint64_t last, struct dp_rendered_key *key, uint64_t *sum)
{
	const struct constant_lines *c = constants();
	const __m512i v = _mm512_loadu_si512(p);
	const __m512i q = _mm512_maskz_mov_epi8(_bzhi_u64(UINT64_MAX, len + 4), v);
	const __mmask64 upper = _mm512_cmplt_epu8_mask(
		_mm512_add_epi8(v, _mm512_load_si512(c->minus_a)), _mm512_load_si512(c->letters));
	const __mmask64 zero = _mm512_testn_epi8_mask(v, v);
	const __m512i lower = _mm512_mask_add_epi8(v, upper, v, _mm512_load_si512(c->to_lower));
	const __m512i name = _mm512_maskz_mov_epi8(_bzhi_u64(UINT64_MAX, len), lower);

	_mm512_store_si512(key, _mm512_mask_set1_epi64(name, 1 << 7, (long long)last));
	*sum = sum_of(words_of(c, q));
	return _tzcnt_u64(zero) == len - 1;
}
#elif defined(__AVX2__)
static __rte_always_inline bool canon(
	const uint8_t *p, unsigned len, uint64_t last, struct dp_rendered_key *key, uint64_t *sum)
{
	const uint8_t *name = LANES_FIRST(len), *question = LANES_FIRST(len + 4);
	__m256i words = _mm256_setzero_si256();
	uint64_t zero = 0;

	for (unsigned i = 0; i < 64; i += 32) {
		__m256i v = load256(p + i), q = _mm256_and_si256(v, load256(question + i));
		/* Signed: 'A'..'Z' moved to the bottom of the range. */
		__m256i low = _mm256_sub_epi8(v, _mm256_set1_epi8((char)('A' + 128)));
		__m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(-128 + 26)), low);

		zero |= (uint64_t)(uint32_t)_mm256_movemask_epi8(
				_mm256_cmpeq_epi8(v, _mm256_setzero_si256()))
			<< i;
		words = _mm256_add_epi32(words, words_of256(q));
		v = _mm256_add_epi8(v, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
		v = _mm256_and_si256(v, load256(name + i));
		if (i == 32)
			v = _mm256_insert_epi64(v, (long long)last, 3);
		_mm256_store_si256((__m256i *)key + i / 32, v);
	}
	*sum = sum_of256(words);
	return _tzcnt_u64(zero) == len - 1;
}
#else
static __rte_always_inline bool canon(
	const uint8_t *p, unsigned len, uint64_t last, struct dp_rendered_key *key, uint64_t *sum)
{
	uint64_t total = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		key->w[i] = 0;
	for (; n < len && p[n] != 0; n++)
		((uint8_t *)key)[n] = p[n] >= 'A' && p[n] <= 'Z' ? (uint8_t)(p[n] + 0x20) : p[n];
	for (unsigned i = 0; i < len + 4; i += 8) {
		unsigned left = len + 4 - i;
		uint64_t mask = left >= 8 ? UINT64_MAX : UINT64_MAX >> (64 - 8 * left);

		total += inet_halves(load64(p + i) & rte_cpu_to_le_64(mask));
	}
	key->w[7] = last;
	*sum = total;
	return n == len - 1;
}
#endif

/* The sum of all 16-bit words of len bytes; an odd byte at the end is followed by 0. Reads whole
 * lines. */
#if defined(__AVX512BW__)
static inline uint64_t message_sum(const uint8_t *p, unsigned len)
{
	const struct constant_lines *c = constants();
	__m512i words = _mm512_setzero_si512();

	for (; len >= 64; p += 64, len -= 64)
		words = _mm512_add_epi32(words, words_of(c, _mm512_loadu_si512(p)));
	if (len > 0)
		words = _mm512_add_epi32(
			words, words_of(c, _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, len), p)));
	return sum_of(words);
}
#elif defined(__AVX2__)
static inline uint64_t message_sum(const uint8_t *p, unsigned len)
{
	__m256i words = _mm256_setzero_si256();

	for (; len >= 64; p += 64, len -= 64) {
		words = _mm256_add_epi32(words, words_of256(load256(p)));
		words = _mm256_add_epi32(words, words_of256(load256(p + 32)));
	}
	for (unsigned i = 0; i < len; i += 32)
		words = _mm256_add_epi32(words, words_of256(_mm256_and_si256(load256(p + i),
							load256(LANES_FIRST(len) + i))));
	return sum_of256(words);
}
#else
static inline uint64_t message_sum(const uint8_t *p, unsigned len)
{
	uint64_t sum = 0;

	for (; len >= 8; p += 8, len -= 8)
		sum += inet_halves(load64(p));
	return sum + inet_halves(load64(p) & load64(LANES_FIRST(len)));
}
#endif

/* A hash of len bytes with a seed. Reads whole lines. */
#if defined(__AES__)
static inline __m128i load128(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline struct hash128 message_hash(
	const uint64_t secret[8], const uint8_t *p, unsigned len, uint64_t seed)
{
	const __m128i *s = (const __m128i *)(const void *)secret;
	__m128i a[4];

	for (unsigned k = 0; k < 4; k++)
		a[k] = _mm_load_si128(s + k);
	a[0] = _mm_xor_si128(a[0], _mm_set_epi64x((long long)seed, len));
	for (; len >= 64; p += 64, len -= 64)
		for (unsigned k = 0; k < 4; k++)
			a[k] = _mm_aesenc_si128(a[k], load128(p + 16 * k));
	for (unsigned k = 0; k < 4 && len > 0; k++)
		a[k] = _mm_aesenc_si128(a[k],
			_mm_and_si128(load128(p + 16 * k), load128(LANES_FIRST(len) + 16 * k)));
	a[0] = _mm_aesenc_si128(a[0], a[1]);
	a[2] = _mm_aesenc_si128(a[2], a[3]);
	a[0] = _mm_aesenc_si128(a[0], a[2]);
	for (unsigned k = 0; k < 3; k++)
		a[0] = _mm_aesenc_si128(a[0], _mm_load_si128(s + k));
	return (struct hash128){(uint64_t)_mm_cvtsi128_si64(a[0]),
		(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(a[0], a[0]))};
}
#else
static inline struct hash128 message_hash(
	const uint64_t secret[8], const uint8_t *p, unsigned len, uint64_t seed)
{
	const struct sip_key key = {{secret[0] ^ seed, secret[1]}};

	return hash_bytes(&key, p, len);
}
#endif

/*
 * A hash of the line `key` under a secret: stations that do not know it cannot choose which
 * questions share a bucket. A pass over a burst has the secret in registers: from memory it would
 * be read anew after whatever is written.
 */
#if defined(__AES__)
struct line_secret {
	__m128i a, b, c, d;
};

static inline struct line_secret line_secret(const uint64_t secret[8])
{
	const __m128i *s = (const __m128i *)(const void *)secret;

	return (struct line_secret){_mm_load_si128(s), _mm_load_si128(s + 1), _mm_load_si128(s + 2),
		_mm_load_si128(s + 3)};
}

static inline uint64_t line_hash(const struct line_secret s, const uint64_t key[8])
{
	const __m128i *k = (const __m128i *)(const void *)key;
	__m128i a = _mm_xor_si128(_mm_load_si128(k), s.a);
	__m128i b = _mm_xor_si128(_mm_load_si128(k + 1), s.b);
	__m128i c = _mm_xor_si128(_mm_load_si128(k + 2), s.c);
	__m128i d = _mm_xor_si128(_mm_load_si128(k + 3), s.d);

	a = _mm_aesenc_si128(a, b);
	c = _mm_aesenc_si128(c, d);
	a = _mm_aesenc_si128(a, c);
	a = _mm_aesenc_si128(a, s.a);
	a = _mm_aesenc_si128(a, s.b);
	return (uint64_t)_mm_cvtsi128_si64(a);
}
#else
struct line_secret {
	const uint64_t *w;
};

static inline struct line_secret line_secret(const uint64_t secret[8])
{
	return (struct line_secret){secret};
}

static inline uint64_t line_hash(const struct line_secret s, const uint64_t key[8])
{
	uint64_t h = 0;

	for (unsigned i = 0; i < 8; i += 2) {
		__uint128_t m = (__uint128_t)(key[i] ^ s.w[i]) * (key[i + 1] ^ s.w[i + 1]);

		h ^= (uint64_t)m ^ (uint64_t)(m >> 64);
	}
	return h * UINT64_C(0x9e3779b97f4a7c15);
}
#endif
