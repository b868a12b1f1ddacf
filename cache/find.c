/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/read.h"

#include <rte_hash.h>

#include "cache/cache.h"
#include "cache/state.h"
#include "dns/name.h"

/* What any RCU-online thread may call: lookups, and the questions of those who page over slots. */

#define BULK_MAX RTE_HASH_LOOKUP_BULK_MAX

struct hash128 cache_key(
	const struct cache_view *v, const uint8_t *canon, size_t len, uint16_t rrtype)
{
	uint64_t s[4];

	sip_start(s, &v->key);
	s[1] ^= 0xee;
	sip_word(s, rrtype, 1);
	sip_absorb(s, canon, len, 1);
	return sip_finish128(s, 3);
}

struct hash128 cache_ident(
	const struct cache_view *v, struct hash128 node_key, const uint8_t *rdata_canon, size_t len)
{
	uint64_t s[4];

	sip_start(s, &v->key);
	s[1] ^= 0xee;
	sip_word(s, node_key.lo, 1);
	sip_word(s, node_key.hi, 1);
	sip_absorb(s, rdata_canon, len, 1);
	return sip_finish128(s, 3);
}

bool cache_node_is(
	const struct cache_view *v, const struct cache_node *n, const uint8_t *name, size_t len)
{
	return n->name_len == len && dns_name_equal_len(cache_node_name(v, n), name, len);
}

uint32_t cache_find_node(
	const struct cache_view *v, struct hash128 key, const uint8_t *name, size_t len)
{
	uint32_t idx = index_find(v->nodes, &key, (uint32_t)key.lo);

	if (cache_noting(v))
		cache_deps_name(v->deps, key.lo);
	if (idx == 0 || !cache_node_is(v, cache_node_at(v, idx), name, len))
		return 0;
	return idx;
}

void cache_find_nodes(
	const struct cache_view *v, const struct hash128 *const keys[], unsigned n, uint32_t idx[])
{
	const void *key[BULK_MAX];
	hash_sig_t sig[BULK_MAX];
	void *data[BULK_MAX];
	uint64_t hits = 0;

	if (n == 0 || n > BULK_MAX)
		return;
	for (unsigned i = 0; i < n; i++) {
		key[i] = keys[i];
		sig[i] = (hash_sig_t)keys[i]->lo;
		idx[i] = 0;
	}
	rte_hash_lookup_with_hash_bulk_data(v->nodes, key, sig, n, &hits, data);
	/* data[] is written for hits only. */
	for (; hits != 0; hits &= hits - 1) {
		unsigned i = (unsigned)__builtin_ctzll(hits);

		idx[i] = (uint32_t)(uintptr_t)data[i];
	}
}

uint32_t cache_find_record(const struct cache_view *v, struct hash128 ident, uint16_t link)
{
	struct hash128 key = index_ident_key(ident, link);

	return index_find(v->idents, &key, (uint32_t)key.lo);
}

uint32_t cache_find_station(const struct cache_view *v, uint16_t link, const struct mac_addr *mac)
{
	uint64_t key = index_station_key(link, mac);

	return index_find(v->stations, &key, index_station_sig(v, key));
}

bool cache_record_is_live(const struct cache_view *v, uint32_t idx)
{
	const struct cache_record *r;

	if (idx == 0 || idx >= slab_limit(v->record_slab))
		return false;
	r = cache_record_at(v, idx);
	return atomic_load_explicit(&r->gen, memory_order_acquire) & 1;
}

bool cache_station_is_live(const struct cache_view *v, uint32_t idx)
{
	if (idx == 0 || idx >= slab_limit(v->station_slab))
		return false;
	return cache_station_life(cache_station_at(v, idx)) & 1;
}
