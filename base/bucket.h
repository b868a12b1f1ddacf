/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Token buckets without division, and without counting tokens: a bucket is the time at which it
 * would have been empty (the virtual scheduling of ITU-T I.371's GCRA). What it holds is the time
 * since then; taking a token moves that time on by what a token takes to come. What is configured
 * (struct bucket_rate, set once, shared by any number of buckets) is apart from what runs (struct
 * bucket_level, 8 bytes, one writer), so a station's line holds several levels and a reload
 * changes rates by changing one place. A struct bucket joins the two where there is only one.
 *
 * Times are in 2^-12 µs: rates hold within 1 % up to 40 million a second, 3 % up to 100 million.
 */

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_SHIFT 12                   /* fractional bits of a microsecond */
#define BUCKET_BURST_MAX ((1u << 26) - 1) /* tokens */

/* Written at configuration, read by whoever takes. */
struct bucket_rate {
	uint32_t cost;  /* 2^-12 µs that a token takes to come */
	uint32_t burst; /* tokens */
};

/* Read and written by its one owner. Used on with another rate it is worth something else, but
 * never more than the new burst. */
struct bucket_level {
	int64_t empty; /* when it held nothing, 2^-12 µs; BUCKET_BRIM: full, by any rate */
};

#define BUCKET_BRIM (INT64_MIN / 2)

struct bucket {
	struct bucket_rate rate;
	struct bucket_level level;
};

_Static_assert(sizeof(struct bucket) == 16, "several buckets must fit a station's line");

/* rate_per_s tokens a second, at most `burst` at once (clamped to 1..BUCKET_BURST_MAX). Rate 0
 * counts as 1. Divides: configuration time only. */
void bucket_rate_set(struct bucket_rate *r, uint32_t rate_per_s, uint32_t burst);

static inline int64_t bucket_time(uint64_t now_us)
{
	return (int64_t)(now_us << BUCKET_SHIFT);
}

/* n tokens, in the time that they take. n: below 2^31. */
static inline int64_t bucket_worth(const struct bucket_rate *r, uint32_t n)
{
	return (int64_t)((uint64_t)r->cost * n);
}

/* ... of a full bucket. */
static inline int64_t bucket_full(const struct bucket_rate *r)
{
	return bucket_worth(r, r->burst);
}

/* What a bucket that was empty at `empty` holds at `now` (bucket_time()), as bucket_worth().
 * Below 0: another writer took from it whose clock is ahead. */
static inline int64_t bucket_held(const struct bucket_rate *r, int64_t empty, int64_t now)
{
	int64_t full = bucket_full(r), since = now - empty;

	return since < full ? since : full;
}

/* Fill to the brim at now_us. */
static inline void bucket_fill(const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us)
{
	l->empty = bucket_time(now_us) - bucket_full(r);
}

/* Takes n tokens at now_us if it holds so many, and `least` (as bucket_worth()); else nothing. */
static inline bool bucket_level_take_from(const struct bucket_rate *r, struct bucket_level *l,
	uint64_t now_us, uint32_t n, int64_t least)
{
	const int64_t now = bucket_time(now_us), cost = bucket_worth(r, n);
	const int64_t held = bucket_held(r, l->empty, now);

	if (held < cost || held < least)
		return false;
	l->empty = now - held + cost;
	return true;
}

/* Take n tokens at now_us: true if there were that many, else nothing is taken. now_us must not go
 * backwards. Any thread, one owner; no division. */
static inline bool bucket_level_take(
	const struct bucket_rate *r, struct bucket_level *l, uint64_t now_us, uint32_t n)
{
	return n <= r->burst && bucket_level_take_from(r, l, now_us, n, 0);
}

/* A rate as those look at it that take one at a time, and may leave the last quarter alone. Times
 * like bucket_rate.cost. */
struct bucket_ready {
	int64_t full;  /* a full bucket */
	int64_t scant; /* with less it is looked at closely: a quarter, or one token if that is more
			*/
	int64_t cost;  /* a token */
};

static inline struct bucket_ready bucket_ready(const struct bucket_rate *r)
{
	const int64_t full = bucket_full(r), quarter = full >> 2;

	return (struct bucket_ready){
		.full = full, .scant = quarter > r->cost ? quarter : r->cost, .cost = r->cost};
}

/* The same as bucket_level_take() of one, for which there is room in each, at now, a
 * bucket_time(). sparing: the last quarter is left alone. */
static inline bool bucket_level_take_one(
	const struct bucket_ready r, struct bucket_level *l, int64_t now, bool sparing)
{
	const int64_t since = now - l->empty, held = since < r.full ? since : r.full;

	if (__builtin_expect(held < r.scant, 0) &&
		(held < r.cost || (sparing && held < r.full >> 2)))
		return false;
	l->empty = now - held + r.cost;
	return true;
}

/* Takes n tokens at now_us, or as many as there are above `least` (as bucket_worth()). */
static inline void bucket_level_pay(const struct bucket_rate *r, struct bucket_level *l,
	uint64_t now_us, uint32_t n, int64_t least)
{
	const int64_t now = bucket_time(now_us), cost = bucket_worth(r, n);
	const int64_t held = bucket_held(r, l->empty, now);

	if (held > least)
		l->empty = now - held + (cost < held - least ? cost : held - least);
}

/* Gives n tokens back that were taken just now. */
static inline void bucket_level_refund(
	const struct bucket_rate *r, struct bucket_level *l, uint32_t n)
{
	l->empty -= bucket_worth(r, n);
}

/* Whole tokens there at now_us. Divides. */
static inline uint32_t bucket_level_peek(
	const struct bucket_rate *r, const struct bucket_level *l, uint64_t now_us)
{
	int64_t held = bucket_held(r, l->empty, bucket_time(now_us));

	return held > 0 ? (uint32_t)(held / r->cost) : 0;
}

/* Set the rate; a fresh bucket starts empty at time 0; bucket_fill() makes it full. */
void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst);

static inline bool bucket_take(struct bucket *b, uint64_t now_us, uint32_t n)
{
	return bucket_level_take(&b->rate, &b->level, now_us, n);
}
