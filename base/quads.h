/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Sixteen bytes of each of four things, side by side, so that what is asked of each is asked of all
 * at once. By the instruction set the file is compiled for; there is none of it without AVX2.
 */

#include <stdint.h>

#if defined(__AVX2__)
#define QUADS 4

#include <immintrin.h>

#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)

typedef __m512i quads;

/* In two steps, so that none waits for all of the others. */
static inline quads quads_load(const void *a, const void *b, const void *c, const void *d)
{
	__m256i low = _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_loadu_si128(a)), _mm_loadu_si128(b), 1);
	__m256i high = _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_loadu_si128(c)), _mm_loadu_si128(d), 1);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* p: 64 bytes, aligned. */
static inline void quads_store(void *p, quads a)
{
	_mm512_store_si512(p, a);
}

/* The same sixteen bytes four times. */
static inline quads quads_all(const void *p)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128(p));
}

/* The same eight. */
static inline quads quads_words(uint64_t v)
{
	return _mm512_set1_epi64((long long)v);
}

static inline quads quads_and(quads a, quads b)
{
	return _mm512_and_si512(a, b);
}

static inline quads quads_or(quads a, quads b)
{
	return _mm512_or_si512(a, b);
}

static inline quads quads_xor(quads a, quads b)
{
	return _mm512_xor_si512(a, b);
}

/* a - b, of words of 16 bits. */
static inline quads quads_minus(quads a, quads b)
{
	return _mm512_sub_epi16(a, b);
}

/* The same where a is more, else 0. */
static inline quads quads_over(quads a, quads b)
{
	return _mm512_subs_epu16(a, b);
}

/* a >> n, of words of 64 bits; from 64 on 0. */
static inline quads quads_shift(quads a, quads n)
{
	return _mm512_srlv_epi64(a, n);
}

/* In place i of each stands the byte of it that `from` has there, or 0 if that is 0x80. */
static inline quads quads_pick(quads a, quads from)
{
	return _mm512_shuffle_epi8(a, from);
}

/* Bits 2i, 2i + 1: something of the i-th's first, second eight bytes is not 0. */
static inline uint64_t quads_halves(quads a)
{
	return _mm512_test_epi64_mask(a, a);
}

/* Of four pointers those with a bit go to `with`, the others to `without`, in order; each has room
 * for four. */
static inline void quads_part(void *with, void *without, const void *pointers, unsigned bits)
{
	const __m256i all = _mm256_loadu_si256(pointers);

	_mm256_storeu_si256(without, _mm256_maskz_compress_epi64((__mmask8)(bits ^ 15), all));
	_mm256_storeu_si256(with, _mm256_maskz_compress_epi64((__mmask8)bits, all));
}

#else

typedef struct {
	__m256i low, high;
} quads;

static inline quads quads_load(const void *a, const void *b, const void *c, const void *d)
{
	return (quads){
		_mm256_inserti128_si256(
			_mm256_castsi128_si256(_mm_loadu_si128(a)), _mm_loadu_si128(b), 1),
		_mm256_inserti128_si256(
			_mm256_castsi128_si256(_mm_loadu_si128(c)), _mm_loadu_si128(d), 1),
	};
}

static inline void quads_store(void *p, quads a)
{
	_mm256_store_si256(p, a.low);
	_mm256_store_si256((__m256i *)p + 1, a.high);
}

static inline quads quads_all(const void *p)
{
	__m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128(p));

	return (quads){v, v};
}

static inline quads quads_words(uint64_t v)
{
	__m256i all = _mm256_set1_epi64x((long long)v);

	return (quads){all, all};
}

static inline quads quads_and(quads a, quads b)
{
	return (quads){_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
}

static inline quads quads_or(quads a, quads b)
{
	return (quads){_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}

static inline quads quads_xor(quads a, quads b)
{
	return (quads){_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)};
}

static inline quads quads_minus(quads a, quads b)
{
	return (quads){_mm256_sub_epi16(a.low, b.low), _mm256_sub_epi16(a.high, b.high)};
}

static inline quads quads_over(quads a, quads b)
{
	return (quads){_mm256_subs_epu16(a.low, b.low), _mm256_subs_epu16(a.high, b.high)};
}

static inline quads quads_shift(quads a, quads n)
{
	return (quads){_mm256_srlv_epi64(a.low, n.low), _mm256_srlv_epi64(a.high, n.high)};
}

static inline quads quads_pick(quads a, quads from)
{
	return (quads){
		_mm256_shuffle_epi8(a.low, from.low), _mm256_shuffle_epi8(a.high, from.high)};
}

static inline uint64_t quads_halves(quads a)
{
	const __m256i none = _mm256_setzero_si256();
	const __m256i low = _mm256_cmpeq_epi64(a.low, none),
		      high = _mm256_cmpeq_epi64(a.high, none);

	return (unsigned)(_mm256_movemask_pd(_mm256_castsi256_pd(low)) |
			  _mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4) ^
	       0xff;
}

static inline void quads_part(void *with, void *without, const void *pointers, unsigned bits)
{
	/* The places of the pointers with a bit, four bits each, from the least on. */
	static const uint16_t places[16] = {0x0000, 0x0000, 0x0001, 0x0010, 0x0002, 0x0020, 0x0021,
		0x0210, 0x0003, 0x0030, 0x0031, 0x0310, 0x0032, 0x0320, 0x0321, 0x3210};
	const __m256i all = _mm256_loadu_si256(pointers);
	const __m256i nibbles = _mm256_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12);
	const __m256i halves = _mm256_setr_epi32(0, 1, 0, 1, 0, 1, 0, 1);

#define PART(which)                                                                                \
	_mm256_permutevar8x32_epi32(                                                               \
		all, _mm256_add_epi32(halves,                                                      \
			     _mm256_slli_epi32(                                                    \
				     _mm256_and_si256(                                             \
					     _mm256_srlv_epi32(_mm256_set1_epi32(which), nibbles), \
					     _mm256_set1_epi32(3)),                                \
				     1)))
	_mm256_storeu_si256(without, PART(places[bits ^ 15]));
	_mm256_storeu_si256(with, PART(places[bits]));
#undef PART
}

#endif

/* Of quads_halves() of up to eight, side by side: a bit each, something of it is not 0. */
static inline uint32_t quads_any(uint64_t halves)
{
	return (uint32_t)_pext_u64(halves | halves >> 1, UINT64_C(0x5555555555555555));
}

/* ... something of its second eight bytes. */
static inline uint32_t quads_second(uint64_t halves)
{
	return (uint32_t)_pext_u64(halves, UINT64_C(0xaaaaaaaaaaaaaaaa));
}
#endif
