/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inside of the cache, shared by its own files only. Everything here runs on control.
 *
 * Nothing that readers may still see is freed or reused at once: it is unpublished, then its free
 * is pushed to the deferral FIFO. An operation that unpublishes asks defer_room() for all its
 * pushes first, so it is whole or does not begin.
 */

#include "base/counter.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "cache/cache.h"
#include "dns/wire.h"

/* Pushes a removal makes at most: record, two chunks, station, node. */
#define CACHE_REMOVE_PUSHES 5

/* Stage of a record past its end (or its dying second) whose removal waits for the deferral. */
#define CACHE_STAGE_WAITS 5

struct cache {
	struct cache_view view;
	struct cache_limits limits;
	uint32_t max_nodes; /* nodes with hints; the slab and the hash have spare entries beyond */

	/* The writer's side of what the view has const. */
	struct rte_hash *nodes, *idents, *stations;
	struct slab *record_slab, *node_slab, *station_slab, *chunk_small, *chunk_large;
	struct blob_store *blobs;

	struct defer *defer; /* control's, shared with others */
	const struct cache_ops *ops;
	void *ops_arg;
	struct wheel wheel;
	struct rng rng;
	uint32_t now_ms; /* of the turn under way, for the wheel's callback */

	/* FIFO of empty nodes, oldest first. */
	uint32_t idle_head, idle_tail;
	/* Empty stations whose removal waits for deferral. */
	uint32_t station_retry;
	/* Where the next cache_purge_link() goes on. */
	uint32_t purge_cursor;

	struct cache_stats stats;   /* control writes, relaxed; any thread reads */
	uint32_t *link_records;     /* [limits.links], likewise */
	uint32_t *link_stations;    /* [limits.links]: control alone */
	uint32_t askers;            /* stations that are kept because they asked */
	uint32_t asker_hand;        /* where an asker is looked for next that can give way */
	uint32_t *link_askers;      /* [limits.links]: likewise; of them, those that asked */
	uint8_t rdata[DNS_MSG_MAX]; /* canonical rdata of the record at hand */
};

/* One writer, torn-free for readers: the 32-bit kin of base/counter.h. */
static inline void cache_gauge_add(uint32_t *gauge, int32_t by)
{
	__atomic_store_n(gauge, *gauge + (uint32_t)by, __ATOMIC_RELAXED);
}

static inline struct cache_chunk *chunk_at(struct cache *c, uint32_t handle)
{
	return (struct cache_chunk *)(uintptr_t)cache_chunk_at(&c->view, handle);
}

/* A hash index (index.c). key: 16 bytes, of stations 8; sig: its low 32 bits. */
struct rte_hash *index_create(
	const char *name, const char *suffix, uint32_t entries, uint32_t key_len, unsigned socket);
int index_add(struct rte_hash *h, const void *key, uint32_t sig, uint32_t value);
int32_t index_del(struct rte_hash *h, const void *key, uint32_t sig);
uint32_t index_find(const struct rte_hash *h, const void *key, uint32_t sig);
void index_free(struct rte_hash *h, int32_t pos);
/* The key of (identity, link) in the ident index. */
struct hash128 index_ident_key(struct hash128 ident, uint16_t link);
/* The 8-byte key of a station, and its signature. */
uint64_t index_station_key(uint16_t link, const struct mac_addr *mac);
uint32_t index_station_sig(const struct cache_view *v, uint64_t key);

/* Identity of a record within its node; canonicalises into c->rdata. */
struct hash128 record_ident(struct cache *c, struct hash128 node_key, uint16_t rrtype,
	const uint8_t *rdata, size_t rdlen);

/* Chunks (chunk.c). What an append or a removal needs is reserved first; then it cannot fail. */
int chunk_reserve(struct cache *c, const struct cache_node *node, uint32_t *spare);
void chunk_unreserve(struct cache *c, uint32_t spare);
void chunk_append(struct cache *c, uint32_t node, uint32_t rec, uint32_t spare);

struct chunk_plan {
	uint32_t fresh;  /* chunk that will stand for one or two; 0: the chunk goes */
	uint32_t first;  /* what it replaces: this one ... */
	uint32_t second; /* ... and its next, or 0 */
};

int chunk_plan_remove(struct cache *c, const struct cache_record *r, struct chunk_plan *plan);
void chunk_apply_remove(struct cache *c, uint32_t rec, const struct chunk_plan *plan);

/* Nodes of unusual types, for questions of type ANY (directory.c): on making and on dropping a
 * node. */
void directory_add(struct cache *c, uint32_t node);
void directory_remove(struct cache *c, uint32_t node);

/* Nodes (node.c). node_make() leaves the node empty and out of the idle FIFO. */
uint32_t node_make(struct cache *c, struct hash128 key, const uint8_t *name, uint8_t name_len,
	uint16_t rrtype);
void node_drop(struct cache *c, uint32_t idx);
struct hash128 node_key_of(
	const struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t rrtype);

/* Owner hints (hint.c): the idle FIFO. */
void idle_push(struct cache *c, uint32_t node, uint32_t now_ms);
void idle_push_overdue(struct cache *c, uint32_t node, uint32_t now_ms);
void idle_unlink(struct cache *c, uint32_t node);
bool idle_drop_oldest(struct cache *c);
bool idle_next(const struct cache *c, uint32_t *at_ms);
unsigned idle_turn(struct cache *c, uint32_t now_ms, unsigned budget);
void hint_learned(struct cache *c, const struct cache_node *node, const struct cache_learn *l,
	uint32_t now_ms);
void hint_withdraw(struct cache *c, const struct cache_node *node, const struct cache_record *ptr);

/* Stations (station.c). */
uint32_t station_make(struct cache *c, uint16_t link, const struct mac_addr *mac, uint32_t now_ms);
void station_link(struct cache *c, uint32_t station, uint32_t rec);
void station_unlink(struct cache *c, uint32_t rec);
void station_release(struct cache *c, uint32_t station);
unsigned station_turn(struct cache *c);
void station_heard(struct cache_station *st, const struct cache_learn *l, uint32_t now_ms);

/* Milestones and death (expire.c). */
void record_arm(struct cache *c, struct cache_record *r);
void record_die(struct cache *c, uint32_t rec, uint16_t flags, uint32_t now_ms);

/* Removal (remove.c). 0, or -EAGAIN with nothing changed. keep_hint: the empty node stays as owner
 * memory. */
int record_remove(struct cache *c, uint32_t rec, bool keep_hint, uint32_t now_ms);

/* Readers that keep answers hear that a node is not what it was. */
static inline void node_changed(struct cache *c, uint32_t node)
{
	if (c->ops->changed != NULL)
		c->ops->changed(c->ops_arg, cache_node_at(&c->view, node)->key.lo);
}

/* ... or a record of it, which is known by its identity too: of a shared RRset that is all of one
 * owner's. */
static inline void record_changed(struct cache *c, const struct cache_record *r)
{
	node_changed(c, r->node);
	if (c->ops->changed != NULL)
		c->ops->changed(c->ops_arg, r->ident);
}

static inline void record_flags(struct cache_record *r, uint16_t set, uint16_t clear)
{
	uint16_t f = atomic_load_explicit(&r->flags, memory_order_relaxed);

	atomic_store_explicit(&r->flags, (uint16_t)((f & ~clear) | set), memory_order_release);
}
