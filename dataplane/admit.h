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

/* What a station's meter says of one more packet of it. */
enum dp_admit_station {
	DP_ADMIT_NOT,
	DP_ADMIT_HEAVY, /* in, and it has sent much lately; or it is new */
	DP_ADMIT_LIGHT,
};

/* A worker's part of a link's meters. */
struct dp_link_meters {
	struct bucket_level level[DP_METERS + 1]; /* what is left; the worker's own */
	/* struct bucket_rate, as a word: control writes (control/share.c), the worker reads. */
	_Atomic uint64_t rate[DP_METERS + 1];
} __attribute__((aligned(64)));

/* Takes one packet off a station's meter. rate: the world's, of such packets; by value, since
 * whatever is in memory the compiler reads anew. */
static inline enum dp_admit_station dp_admit_station(
	struct dp_worker *w, struct cache_station *st, unsigned what, const struct bucket_rate rate)
{
	const struct bucket_rate *r = &rate;
	const int64_t now = w->now_bucket, full = bucket_full(r);
	int64_t left =
		bucket_held(r, atomic_load_explicit(&st->meter[what], memory_order_relaxed), now);

	left -= r->cost;
	if (unlikely(left < 0))
		return DP_ADMIT_NOT;
	atomic_store_explicit(&st->meter[what], now - left, memory_order_relaxed);
	return left >= full >> 1 ? DP_ADMIT_LIGHT : DP_ADMIT_HEAVY;
}

/* Would it? Nothing is taken. */
static inline bool dp_admit_would(
	const struct dp_worker *w, const struct cache_station *st, unsigned what)
{
	const struct bucket_rate *r = &w->world->admit[what];

	return bucket_held(r, atomic_load_explicit(&st->meter[what], memory_order_relaxed),
		       w->now_bucket) >= r->cost;
}

/* When would it, as bucket_time(), if nothing comes back to it? */
static inline int64_t dp_admit_again(
	const struct dp_worker *w, const struct cache_station *st, unsigned what)
{
	return atomic_load_explicit(&st->meter[what], memory_order_relaxed) +
	       w->world->admit[what].cost;
}

/* ... and off the link's. sparing: leave its last quarter to others. */
static inline bool dp_admit_link(
	struct dp_worker *w, const struct dp_link *l, unsigned what, bool sparing)
{
	struct dp_link_meters *m = &w->meter[l->id];
	uint64_t word = atomic_load_explicit(&m->rate[what], memory_order_relaxed);
	struct bucket_rate rate;

	_Static_assert(sizeof(rate) == sizeof(word), "a rate is a word");
	memcpy(&rate, &word, sizeof(rate));
	return bucket_level_take_one(&rate, &m->level[what], w->now_bucket, sparing);
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
