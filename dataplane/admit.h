/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * Admission (DESIGN §4.2): how many packets are let in, before a byte of DNS is read. A station
 * that is known has meters of its own, in its line; those that are not share a small one per link,
 * so that made-up addresses starve nobody that is known. Then a link's own, of which each worker
 * has its part, and of which the last quarter is for stations that ask little: thousands that ask
 * as much as they may do not keep the others out. Token buckets without division. Worker thread.
 */

/* A worker's part of a link's meter. Control writes (control/share.c) and the worker reads what it
 * takes from; of a rate that is just being written one packet may see some of the old one. */
struct dp_link_meter {
	struct bucket_level level;    /* what is left; the worker's own */
	_Atomic int64_t full, scant;  /* struct bucket_ready, with the cost of a token */
	_Atomic uint32_t cost, burst; /* struct bucket_rate */
};

_Static_assert(sizeof(struct dp_link_meter) == 32, "two to a line");

/* A worker's, of what stations ask, announce, and of those that are not known: by link. One kind
 * side by side, since the others are used by other packets. */
struct dp_link_meters {
	struct dp_link_meter of[DP_METERS + 1][DP_LINKS_MAX];
} __attribute__((aligned(64)));

/* Takes one packet off a station's meter. rate: the world's, of such packets; by value, since
 * whatever is in memory the compiler reads anew. Returns what is left, as bucket_worth(); below 0:
 * there was none, and nothing is taken. */
static inline int64_t dp_admit_station(
	struct dp_worker *w, struct cache_station *st, unsigned what, const struct bucket_rate rate)
{
	const int64_t now = w->now_bucket;
	int64_t left = bucket_held(
		&rate, atomic_load_explicit(&st->meter[what], memory_order_relaxed), now);

	left -= rate.cost;
	if (likely(left >= 0))
		atomic_store_explicit(&st->meter[what], now - left, memory_order_relaxed);
	return left;
}

/* With so much left, has it sent much lately, or is it new? */
static inline bool dp_admit_heavy(int64_t left, const struct bucket_rate rate)
{
	return left < bucket_full(&rate) >> 1;
}

/* Would it? Nothing is taken. */
static inline bool dp_admit_would(
	const struct dp_worker *w, const struct cache_station *st, unsigned what)
{
	const struct bucket_rate *r = &w->world->admit[what];

	return bucket_held(r, atomic_load_explicit(&st->meter[what], memory_order_relaxed),
		       w->now_bucket) >= r->cost;
}

/* It would not. Until when for sure, as clock_ms(), if nothing comes back to it? 0: not for long.
 */
static inline uint32_t dp_admit_barred(
	const struct dp_worker *w, const struct cache_station *st, unsigned what)
{
	const int64_t until = atomic_load_explicit(&st->meter[what], memory_order_relaxed) +
			      w->world->admit[what].cost;
	const int64_t left_us = (until - w->now_bucket) >> BUCKET_SHIFT;
	/* Rather too little: no division. Odd, so that it is not 0. */
	const int64_t left_ms = left_us >> 10;

	return left_ms < 2 ? 0 : (w->now_ms + (uint32_t)left_ms - 1) | 1;
}

/* ... and off the link's. sparing: leave its last quarter to others. */
static inline bool dp_admit_link(
	struct dp_worker *w, const struct dp_link *l, unsigned what, bool sparing)
{
	struct dp_link_meter *m = &w->meter->of[what][l->id];
	const struct bucket_ready ready = {
		.full = atomic_load_explicit(&m->full, memory_order_relaxed),
		.scant = atomic_load_explicit(&m->scant, memory_order_relaxed),
		.cost = atomic_load_explicit(&m->cost, memory_order_relaxed)};

	return bucket_level_take_one(ready, &m->level, w->now_bucket, sparing);
}

/*
 * What a query cost once it was answered, beyond the packet's token that let it in: one for each
 * DP_ADMIT_ITEMS records of its answer, and for each DP_ADMIT_LOOKS that were looked at; either is
 * some five microseconds of a worker. Else a few hundred stations that browse for what there is
 * hundreds of have all of it, within their meters. A link's is taken down to an eighth at most: the
 * rest is for stations that ask little.
 */
#define DP_ADMIT_ITEMS 8
#define DP_ADMIT_LOOKS 256
void dp_admit_cost(struct dp_worker *w, const struct dp_link *l, const struct mac_addr *mac,
	uint32_t items, uint32_t looks);

/* A packet was let in that need not have cost anything: its token comes back. */
void dp_admit_refund(
	struct dp_worker *w, const struct dp_link *l, struct cache_station *st, unsigned what);

/* Is the mDNS packet let in? Else the outcome it ends in, as dp_classify() returns it. */
int dp_admit(struct dp_worker *w, const struct dp_pkt *pkt);

/*
 * A station has become known: its meters are not full, so that one that is new does not count as
 * one that asks little. Control thread.
 */
void dp_admit_new(const struct dp_world *world, struct cache_station *st, uint64_t now_us);

/* 0 or -ENOMEM: the worker's meters, all full. */
int dp_admit_init(struct dp_worker *w, int socket);
void dp_admit_fini(struct dp_worker *w);
