/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include <rte_branch_prediction.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/slab.h"
#include "cache/deps.h"
#include "cache/memo.h"
#include "cache/record.h"
#include "cache/station.h"
#include "dns/wire.h"

/*
 * The cache as workers and the management thread read it: no lock, no allocation. A caller is
 * RCU-online; what it reaches stays valid until its next quiescent point.
 */

struct cache;
struct rte_hash;

/* What readers dereference; immutable after cache_create(). */
struct cache_view {
	const struct rte_hash *nodes;    /* hash128 -> node index */
	const struct rte_hash *idents;   /* (ident128, link) -> record index */
	const struct rte_hash *stations; /* (link, MAC) -> station index */
	const struct slab *record_slab;
	const struct slab *node_slab;
	const struct slab *station_slab;
	const struct slab *chunk_small;
	const struct slab *chunk_large;
	const struct blob_store *blobs;
	struct sip_key key;
	/* Of a reader's own copy of the view: notes what is looked up while it is on. NULL: nobody
	 * cares. */
	struct cache_deps *deps;
	struct cache_memo *memo; /* of the same copy: what it looked up lately. NULL: forgets */
};

static inline bool cache_noting(const struct cache_view *v)
{
	return unlikely(v->deps != NULL) && v->deps->on;
}

/* The reader looks at a record. */
void cache_deps_record(const struct cache_view *v, uint32_t rec);

/* The view of a cache, valid as long as the cache. Any thread. */
const struct cache_view *cache_view(const struct cache *c);

/* Key of (canonical name of len bytes, rrtype). The name is lower-case already (dns_name_canon).
 * Any thread. */
struct hash128 cache_key(
	const struct cache_view *v, const uint8_t *canon, size_t len, uint16_t rrtype);

/*
 * Identity of a record within its node: key of (node key, canonical rdata of len bytes). Any
 * thread. Its low half is cache_record.ident; the index over (link, identity) is asked by
 * cache_find_record().
 */
struct hash128 cache_ident(const struct cache_view *v, struct hash128 node_key,
	const uint8_t *rdata_canon, size_t len);

/* Node index of a key, or 0. Compares the full name (len bytes, any case), so a colliding key is a
 * miss. */
uint32_t cache_find_node(
	const struct cache_view *v, struct hash128 key, const uint8_t *name, size_t len);

/* Up to 64 lookups at once, idx[i] = node index or 0; names are NOT compared (caller does with
 * cache_node_is()). */
void cache_find_nodes(
	const struct cache_view *v, const struct hash128 *const keys[], unsigned n, uint32_t idx[]);

/* Record index of (identity, link), or 0. A dying record is found too. */
uint32_t cache_find_record(const struct cache_view *v, struct hash128 ident, uint16_t link);

/* Station index of (link, MAC), or 0. */
uint32_t cache_find_station(const struct cache_view *v, uint16_t link, const struct mac_addr *mac);

static inline struct cache_record *cache_record_at(const struct cache_view *v, uint32_t idx)
{
	return slab_at(v->record_slab, idx);
}

static inline struct cache_node *cache_node_at(const struct cache_view *v, uint32_t idx)
{
	return slab_at(v->node_slab, idx);
}

/* Is the slot a live (published) record / station now? Readers paging over slots. */
bool cache_record_is_live(const struct cache_view *v, uint32_t idx);
bool cache_station_is_live(const struct cache_view *v, uint32_t idx);

static inline struct cache_station *cache_station_at(const struct cache_view *v, uint32_t idx)
{
	return slab_at(v->station_slab, idx);
}

static inline const struct cache_chunk *cache_chunk_at(const struct cache_view *v, uint32_t handle)
{
	return (handle & CACHE_CHUNK_LARGE_BIT)
		       ? slab_at(v->chunk_large, handle & ~CACHE_CHUNK_LARGE_BIT)
		       : slab_at(v->chunk_small, handle);
}

/* The record that was (idx, gen) when the caller kept it, or NULL if that life is over. */
static inline struct cache_record *cache_record_get(
	const struct cache_view *v, uint32_t idx, uint32_t gen)
{
	struct cache_record *r = cache_record_at(v, idx);

	return atomic_load_explicit(&r->gen, memory_order_acquire) == gen ? r : NULL;
}

/* Walks the records of a node in learning order of chunks; safe beside control's appends and
 * removals. */
struct cache_iter {
	const struct cache_view *view;
	const struct cache_chunk *chunk;
	unsigned pos;
	unsigned count;
};

static inline void cache_iter_chunk(struct cache_iter *it, uint32_t handle)
{
	it->pos = 0;
	it->count = 0;
	it->chunk = NULL;
	if (handle == 0)
		return;
	it->chunk = cache_chunk_at(it->view, handle);
	it->count = atomic_load_explicit(&it->chunk->count, memory_order_acquire);
}

static inline void cache_iter_init(
	struct cache_iter *it, const struct cache_view *v, const struct cache_node *node)
{
	it->view = v;
	cache_iter_chunk(it, atomic_load_explicit(&node->head, memory_order_acquire));
}

/* Next record index, or 0 at the end. */
static inline uint32_t cache_iter_next(struct cache_iter *it)
{
	while (it->chunk != NULL) {
		if (it->pos < it->count) {
			uint32_t rec = it->chunk->slot[it->pos++];

			if (cache_noting(it->view))
				cache_deps_record(it->view, rec);
			return rec;
		}
		cache_iter_chunk(it, atomic_load_explicit(&it->chunk->next, memory_order_acquire));
	}
	return 0;
}

/* Milliseconds until the record expires (touched + TTL), <= 0: expired. */
static inline int32_t cache_record_left_ms(const struct cache_record *r, uint32_t now_ms)
{
	uint32_t touched = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);
	uint32_t ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);

	return clock_ms_diff(touched + ttl * 1000u, now_ms);
}

/*
 * TTL to put into an answer: what remains, in seconds, rounded up, so never 0 for a live record
 * (DESIGN §5; draft 3.7); 0 if expired.
 */
static inline uint32_t cache_record_ttl_left(const struct cache_record *r, uint32_t now_ms)
{
	int32_t left = cache_record_left_ms(r, now_ms);

	return left <= 0 ? 0 : ((uint32_t)left + 999u) / 1000u;
}

/* The same, for an answer that may be kept: noted is how long the number stays what it is. */
static inline uint32_t cache_record_ttl_told(
	const struct cache_view *v, const struct cache_record *r, uint32_t now_ms)
{
	uint32_t ttl = cache_record_ttl_left(r, now_ms);

	if (cache_noting(v) && ttl > 0) {
		uint32_t steady = (uint32_t)cache_record_left_ms(r, now_ms) - (ttl - 1) * 1000u;

		if (steady < v->deps->steady_ms)
			v->deps->steady_ms = steady;
	}
	return ttl;
}

/* May this record be put into an answer at all (policy aside)? */
static inline bool cache_record_live(const struct cache_record *r, uint32_t now_ms)
{
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);

	return (flags & (CACHE_REC_DYING | CACHE_REC_HIDDEN)) == 0 &&
	       cache_record_left_ms(r, now_ms) > 0;
}

/* Does its owner still have it, told or not: what speaks for an owner on a link? */
static inline bool cache_record_held(const struct cache_record *r, uint32_t now_ms)
{
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);

	return (flags & CACHE_REC_DYING) == 0 && cache_record_left_ms(r, now_ms) > 0;
}

/*
 * Does it claim its name for one host (RFC 6762 §9)? Some stacks never set the cache-flush bit: of
 * an SRV, a TXT or an address it goes without saying.
 */
static inline bool cache_record_claims(const struct cache_record *r)
{
	return (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) != 0 ||
	       r->rrtype == DNS_TYPE_A || r->rrtype == DNS_TYPE_AAAA || r->rrtype == DNS_TYPE_SRV ||
	       r->rrtype == DNS_TYPE_TXT;
}

/* The node's wire name; name_len bytes. */
static inline const uint8_t *cache_node_name(const struct cache_view *v, const struct cache_node *n)
{
	return blob_at(v->blobs, n->name);
}

/* The record's uncompressed rdata; rdlen bytes. */
static inline const uint8_t *cache_record_rdata(
	const struct cache_view *v, const struct cache_record *r)
{
	return blob_at(v->blobs, r->rdata);
}

/* Is it the node of exactly this name (any ASCII case)? */
bool cache_node_is(
	const struct cache_view *v, const struct cache_node *n, const uint8_t *name, size_t len);

/*
 * Is a stored time within a second of now? Of either side, as lcores may disagree by a little; and
 * of nothing but that second, so a time weeks old, which wraps, is never taken for the future.
 */
static inline bool cache_is_this_second(uint32_t stored_ms, uint32_t now_ms)
{
	return now_ms - stored_ms + 999 <= 2 * 999;
}

/*
 * A touch: an equal announcement was heard again. At most one store a second (DESIGN §4.4). Worker
 * or control. True: its TTL is another now.
 */
static inline bool cache_record_touch(struct cache_record *r, uint32_t now_ms)
{
	uint32_t t = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);

	if (cache_is_this_second(t, now_ms))
		return false;
	atomic_store_explicit(&r->touched_ms, now_ms, memory_order_relaxed);
	return true;
}

/* The record's own link heard a probe for its name, which is its owner's then. Worker. */
#define CACHE_PROBED_LATELY_MS 1000

static inline void cache_record_probed(struct cache_record *r, uint32_t now_ms)
{
	atomic_store_explicit(&r->probed_ms, now_ms | 1, memory_order_relaxed);
}

static inline bool cache_record_probed_lately(const struct cache_record *r, uint32_t now_ms)
{
	uint32_t t = atomic_load_explicit(&r->probed_ms, memory_order_relaxed);

	return t != 0 && clock_ms_diff(now_ms, t) <= CACHE_PROBED_LATELY_MS;
}

/*
 * Somebody asked for this RRset: interest that keeps refreshing alive (RFC 6762 §5.2). Odd, so
 * never 0, which is "never". Worker or control.
 */
static inline void cache_node_ask(struct cache_node *n, uint32_t now_ms)
{
	uint32_t t = atomic_load_explicit(&n->asked_ms, memory_order_relaxed);

	if (t == 0 || !cache_is_this_second(t, now_ms))
		atomic_store_explicit(&n->asked_ms, now_ms | 1, memory_order_relaxed);
}
