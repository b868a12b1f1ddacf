/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Counters of one lcore: plain 64-bit numbers that their owner increments and anyone reads. The
 * owner's store is relaxed and atomic only in not being torn: no lock prefix, the same code as
 * `+=`. Nobody else ever writes; a reset is a baseline that readers subtract.
 *
 * Blocks are structs of nothing but uint64_t, one cache-aligned block per lcore.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

/* The owner only. */
static inline void counter_add(uint64_t *c, uint64_t n)
{
#if defined(__x86_64__)
	/* Of an atomic store compilers make three instructions and a register. */
	__asm__("addq %1, %0" : "+m"(*c) : "er"(n) : "cc");
#else
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
#endif
}

/* The owner only. Two side by side, n[0] and n[1]. In one store, which tears neither of them: that
 * of a vector is at least as whole as those of its halves. */
static inline void counter_add_pair(uint64_t c[2], const uint16_t n[2])
{
#if defined(__SSE4_1__)
	__m128i sum, add;
	uint32_t both;

	memcpy(&both, n, sizeof(both));
	add = _mm_cvtepu16_epi64(_mm_cvtsi32_si128((int)both));
	sum = _mm_add_epi64(_mm_loadu_si128((const __m128i *)(const void *)c), add);
	_mm_storeu_si128((__m128i *)(void *)c, sum);
#else
	counter_add(&c[0], n[0]);
	counter_add(&c[1], n[1]);
#endif
}

#define COUNTER_INC(c) counter_add(&(c), 1)
#define COUNTER_ADD(c, n) counter_add(&(c), (n))

/* Any thread. */
static inline uint64_t counter_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

/* Any thread. Add a block of n counters to sums the caller owns. */
static inline void counter_sum(uint64_t *sum, const uint64_t *block, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += counter_read(&block[i]);
}

/* sum -= baseline, for n counters. The baseline is an earlier sum: that is how a reset works. */
static inline void counter_since(uint64_t *sum, const uint64_t *baseline, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] -= baseline[i];
}
