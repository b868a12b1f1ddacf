/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include <errno.h>

/*
 * The list of chunks of a node, beside readers that walk it.
 *
 * A published chunk changes in two ways only: a slot behind `count` is filled and `count`
 * store-released (tail), and `next` is swung. Everything else is a copy that takes the place of one
 * chunk, or of two neighbours. What was replaced keeps its slots and its `next` until the grace
 * period is over. So whoever stands in a replaced chunk goes on through what followed it then, and
 * sees every record that was listed all along: none ever moves to a place before one where a reader
 * may have been without a copy of it staying ahead of that reader.
 */

/* Neighbours are merged when both fit into three quarters of a large chunk. */
#define MERGE_MAX (CACHE_CHUNK_LARGE * 3 / 4)

static uint32_t chunk_alloc(struct cache *c, unsigned cap)
{
	bool large = cap == CACHE_CHUNK_LARGE;
	uint32_t idx = slab_alloc(large ? c->chunk_large : c->chunk_small);
	struct cache_chunk *ch;
	uint32_t h;

	if (idx == 0)
		return 0;
	h = large ? idx | CACHE_CHUNK_LARGE_BIT : idx;
	ch = chunk_at(c, h);
	atomic_store_explicit(&ch->next, 0, memory_order_relaxed);
	atomic_store_explicit(&ch->count, 0, memory_order_relaxed);
	ch->cap = (uint16_t)cap;
	ch->prev = 0;
	ch->node = 0;
	return h;
}

static void chunk_free(struct cache *c, uint32_t h)
{
	if (h & CACHE_CHUNK_LARGE_BIT)
		slab_free(c->chunk_large, h & ~CACHE_CHUNK_LARGE_BIT);
	else
		slab_free(c->chunk_small, h);
}

static void deferred_free(uint64_t cache, uint64_t handle)
{
	chunk_free((struct cache *)(uintptr_t)cache, (uint32_t)handle);
}

/* The caller has asked for room. */
static void chunk_retire(struct cache *c, uint32_t h)
{
	if (h != 0)
		defer_push(c->defer, deferred_free, (uintptr_t)c, h);
}

static unsigned count_of(const struct cache_chunk *ch)
{
	return atomic_load_explicit(&ch->count, memory_order_relaxed);
}

static uint32_t next_of(const struct cache_chunk *ch)
{
	return atomic_load_explicit(&ch->next, memory_order_relaxed);
}

/* Fill the next slot of a chunk, published or not. */
static void put(struct cache *c, uint32_t h, uint32_t rec)
{
	struct cache_chunk *ch = chunk_at(c, h);
	struct cache_record *r = cache_record_at(&c->view, rec);
	unsigned n = count_of(ch);

	ch->slot[n] = rec;
	r->chunk = h;
	r->chunk_pos = (uint8_t)n;
	atomic_store_explicit(&ch->count, (uint16_t)(n + 1), memory_order_release);
}

/* Append the slots of chunk `from` to the unpublished chunk `to`, without the record `skip` (0:
 * all). */
static void copy(struct cache *c, uint32_t to, uint32_t from, uint32_t skip)
{
	const struct cache_chunk *ch = chunk_at(c, from);
	unsigned n = count_of(ch);

	for (unsigned i = 0; i < n; i++) {
		if (ch->slot[i] != skip)
			put(c, to, ch->slot[i]);
	}
}

/*
 * Let h (0: nothing) stand where first..last stood in the list of the node. The complete new chunk
 * is published by one store-release; the old ones keep their next.
 */
static void replace(
	struct cache *c, struct cache_node *node, uint32_t first, uint32_t last, uint32_t h)
{
	uint32_t prev = chunk_at(c, first)->prev;
	uint32_t next = next_of(chunk_at(c, last));
	uint32_t to = h != 0 ? h : next;

	if (h != 0) {
		chunk_at(c, h)->prev = prev;
		chunk_at(c, h)->node = chunk_at(c, first)->node;
		atomic_store_explicit(&chunk_at(c, h)->next, next, memory_order_relaxed);
	}
	if (next != 0)
		chunk_at(c, next)->prev = h != 0 ? h : prev;
	else
		node->tail = h != 0 ? h : prev;
	if (prev != 0)
		atomic_store_explicit(&chunk_at(c, prev)->next, to, memory_order_release);
	else
		atomic_store_explicit(&node->head, to, memory_order_release);
}

/*
 * Make sure that one record can be appended to the node (NULL: one that is yet to be made). *spare:
 * an unpublished chunk for chunk_append() or chunk_unreserve(), 0 if the tail has room. -ENOMEM.
 */
int chunk_reserve(struct cache *c, const struct cache_node *node, uint32_t *spare)
{
	uint32_t tail = node != NULL ? node->tail : 0;

	*spare = 0;
	if (tail == 0)
		*spare = chunk_alloc(c, CACHE_CHUNK_SMALL);
	else if (count_of(chunk_at(c, tail)) == chunk_at(c, tail)->cap)
		*spare = chunk_alloc(c, CACHE_CHUNK_LARGE);
	else
		return 0;
	return *spare != 0 ? 0 : -ENOMEM;
}

void chunk_unreserve(struct cache *c, uint32_t spare)
{
	if (spare != 0)
		chunk_free(c, spare);
}

void chunk_append(struct cache *c, uint32_t node, uint32_t rec, uint32_t spare)
{
	struct cache_node *n = cache_node_at(&c->view, node);
	uint32_t tail = n->tail;

	if (spare == 0) {
		put(c, tail, rec);
	} else if (tail != 0 && chunk_at(c, tail)->cap == CACHE_CHUNK_SMALL &&
		   defer_room(c->defer, 1)) {
		/* The node outgrows its small chunk. */
		copy(c, spare, tail, 0);
		put(c, spare, rec);
		replace(c, n, tail, tail, spare);
		chunk_retire(c, tail);
	} else {
		struct cache_chunk *ch = chunk_at(c, spare);

		put(c, spare, rec);
		ch->node = node;
		ch->prev = tail;
		n->tail = spare;
		atomic_store_explicit(tail != 0 ? &chunk_at(c, tail)->next : &n->head, spare,
			memory_order_release);
	}
	atomic_store_explicit(&n->count, atomic_load_explicit(&n->count, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

/*
 * Decide what becomes of the record's chunk without it, and allocate that. -ENOMEM: nothing
 * changed. Otherwise chunk_apply_remove() must follow; it pushes one or two entries to the
 * deferral.
 */
int chunk_plan_remove(struct cache *c, const struct cache_record *r, struct chunk_plan *plan)
{
	const struct cache_chunk *ch = chunk_at(c, r->chunk);
	unsigned left = count_of(ch) - 1u;
	uint32_t next = next_of(ch);
	unsigned cap;

	*plan = (struct chunk_plan){.first = r->chunk};
	if (left == 0)
		return 0;
	if (next != 0 && left + count_of(chunk_at(c, next)) <= MERGE_MAX) {
		plan->second = next;
		left += count_of(chunk_at(c, next));
	} else if (ch->prev != 0 && left + count_of(chunk_at(c, ch->prev)) <= MERGE_MAX) {
		plan->first = ch->prev;
		plan->second = r->chunk;
		left += count_of(chunk_at(c, ch->prev));
	}
	/* A large one shrinks late, lest a node of about four records changes size each time. */
	cap = ch->cap == CACHE_CHUNK_SMALL ? CACHE_CHUNK_SMALL : CACHE_CHUNK_SMALL / 2;
	plan->fresh = chunk_alloc(c, left <= cap ? CACHE_CHUNK_SMALL : CACHE_CHUNK_LARGE);
	return plan->fresh != 0 ? 0 : -ENOMEM;
}

void chunk_apply_remove(struct cache *c, uint32_t rec, const struct chunk_plan *plan)
{
	struct cache_node *n = cache_node_at(&c->view, cache_record_at(&c->view, rec)->node);
	uint32_t last = plan->second != 0 ? plan->second : plan->first;

	if (plan->fresh != 0) {
		copy(c, plan->fresh, plan->first, rec);
		if (plan->second != 0)
			copy(c, plan->fresh, plan->second, rec);
	}
	replace(c, n, plan->first, last, plan->fresh);
	chunk_retire(c, plan->first);
	chunk_retire(c, plan->second);
	atomic_store_explicit(&n->count, atomic_load_explicit(&n->count, memory_order_relaxed) - 1,
		memory_order_relaxed);
}
