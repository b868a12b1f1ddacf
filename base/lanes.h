/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A cache line as sixteen 32-bit lanes, compared at once: sets of hashed tables are lines of tags.
 * By the instruction set the file is compiled for.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__) && defined(__AVX512VL__)
/* A mask as a number. In a general register: gcc 12 else spills it as a byte and compares four. */
static inline uint32_t lanes_bits(uint32_t bits)
{
	__asm__("" : "+r"(bits));
	return bits;
}
#endif

/* Bit i: line[i] & mask is `want`. line: 64 bytes, aligned. */
static inline uint32_t lanes_equal(const uint32_t line[16], uint32_t mask, uint32_t want)
{
#if defined(__AVX512F__) && defined(__AVX512VL__)
	__m512i v = _mm512_and_si512(_mm512_load_si512(line), _mm512_set1_epi32((int)mask));

	return lanes_bits(_mm512_cmpeq_epi32_mask(v, _mm512_set1_epi32((int)want)));
#elif defined(__AVX2__)
	const __m256i m = _mm256_set1_epi32((int)mask), w = _mm256_set1_epi32((int)want);
	const __m256i *p = (const __m256i *)(const void *)line;
	__m256i a = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_load_si256(p), m), w);
	__m256i b = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_load_si256(p + 1), m), w);

	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(a)) |
	       (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(b)) << 8;
#elif defined(__SSE2__)
	const __m128i m = _mm_set1_epi32((int)mask), w = _mm_set1_epi32((int)want);
	const __m128i *p = (const __m128i *)(const void *)line;
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4; i++) {
		__m128i v = _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128(p + i), m), w);

		bits |= (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(v)) << 4 * i;
	}
	return bits;
#else
	uint32_t bits = 0;

	for (unsigned i = 0; i < 16; i++)
		bits |= (uint32_t)((line[i] & mask) == want) << i;
	return bits;
#endif
}

/* Bit i: line[i] is `want`, of the first eight. */
static inline uint32_t lanes_equal8(const uint32_t line[16], uint32_t want)
{
#if defined(__AVX512F__) && defined(__AVX512VL__)
	return lanes_bits(
		_mm256_cmpeq_epi32_mask(_mm256_load_si256((const __m256i *)(const void *)line),
			_mm256_set1_epi32((int)want)));
#elif defined(__AVX2__)
	__m256i v = _mm256_load_si256((const __m256i *)(const void *)line);

	v = _mm256_cmpeq_epi32(v, _mm256_set1_epi32((int)want));
	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(v));
#else
	return lanes_equal(line, UINT32_MAX, want) & 0xff;
#endif
}

/* Are two lines the same? Both aligned. */
static inline bool lanes_same(const uint64_t a[8], const uint64_t b[8])
{
#if defined(__AVX512F__)
	return _mm512_cmpneq_epi64_mask(_mm512_load_si512(a), _mm512_load_si512(b)) == 0;
#elif defined(__AVX2__)
	const __m256i *x = (const __m256i *)(const void *)a, *y = (const __m256i *)(const void *)b;
	__m256i d = _mm256_or_si256(_mm256_xor_si256(_mm256_load_si256(x), _mm256_load_si256(y)),
		_mm256_xor_si256(_mm256_load_si256(x + 1), _mm256_load_si256(y + 1)));

	return _mm256_testz_si256(d, d);
#else
	uint64_t diff = 0;

	for (unsigned i = 0; i < 8; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
#endif
}

/* Is the line at p `value` wherever `mask` has bits? */
static inline bool lanes_match(const uint8_t *p, const uint8_t value[64], const uint8_t mask[64])
{
#if defined(__AVX512F__)
	__m512i d = _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_loadu_si512(value));

	return _mm512_test_epi64_mask(d, _mm512_loadu_si512(mask)) == 0;
#elif defined(__AVX2__)
	const __m256i *x = (const __m256i *)(const void *)p;
	const __m256i *v = (const __m256i *)(const void *)value;
	const __m256i *m = (const __m256i *)(const void *)mask;
	__m256i a = _mm256_xor_si256(_mm256_loadu_si256(x), _mm256_loadu_si256(v));
	__m256i b = _mm256_xor_si256(_mm256_loadu_si256(x + 1), _mm256_loadu_si256(v + 1));

	a = _mm256_and_si256(a, _mm256_loadu_si256(m));
	b = _mm256_or_si256(a, _mm256_and_si256(b, _mm256_loadu_si256(m + 1)));
	return _mm256_testz_si256(b, b);
#else
	uint64_t diff = 0, a, v, m;

	for (unsigned i = 0; i < 64; i += 8) {
		memcpy(&a, p + i, 8);
		memcpy(&v, value + i, 8);
		memcpy(&m, mask + i, 8);
		diff |= (a ^ v) & m;
	}
	return diff == 0;
#endif
}

/* Bit i: p[i] is 0. p: 64 bytes. */
static inline uint64_t lanes_zeros(const uint8_t *p)
{
	uint64_t bits = 0;

#if defined(__AVX512BW__)
	__m512i v = _mm512_loadu_si512(p);

	bits = _mm512_testn_epi8_mask(v, v);
#elif defined(__AVX2__)
	for (unsigned i = 0; i < 64; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));

		v = _mm256_cmpeq_epi8(v, _mm256_setzero_si256());
		bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << i;
	}
#elif defined(__SSE2__)
	for (unsigned i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));

		v = _mm_cmpeq_epi8(v, _mm_setzero_si128());
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << i;
	}
#else
	for (unsigned i = 0; i < 64; i++)
		bits |= (uint64_t)(p[i] == 0) << i;
#endif
	return bits;
}

/* A line whose first n bytes are 0xff, and the rest 0. n: at most 64. */
static const uint8_t lanes_first[128] __attribute__((aligned(64))) = {[0 ... 63] = 0xff};
#define LANES_FIRST(n) (lanes_first + 64 - (n))

/* The first n bytes of a line, n below 64, and the others of another one, as a line. */
static inline void lanes_join(uint8_t *to, const uint8_t *first, unsigned n, const uint8_t *others)
{
#if defined(__AVX512BW__) && defined(__BMI2__)
	_mm512_storeu_si512(to, _mm512_mask_loadu_epi8(_mm512_loadu_si512(others),
					_bzhi_u64(UINT64_MAX, n), first));
#elif defined(__AVX2__)
	for (unsigned i = 0; i < 64; i += 32) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(first + i));
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(others + i));
		__m256i m = _mm256_loadu_si256((const __m256i *)(const void *)(LANES_FIRST(n) + i));

		_mm256_storeu_si256((__m256i *)(void *)(to + i), _mm256_blendv_epi8(b, a, m));
	}
#else
	uint64_t a, b, m;

	for (unsigned i = 0; i < 64; i += 8) {
		memcpy(&a, first + i, 8);
		memcpy(&b, others + i, 8);
		memcpy(&m, LANES_FIRST(n) + i, 8);
		b = (a & m) | (b & ~m);
		memcpy(to + i, &b, 8);
	}
#endif
}

/* Copies n bytes, rounded up to whole lines: both have room for that. */
static inline void lanes_copy(uint8_t *to, const uint8_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i += 64) {
#if defined(__AVX512F__)
		_mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
#elif defined(__AVX2__)
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(from + i + 32));

		_mm256_storeu_si256((__m256i *)(void *)(to + i), a);
		_mm256_storeu_si256((__m256i *)(void *)(to + i + 32), b);
#else
		memcpy(to + i, from + i, 64);
#endif
	}
}
