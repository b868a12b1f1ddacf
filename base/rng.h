/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Random numbers for jitter and delays (xoshiro256++ seeded by splitmix64): fast, seedable, and
 * not for secrets. Each thread has its own struct rng; tests seed it with a constant.
 */

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Any seed will do, 0 too. */
void rng_seed(struct rng *r, uint64_t seed);

static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t sum = s[0] + s[3];
	uint64_t out = (sum << 23 | sum >> 41) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return out;
}

static inline uint32_t rng_u32(struct rng *r)
{
	return (uint32_t)(rng_u64(r) >> 32);
}

/* A number of lo..hi, both included; lo <= hi. By multiply and shift: no division, and a bias of
 * at most (hi - lo + 1) / 2^32. */
static inline uint32_t rng_range(struct rng *r, uint32_t lo, uint32_t hi)
{
	uint64_t span = (uint64_t)hi - lo + 1;

	return lo + (uint32_t)(rng_u32(r) * span >> 32);
}
