/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include <errno.h>

/* Removal: unpublish, then free after the grace period. */

/* Slots that cache_purge_link() looks at for each record it may remove. */
#define PURGE_SCAN 16

static void deferred_free(uint64_t cache, uint64_t idx)
{
	struct cache *c = (struct cache *)(uintptr_t)cache;
	const struct cache_record *r = cache_record_at(&c->view, (uint32_t)idx);

	index_free(c->idents, (int32_t)r->chunk);
	blob_free(c->blobs, r->rdata);
	slab_free(c->record_slab, (uint32_t)idx);
}

/* Nobody finds the record any more; who holds it sees that it is dead. */
static void unpublish(struct cache *c, uint32_t rec, const struct chunk_plan *plan)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	const struct cache_node *n = cache_node_at(&c->view, r->node);
	struct hash128 key = index_ident_key(
		record_ident(c, n->key, r->rrtype, cache_record_rdata(&c->view, r), r->rdlen),
		r->link);
	int32_t pos = index_del(c->idents, &key, (uint32_t)key.lo);

	wheel_cancel(&c->wheel, &r->timer);
	chunk_apply_remove(c, rec, plan);
	record_flags(r, CACHE_REC_DYING, 0);
	atomic_store_explicit(&r->gen, atomic_load_explicit(&r->gen, memory_order_relaxed) + 1,
		memory_order_release);
	/* Listed no more, the record has no other use for this field. */
	r->chunk = (uint32_t)pos;
	defer_push(c->defer, deferred_free, (uintptr_t)c, rec);
	cache_gauge_add(&c->stats.records, -1);
	cache_gauge_add(&c->link_records[r->link], -1);
}

int record_remove(struct cache *c, uint32_t rec, bool keep_hint, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	struct cache_node *n = cache_node_at(&c->view, r->node);
	uint32_t station = r->station;
	struct mac_addr mac = cache_station_at(&c->view, station)->mac;
	struct chunk_plan plan;

	if (!defer_room(c->defer, CACHE_REMOVE_PUSHES) || chunk_plan_remove(c, r, &plan) < 0)
		return -EAGAIN;
	c->ops->removing(c->ops_arg, rec);
	unpublish(c, rec, &plan);
	record_changed(c, r);
	station_unlink(c, rec);
	station_release(c, station);

	if (n->tail == 0 && keep_hint) {
		n->flags |= CACHE_NODE_OWNED;
		n->owner_link = r->link;
		n->owner_mac = mac;
		idle_push(c, r->node, now_ms);
	} else if (n->tail == 0) {
		node_drop(c, r->node);
	}
	hint_withdraw(c, n, r);
	return 0;
}

int cache_remove(struct cache *c, uint32_t rec, uint32_t now_ms)
{
	if (!cache_record_is_live(&c->view, rec))
		return -ENOENT;
	if (record_remove(c, rec, false, now_ms) == 0)
		return 0;
	counter_add(&c->stats.postponed, 1);
	return -EAGAIN;
}

uint32_t cache_purge_link(struct cache *c, uint16_t link, uint32_t now_ms, unsigned budget)
{
	uint32_t max = cache_record_max(c);
	uint64_t slots = (uint64_t)budget * PURGE_SCAN;

	if (link >= c->limits.links)
		return 0;
	if (slots > max)
		slots = max;
	for (; slots > 0 && budget > 0 && c->link_records[link] > 0; slots--) {
		uint32_t idx = c->purge_cursor % max + 1;

		if (cache_record_is_live(&c->view, idx) &&
			cache_record_at(&c->view, idx)->link == link) {
			if (cache_remove(c, idx, now_ms) < 0)
				break;
			budget--;
		}
		c->purge_cursor = idx;
	}
	return c->link_records[link];
}
