/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include <errno.h>
#include <stdio.h>

#include <rte_hash.h>

/*
 * The three hash indexes on rte_hash, as it is in DPDK 22.11:
 *
 * - RW_CONCURRENCY_LF takes no lock for writers: control is the only one.
 * - No built-in RCU: its queue loses slots when full and frees only on later calls. A delete gives
 * the key's position, which goes through our deferral to index_free(); that recycles an empty
 * extension bucket too.
 * - An add on an existing key would swap the data without a trace: callers look first.
 * - EXT_TABLE, so that a full pair of buckets is not an error.
 *
 * Keys are keyed digests already (but stations'), so the signature is their low half and nothing is
 * hashed twice.
 */

/* An odd constant: distinct links give distinct keys for one identity. */
#define LINK_MIX UINT64_C(0x9e3779b97f4a7c15)

/* rte_hash only calls this if someone forgets *_with_hash; then it must agree with it. */
static uint32_t low_word(const void *key, uint32_t len, uint32_t init)
{
	uint64_t lo;

	(void)len;
	(void)init;
	memcpy(&lo, key, sizeof(lo));
	return (uint32_t)lo;
}

struct rte_hash *index_create(
	const char *name, const char *suffix, uint32_t entries, uint32_t key_len, unsigned socket)
{
	char full[17]; /* longer names would be cut silently in the rings' names */
	struct rte_hash_parameters params = {
		.name = full,
		.entries = entries,
		.key_len = key_len,
		.hash_func = low_word,
		.socket_id = (int)socket,
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(full, sizeof(full), "%s%s", name, suffix);
	return rte_hash_create(&params);
}

int index_add(struct rte_hash *h, const void *key, uint32_t sig, uint32_t value)
{
	return rte_hash_add_key_with_hash_data(h, key, sig, (void *)(uintptr_t)value);
}

/* The position to give to index_free() after the grace period, or -ENOENT. */
int32_t index_del(struct rte_hash *h, const void *key, uint32_t sig)
{
	return rte_hash_del_key_with_hash(h, key, sig);
}

uint32_t index_find(const struct rte_hash *h, const void *key, uint32_t sig)
{
	void *data;

	if (rte_hash_lookup_with_hash_data(h, key, sig, &data) < 0)
		return 0;
	return (uint32_t)(uintptr_t)data;
}

void index_free(struct rte_hash *h, int32_t pos)
{
	if (pos >= 0)
		rte_hash_free_key_with_position(h, pos);
}

struct hash128 index_ident_key(struct hash128 ident, uint16_t link)
{
	ident.hi += link * LINK_MIX;
	return ident;
}

uint64_t index_station_key(uint16_t link, const struct mac_addr *mac)
{
	return (uint64_t)link << 48 | mac_to_u64(mac);
}

uint32_t index_station_sig(const struct cache_view *v, uint64_t key)
{
	/* The one key that stations choose: hashed with a secret, lest they fill one bucket. */
	return (uint32_t)hash_bytes(&v->key, &key, sizeof(key)).lo;
}
