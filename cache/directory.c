/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/directory.h"

#include "cache/state.h"
#include "dns/wire.h"

const uint16_t cache_usual_types[CACHE_USUAL_TYPES] = {DNS_TYPE_PTR, DNS_TYPE_SRV, DNS_TYPE_TXT,
	DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_NSEC, DNS_TYPE_HINFO, DNS_TYPE_CNAME, DNS_TYPE_DNAME,
	DNS_TYPE_SVCB, DNS_TYPE_HTTPS, DNS_TYPE_LOC};

static bool is_listed(uint16_t rrtype)
{
	for (unsigned i = 0; i < CACHE_USUAL_TYPES; i++)
		if (cache_usual_types[i] == rrtype)
			return false;
	return rrtype != DNS_TYPE_ANY;
}

uint32_t cache_unusual_first(const struct cache_view *v, const uint8_t *canon, size_t len)
{
	uint32_t dir = cache_find_node(v, cache_key(v, canon, len, DNS_TYPE_ANY), canon, len);

	return dir != 0 ? cache_unusual_next(v, dir) : 0;
}

void directory_add(struct cache *c, uint32_t idx)
{
	struct cache_node *n = cache_node_at(&c->view, idx), *d;
	const uint8_t *name = cache_node_name(&c->view, n);
	struct hash128 key;
	uint32_t dir;

	atomic_store_explicit(&n->unusual, 0, memory_order_relaxed);
	if (!is_listed(n->rrtype))
		return;
	key = node_key_of(c, name, n->name_len, DNS_TYPE_ANY);
	dir = cache_find_node(&c->view, key, name, n->name_len);
	if (dir == 0)
		dir = node_make(c, key, name, n->name_len, DNS_TYPE_ANY);
	if (dir == 0)
		return; /* ANY will not bring this type: counted by whoever had no room */
	d = cache_node_at(&c->view, dir);
	if (atomic_load_explicit(&d->count, memory_order_relaxed) == CACHE_UNUSUAL_MAX)
		return;
	atomic_store_explicit(&d->count, atomic_load_explicit(&d->count, memory_order_relaxed) + 1,
		memory_order_relaxed);
	idle_unlink(c, dir);
	atomic_store_explicit(&n->unusual, cache_unusual_next(&c->view, dir), memory_order_relaxed);
	atomic_store_explicit(&d->unusual, idx, memory_order_release);
	node_changed(c, dir);
}

void directory_remove(struct cache *c, uint32_t idx)
{
	const struct cache_node *n = cache_node_at(&c->view, idx);
	const uint8_t *name = cache_node_name(&c->view, n);
	struct cache_node *d;
	uint32_t dir, at, next;

	if (!is_listed(n->rrtype))
		return;
	dir = cache_find_node(
		&c->view, node_key_of(c, name, n->name_len, DNS_TYPE_ANY), name, n->name_len);
	for (at = dir; at != 0; at = next) {
		next = cache_unusual_next(&c->view, at);
		if (next != idx)
			continue;
		/* The node keeps its own link: a reader that stands on it goes on. */
		atomic_store_explicit(&cache_node_at(&c->view, at)->unusual,
			cache_unusual_next(&c->view, idx), memory_order_release);
		d = cache_node_at(&c->view, dir);
		atomic_store_explicit(&d->count,
			atomic_load_explicit(&d->count, memory_order_relaxed) - 1,
			memory_order_relaxed);
		node_changed(c, dir);
		break;
	}
	if (dir != 0 && cache_unusual_next(&c->view, dir) == 0)
		idle_push_overdue(c, dir, c->now_ms);
}
