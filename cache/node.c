/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include "dns/name.h"

/* Nodes: one for each (name, rrtype) that has records or is remembered. */

struct hash128 node_key_of(
	const struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t rrtype)
{
	uint8_t canon[DNS_NAME_MAX];

	dns_name_canon(canon, name, name_len);
	return cache_key(&c->view, canon, name_len, rrtype);
}

/*
 * Makes and publishes an empty node; the caller lists a record in it or puts it into the idle FIFO.
 * When there are too many, the oldest hint goes. 0: no room.
 */
uint32_t node_make(
	struct cache *c, struct hash128 key, const uint8_t *name, uint8_t name_len, uint16_t rrtype)
{
	struct cache_node *n;
	uint32_t idx, blob;

	/* Another name with this very digest: adding would overwrite it. */
	if (index_find(c->nodes, &key, (uint32_t)key.lo) != 0)
		return 0;
	if (c->stats.nodes >= c->max_nodes && !idle_drop_oldest(c))
		return 0;
	idx = slab_alloc(c->node_slab);
	if (idx == 0)
		return 0;
	blob = blob_put(c->blobs, name, name_len);
	if (blob == 0)
		goto free_slot;

	n = cache_node_at(&c->view, idx);
	n->name = blob;
	n->rrtype = rrtype;
	n->name_len = name_len;
	n->flags = 0;
	atomic_store_explicit(&n->head, 0, memory_order_relaxed);
	n->tail = 0;
	atomic_store_explicit(&n->count, 0, memory_order_relaxed);
	atomic_store_explicit(&n->asked_ms, 0, memory_order_relaxed);
	n->key = key;
	dns_service_parse(name, &n->sd);
	n->owner_link = 0;
	n->owner_mac = (struct mac_addr){0};
	n->idle_next = n->idle_prev = 0;
	if (index_add(c->nodes, &key, (uint32_t)key.lo, idx) < 0)
		goto free_blob;
	/* Odd from here on. A reader that was quicker takes it for dead and misses it. */
	atomic_store_explicit(&n->gen, atomic_load_explicit(&n->gen, memory_order_relaxed) + 1,
		memory_order_release);
	cache_gauge_add(&c->stats.nodes, 1);
	directory_add(c, idx);
	return idx;

free_blob:
	blob_free(c->blobs, blob);
free_slot:
	slab_free(c->node_slab, idx);
	return 0;
}

static void deferred_free(uint64_t cache, uint64_t idx)
{
	struct cache *c = (struct cache *)(uintptr_t)cache;
	const struct cache_node *n = cache_node_at(&c->view, (uint32_t)idx);

	index_free(c->nodes, n->hash_pos);
	blob_free(c->blobs, n->name);
	slab_free(c->node_slab, (uint32_t)idx);
}

/* Unpublishes an empty node that is in no list. One push; the caller has asked for room. */
void node_drop(struct cache *c, uint32_t idx)
{
	struct cache_node *n = cache_node_at(&c->view, idx);

	directory_remove(c, idx);
	n->hash_pos = index_del(c->nodes, &n->key, (uint32_t)n->key.lo);
	atomic_store_explicit(&n->gen, atomic_load_explicit(&n->gen, memory_order_relaxed) + 1,
		memory_order_release);
	cache_gauge_add(&c->stats.nodes, -1);
	defer_push(c->defer, deferred_free, (uintptr_t)c, idx);
}
