/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/cache.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_hash.h>

#include "cache/state.h"

/* Making and freeing the cache, its limits and its figures. */

#define NAME_MAX_LEN 10
#define RECORDS_MAX (UINT32_C(1) << 25) /* so that blob handles and hash entries have the bits */
#define TTL_MAX 2000000u                /* seconds: milliseconds of it compare by difference */
#define BLOB_PER_RECORD 256u /* bytes: twice the mean of names and rdata, with room for ... */
#define BLOB_FLOOR (UINT32_C(1) << 20) /* ... a few long ones in a small cache */

/* What waits in the deferral still holds its slots and hash entries: so many more than the limit
 * says. */
static uint32_t with_spare(uint32_t n)
{
	return n + n / 64 + 256;
}

/*
 * Hints are nodes beyond those of the records. 1/32 more: with the spare, the hash of a million
 * records stays below 2^20 entries, where its tables would double. (Most records gone idle leave
 * room of their own.)
 */
static uint32_t node_limit(uint32_t records)
{
	return records + records / 32 + 64;
}

static int make_slabs(struct cache *c, unsigned socket)
{
	const struct slab_mem *mem = &slab_mem_dpdk;
	const struct cache_limits *l = &c->limits;
	uint32_t records = with_spare(l->records);
	size_t small = sizeof(struct cache_chunk) + CACHE_CHUNK_SMALL * sizeof(uint32_t);
	size_t large = sizeof(struct cache_chunk) + CACHE_CHUNK_LARGE * sizeof(uint32_t);

	c->record_slab = slab_create("records", sizeof(struct cache_record), records, socket, mem);
	c->node_slab = slab_create(
		"nodes", sizeof(struct cache_node), with_spare(c->max_nodes), socket, mem);
	c->station_slab = slab_create(
		"stations", sizeof(struct cache_station), with_spare(l->stations), socket, mem);
	/* Each lists a record, or is the replaced copy of one that does. */
	c->chunk_small = slab_create("chunks-small", small, 2 * records, socket, mem);
	c->chunk_large = slab_create("chunks-large", large, 2 * records, socket, mem);
	c->blobs = blob_create(
		"blobs", (size_t)l->records * BLOB_PER_RECORD + BLOB_FLOOR, socket, mem);
	if (c->record_slab == NULL || c->node_slab == NULL || c->station_slab == NULL ||
		c->chunk_small == NULL || c->chunk_large == NULL || c->blobs == NULL)
		return -ENOMEM;
	return 0;
}

static int make_indexes(struct cache *c, const char *name, unsigned socket)
{
	const struct cache_limits *l = &c->limits;

	c->nodes =
		index_create(name, "_n", with_spare(c->max_nodes), sizeof(struct hash128), socket);
	if (c->nodes == NULL)
		return -rte_errno;
	c->idents =
		index_create(name, "_i", with_spare(l->records), sizeof(struct hash128), socket);
	if (c->idents == NULL)
		return -rte_errno;
	c->stations = index_create(name, "_s", with_spare(l->stations), sizeof(uint64_t), socket);
	return c->stations != NULL ? 0 : -rte_errno;
}

static bool limits_are_valid(const struct cache_limits *l)
{
	return l->records > 0 && l->records <= RECORDS_MAX && l->stations > 0 &&
	       l->stations <= RECORDS_MAX && l->links > 0 && l->ttl > 0 && l->ttl <= TTL_MAX;
}

struct cache *cache_create(const char *name, const struct cache_limits *limits,
	const struct sip_key *key, struct defer *defer, const struct cache_ops *ops, void *arg,
	unsigned socket, uint32_t now_ms, uint64_t seed)
{
	const struct slab_mem *mem = &slab_mem_dpdk;
	struct cache *c;
	int rc = -ENOMEM;

	if (strlen(name) > NAME_MAX_LEN || !limits_are_valid(limits)) {
		errno = EINVAL;
		return NULL;
	}
	c = mem->alloc(sizeof(*c), socket);
	if (c == NULL)
		goto fail;
	c->limits = *limits;
	c->max_nodes = node_limit(limits->records);
	c->defer = defer;
	c->ops = ops;
	c->ops_arg = arg;
	c->now_ms = now_ms;
	wheel_init(&c->wheel, now_ms);
	rng_seed(&c->rng, seed);
	c->link_records = mem->alloc(limits->links * sizeof(c->link_records[0]), socket);
	c->link_stations = mem->alloc(limits->links * sizeof(c->link_stations[0]), socket);
	c->link_askers = mem->alloc(limits->links * sizeof(c->link_askers[0]), socket);
	if (c->link_records == NULL || c->link_stations == NULL || c->link_askers == NULL)
		goto fail;
	rc = make_slabs(c, socket);
	if (rc < 0)
		goto fail;
	rc = make_indexes(c, name, socket);
	if (rc < 0)
		goto fail;

	c->view = (struct cache_view){
		.nodes = c->nodes,
		.idents = c->idents,
		.stations = c->stations,
		.record_slab = c->record_slab,
		.node_slab = c->node_slab,
		.station_slab = c->station_slab,
		.chunk_small = c->chunk_small,
		.chunk_large = c->chunk_large,
		.blobs = c->blobs,
		.key = *key,
	};
	return c;

fail:
	cache_destroy(c);
	errno = -rc;
	return NULL;
}

void cache_destroy(struct cache *c)
{
	const struct slab_mem *mem = &slab_mem_dpdk;

	if (c == NULL)
		return;
	/* Each turn starts the next grace period; with no reader online it is over at once. */
	while (defer_pending(c->defer) > 0 && defer_turn(c->defer, UINT32_MAX) > 0)
		;
	rte_hash_free(c->nodes);
	rte_hash_free(c->idents);
	rte_hash_free(c->stations);
	blob_destroy(c->blobs);
	slab_destroy(c->chunk_large);
	slab_destroy(c->chunk_small);
	slab_destroy(c->station_slab);
	slab_destroy(c->node_slab);
	slab_destroy(c->record_slab);
	mem->free(c->link_records);
	mem->free(c->link_stations);
	mem->free(c->link_askers);
	mem->free(c);
}

const struct cache_view *cache_view(const struct cache *c)
{
	return &c->view;
}

uint32_t cache_link_records(const struct cache *c, uint16_t link)
{
	if (link >= c->limits.links)
		return 0;
	return __atomic_load_n(&c->link_records[link], __ATOMIC_RELAXED);
}

uint32_t cache_record_max(const struct cache *c)
{
	return slab_limit(c->record_slab) - 1;
}

uint32_t cache_station_max(const struct cache *c)
{
	return slab_limit(c->station_slab) - 1;
}

void cache_stats(const struct cache *c, struct cache_stats *out)
{
	const struct cache_stats *s = &c->stats;

	out->records = __atomic_load_n(&s->records, __ATOMIC_RELAXED);
	out->nodes = __atomic_load_n(&s->nodes, __ATOMIC_RELAXED);
	out->stations = __atomic_load_n(&s->stations, __ATOMIC_RELAXED);
	out->hints = __atomic_load_n(&s->hints, __ATOMIC_RELAXED);
	out->bytes = slab_bytes(c->record_slab) + slab_bytes(c->node_slab) +
		     slab_bytes(c->station_slab) + slab_bytes(c->chunk_small) +
		     slab_bytes(c->chunk_large) + blob_bytes(c->blobs);
	for (unsigned i = 0; i < CACHE_OUTCOMES; i++)
		out->outcome[i] = counter_read(&s->outcome[i]);
	out->expired = counter_read(&s->expired);
	out->flushed = counter_read(&s->flushed);
	out->postponed = counter_read(&s->postponed);
	out->hint_refused = counter_read(&s->hint_refused);
}
