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

/* Of three. By hand: gcc 12 looks for a carry that it has. */
static inline uint64_t add_around3(uint64_t a, uint64_t b, uint64_t c)
{
#if defined(__x86_64__)
	asm("add %1, %0\n\t"
	    "adc %2, %0\n\t"
	    "adc $0, %0"
		: "+&r"(a)
		: "rm"(b), "rm"(c)
		: "cc");
	return a;
#else
	return add_around(add_around(a, b), c);
#endif
}

/* Is a sum of 16-bit words, none of them lost, 0 in one's complement? That is, a multiple of
 * 0xffff: those are what its inverse modulo 2^64 makes small. Compilers divide. */
static inline bool sums_up(uint64_t sum)
{
	return sum * UINT64_C(0xfffefffefffeffff) <= UINT64_MAX / 0xffff;
}

#if defined(__AVX2__)
/*
 * Constants as lines of memory, which instructions take as they are: of those that it knows gcc
 * makes a register anew for each packet, by two or three instructions.
 */
struct constant_lines {
	uint8_t to_top[64], below[64]; /* upper case becomes what is above it, signed */
	uint8_t to_lower[64];
	uint32_t low_word[16];
} __attribute__((aligned(64)));

static const struct constant_lines constant_lines = {
	.to_top = {[0 ... 63] = 127 - 'Z'},
	.below = {[0 ... 63] = 127 - 26},
	.to_lower = {[0 ... 63] = 'a' - 'A'},
	.low_word = {[0 ... 15] = 0xffff},
};

static __rte_always_inline const struct constant_lines *constants(void)
{
	const struct constant_lines *c = &constant_lines;

	asm("" : "+r"(c));
	return c;
}

static inline __m256i load256(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Pairs of 16-bit words, added. */
static inline __m256i words_of256(const struct constant_lines *c, __m256i v)
{
	return _mm256_add_epi32(
		_mm256_srli_epi32(v, 16), _mm256_and_si256(v, load256(c->low_word)));
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

/*
 * The question at p: a name of `len` bytes (1 to DP_RENDERED_NAME), and four bytes. Its name as a
 * key, but for the last word, and the sum of all its 16-bit words. Whether it is a name is not
 * looked at: what has the same bytes as one is one. Upper case is only told from length bytes by
 * their being at most 63. Reads 64 bytes.
 */
#if defined(__AVX512BW__)
static __rte_always_inline void canon(
	const uint8_t *p, unsigned len, struct dp_rendered_key *key, uint64_t *sum)
{
	const struct constant_lines *c = constants();
	const __m512i v = _mm512_loadu_si512(p);
	const __m512i q = _mm512_maskz_mov_epi8(_bzhi_u64(UINT64_MAX, len + 4), v);
	const __mmask64 upper = _mm512_cmpgt_epi8_mask(
		_mm512_add_epi8(v, _mm512_load_si512(c->to_top)), _mm512_load_si512(c->below));
	const __m512i lower = _mm512_mask_add_epi8(v, upper, v, _mm512_load_si512(c->to_lower));

	_mm512_store_si512(key, _mm512_maskz_mov_epi8(_bzhi_u64(UINT64_MAX, len), lower));
	dp_rendered_name_len(key, len);
	*sum = sum_of(words_of(c, q));
}
#elif defined(__AVX2__)
static __rte_always_inline void canon(
	const uint8_t *p, unsigned len, struct dp_rendered_key *key, uint64_t *sum)
{
	const struct constant_lines *c = constants();
	const uint8_t *name = LANES_FIRST(len);
	__m256i words[2];

	/* One address, not one for each place that is read. */
	asm("" : "+r"(name));
	for (unsigned i = 0; i < 64; i += 32) {
		__m256i v = load256(p + i), top = _mm256_add_epi8(v, load256(c->to_top + i));
		__m256i upper = _mm256_cmpgt_epi8(top, load256(c->below + i));

		words[i / 32] = words_of256(c, _mm256_and_si256(v, load256(name - 4 + i)));
		v = _mm256_add_epi8(v, _mm256_and_si256(upper, load256(c->to_lower + i)));
		_mm256_store_si256((__m256i *)key + i / 32, _mm256_and_si256(v, load256(name + i)));
	}
	dp_rendered_name_len(key, len);
	*sum = sum_of256(_mm256_add_epi32(words[0], words[1]));
}
#else
static __rte_always_inline void canon(
	const uint8_t *p, unsigned len, struct dp_rendered_key *key, uint64_t *sum)
{
	uint64_t total = 0;

	memset(key, 0, sizeof(*key));
	for (unsigned n = 0; n < len; n++)
		((uint8_t *)key)[n] = p[n] >= 'A' && p[n] <= 'Z' ? (uint8_t)(p[n] + 0x20) : p[n];
	dp_rendered_name_len(key, len);
	for (unsigned i = 0; i < len + 4; i += 8) {
		unsigned left = len + 4 - i;
		uint64_t mask = left >= 8 ? UINT64_MAX : UINT64_MAX >> (64 - 8 * left);

		total += inet_halves(load64(p + i) & rte_cpu_to_le_64(mask));
	}
	*sum = total;
}
#endif

/* ... with the last word: type and class behind the name, and which links. */
static __rte_always_inline void read_key(
	const uint8_t *p, unsigned len, uint64_t tail, struct dp_rendered_key *key, uint64_t *sum)
{
	canon(p, len, key, sum);
	key->w[7] = tail | (load32(p + len) & DP_RENDERED_ASKS);
}

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
	const struct constant_lines *c = constants();
	__m256i words = _mm256_setzero_si256();

	for (; len >= 64; p += 64, len -= 64) {
		words = _mm256_add_epi32(words, words_of256(c, load256(p)));
		words = _mm256_add_epi32(words, words_of256(c, load256(p + 32)));
	}
	for (unsigned i = 0; i < len; i += 32)
		words = _mm256_add_epi32(words,
			words_of256(c,
				_mm256_and_si256(load256(p + i), load256(LANES_FIRST(len) + i))));
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

/* Are len bytes the same? Reads whole lines. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, unsigned len)
{
	for (; len >= 64; a += 64, b += 64, len -= 64)
		if (!lanes_match(a, b, lanes_first))
			return false;
	return lanes_match(a, b, LANES_FIRST(len));
}

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
