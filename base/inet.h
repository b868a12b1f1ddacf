/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The Internet checksum (RFC 1071): one's-complement sums of 16-bit words as they lie in memory, so
 * in either byte order. Eight bytes at a time; DPDK's takes two.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Both halves of a word, each of them two 16-bit words. */
static inline uint64_t inet_halves(uint64_t v)
{
	return (v & 0xffffffff) + (v >> 32);
}

/* The sum of `len` bytes, none of it lost: to be added to others, and folded. An odd byte at the
 * end is followed by 0. */
static inline uint64_t inet_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0, v;

	for (; len >= sizeof(v); p += sizeof(v), len -= sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		sum += inet_halves(v);
	}
	v = 0;
	memcpy(&v, p, len);
	return sum + inet_halves(v);
}

/* Words in one's complement: what is carried goes around. 0 only if both are. */
static inline uint16_t inet_add(uint16_t a, uint16_t b)
{
	uint16_t sum;

	return __builtin_add_overflow(a, b, &sum) ? (uint16_t)(sum + 1) : sum;
}

/* The same of the inverse of b. */
static inline uint16_t inet_sub(uint16_t a, uint16_t b)
{
	return (uint16_t)(a - b - (a < b));
}

/* A sum as one word, not inverted. 0 only if all that was added up was. */
static inline uint16_t inet_fold(uint64_t sum)
{
	uint32_t s;

	sum = inet_halves(sum);
	s = (uint32_t)((sum & 0xffff) + (sum >> 16));
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)((s & 0xffff) + (s >> 16));
}
