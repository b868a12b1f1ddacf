/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/siphash.h"

/*
 * What a reader looked up lately by name and type (cache_find()): the key, which costs a hash of
 * the whole name, and the node that was found. Answering a query looks up the same names again and
 * again: an instance's SRV, its host's addresses. A slot is found by where the name lies, and holds
 * the name itself: what lies there now is compared. A node is believed if it is published and has
 * the key; none that was found is looked for again. Belongs to the reader of the view that has it.
 */

#define CACHE_MEMO_SLOTS 2048 /* power of two */
#define CACHE_MEMO_NAME 100   /* longer names are not remembered */

struct cache_memo_slot {
	struct hash128 key;
	uint32_t node;                 /* 0: none was found */
	uint16_t rrtype;               /* host order */
	uint8_t len;                   /* of the name; 0: free */
	uint8_t name[CACHE_MEMO_NAME]; /* canonical */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct cache_memo_slot) == 128, "two lines");

struct cache_memo {
	struct cache_memo_slot slot[CACHE_MEMO_SLOTS];
};

static inline struct cache_memo_slot *cache_memo_at(
	struct cache_memo *m, const uint8_t *name, uint16_t rrtype)
{
	uint64_t h = ((uintptr_t)name ^ (uint64_t)rrtype << 48) * UINT64_C(0x9e3779b97f4a7c15);

	return &m->slot[h >> 40 & (CACHE_MEMO_SLOTS - 1)];
}
