/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An index from contents to small numbers, by which equal things are kept once (hash-consing):
 * texts, rows of verdicts, sets. The things stay with the caller, who compares them. Only grows.
 * One writer; readers beside it only while it does not change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define POLICY_NO_ID UINT32_MAX

struct policy_index {
	struct policy_index_slot {
		uint32_t hash;
		uint32_t id; /* POLICY_NO_ID: empty */
	} * slots;
	uint32_t mask; /* slots - 1, a power of two less one; with slots NULL: 0 */
	uint32_t n;
};

/* Is thing `id` the one that is looked for? */
typedef bool (*policy_index_eq)(const void *ctx, uint32_t id, const void *key, size_t len);

/*
 * Hash of len bytes: fast and well mixed, without a key. Whoever chooses colliding contents costs
 * comparisons, never a wrong result, and the contents are bounded by the configuration.
 */
static inline uint32_t policy_hash(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0x9e3779b97f4a7c15ULL ^ len, w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	w = 0;
	for (size_t i = 0; i < len; i++)
		w |= (uint64_t)p[i] << (8 * i);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(h >> 32);
}

/* The id whose thing equals (key, len), or POLICY_NO_ID. Inline, so that `eq` is no call. */
static inline uint32_t policy_index_find(const struct policy_index *x, uint32_t hash,
	policy_index_eq eq, const void *ctx, const void *key, size_t len)
{
	if (!x->slots)
		return POLICY_NO_ID;
	for (uint32_t i = hash & x->mask; x->slots[i].id != POLICY_NO_ID; i = (i + 1) & x->mask)
		if (x->slots[i].hash == hash && eq(ctx, x->slots[i].id, key, len))
			return x->slots[i].id;
	return POLICY_NO_ID;
}

/* Adds an id that is not there yet. 0, or -ENOMEM with the index as it was. */
int policy_index_add(struct policy_index *x, uint32_t hash, uint32_t id);

void policy_index_free(struct policy_index *x);
