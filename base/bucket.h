/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Token buckets without division. What is configured (struct bucket_rate, set once, shared by
 * any number of buckets) is apart from what runs (struct bucket_level, 8 bytes, one writer), so a
 * station's line holds several levels and a reload changes rates by changing one place. A struct
 * bucket joins the two where there is only one.
 *
 * Tokens are fixed point with `frac` fractional bits, chosen per rate so that both a full bucket
 * and one microsecond's worth fit: at 1 µs between takes the rate still holds within 5 % for bursts
 * of up to 100 s worth, and exactly for longer gaps.
 */

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_SHIFT 12                   /* extra fractional bits of `mul` */
#define BUCKET_BURST_MAX ((1u << 26) - 1) /* tokens */

/*
 * What a bucket gains and holds. Written at configuration, read by whoever takes. frac is never
 * below 5, so that five bits of a full bucket are less than a token: there it stands, and a shift
 * by the whole word is one by it.
 */
struct bucket_rate {
	uint32_t mul;  /* tokens per µs << (frac + BUCKET_SHIFT) */
	uint32_t full; /* tokens << frac, and frac in its last five bits */
};

#define BUCKET_FRAC_MIN 5
#define BUCKET_FRAC(r) ((r)->full & 31)

/* What a bucket holds now. Read and written by its one owner. Used on with another rate it is worth
 * something else, but never more than the new burst. */
struct bucket_level {
	uint32_t last_us; /* low 32 bits of the time of the last take; wraps after 71 minutes */
	uint32_t tokens;  /* << frac */
};

struct bucket {
	struct bucket_rate rate;
	struct bucket_level level;
};

_Static_assert(sizeof(struct bucket) == 16, "several buckets must fit a station's line");

/* rate_per_s tokens a second, at most `burst` at once (clamped to 1..BUCKET_BURST_MAX). Rate 0
 * never refills. Divides: configuration time only. */
void bucket_rate_set(struct bucket_rate *r, uint32_t rate_per_s, uint32_t burst);

/* Tokens of a full bucket. */
static inline uint32_t bucket_burst(const struct bucket_rate *r)
{
	return r->full >> BUCKET_FRAC(r);
}

/* Fill to the brim at now_us. */
static inline void bucket_fill(const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us)
{
	l->last_us = (uint32_t)now_us;
	l->tokens = r->full;
}

/* What a level holds once the time since the last take is credited. A silence of more than 71
 * minutes counts modulo that; the bucket then has less than it could, never more. */
static inline uint32_t bucket_credited(
	const struct bucket_rate *r, uint32_t last_us, uint32_t tokens, uint64_t now_us)
{
	uint32_t dt = (uint32_t)now_us - last_us;
	uint64_t sum = tokens + ((uint64_t)dt * r->mul >> BUCKET_SHIFT);

	return sum < r->full ? (uint32_t)sum : r->full;
}

static inline void bucket_level_credit(
	const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us)
{
	l->tokens = bucket_credited(r, l->last_us, l->tokens, now_us);
	l->last_us = (uint32_t)now_us;
}

/* Take n tokens at now_us: true if there were that many, else nothing is taken. now_us must not go
 * backwards. Any thread, one owner; no division. */
static inline bool bucket_level_take(
	const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us, uint32_t n)
{
	uint64_t cost = (uint64_t)n << BUCKET_FRAC(r);

	bucket_level_credit(r, l, now_us);
	if (l->tokens < cost)
		return false;
	l->tokens -= (uint32_t)cost;
	return true;
}

/* The same as bucket_level_take() of one, but the last quarter is left alone. */
static inline bool bucket_level_take_sparing(
	const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us)
{
	const uint32_t cost = 1u << BUCKET_FRAC(r);

	bucket_level_credit(r, l, now_us);
	if ((uint64_t)l->tokens * 4 < r->full || l->tokens < cost)
		return false;
	l->tokens -= cost;
	return true;
}

/* Takes n tokens at now_us, or as many as there are above `floor` (in the units of r->full). */
static inline void bucket_level_pay(const struct bucket_rate *r, struct bucket_level *l,
	uint64_t now_us, uint32_t n, uint32_t floor)
{
	uint64_t cost = (uint64_t)n << BUCKET_FRAC(r);

	bucket_level_credit(r, l, now_us);
	if (l->tokens > floor)
		l->tokens -= cost < l->tokens - floor ? (uint32_t)cost : l->tokens - floor;
}

/* Gives n tokens back that were taken just now. */
static inline void bucket_level_refund(
	const struct bucket_rate *r, struct bucket_level *l, uint32_t n)
{
	uint64_t tokens = l->tokens + ((uint64_t)n << BUCKET_FRAC(r));

	l->tokens = tokens < r->full ? (uint32_t)tokens : r->full;
}

/* Whole tokens there at now_us. */
static inline uint32_t bucket_level_peek(
	const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us)
{
	bucket_level_credit(r, l, now_us);
	return l->tokens >> BUCKET_FRAC(r);
}

/* Set the rate; a fresh bucket starts empty at time 0, so it is full once `burst` tokens' time has
 * passed on the clock; bucket_fill() makes it full at once. */
void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst);

static inline bool bucket_take(struct bucket *b, uint64_t now_us, uint32_t n)
{
	return bucket_level_take(&b->rate, &b->level, now_us, n);
}
