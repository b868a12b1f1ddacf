/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * What an answer rests on: which names were looked up to make it, found or not, and whose records
 * were looked at. A reader that keeps an answer has it noted while the answer is made, and is told
 * by cache_ops.changed when one of the names is not what it was. Belongs to the reader of the view
 * that has it.
 */

#define CACHE_DEPS_MAX 64

/* A set of stations: members are in it for sure, a few others may seem to be. */
struct cache_owners {
	uint64_t one;    /* mac_word() of the only one; CACHE_OWNERS_NONE, or ..._MANY: see bits */
	uint64_t bit[8]; /* two of each */
};

#define CACHE_OWNERS_NONE UINT64_MAX
#define CACHE_OWNERS_MANY (UINT64_MAX - 1)

struct cache_deps {
	bool on;
	bool overflow;              /* more names than there is room for */
	bool contested;             /* a name in conflict: who may hear it is another matter */
	uint8_t facts;              /* POLICY_FACT_*: what of the asker was looked at */
	uint16_t n;                 /* names */
	uint32_t steady_ms;         /* for so long no TTL of it changes in an answer */
	uint64_t links;             /* cache_link_bit() of the links whose records were looked at */
	struct cache_owners owners; /* ... and their stations */
	uint64_t key[CACHE_DEPS_MAX]; /* low halves of node keys, in order, doubles left out */
};

static inline void cache_deps_begin(struct cache_deps *d)
{
	d->on = true;
	d->overflow = false;
	d->contested = false;
	d->facts = 0;
	d->n = 0;
	d->steady_ms = UINT32_MAX;
	d->links = 0;
	d->owners = (struct cache_owners){.one = CACHE_OWNERS_NONE};
}

static inline void cache_owners_add(struct cache_owners *o, uint64_t mac_word)
{
	uint64_t h = mac_word * UINT64_C(0x9e3779b97f4a7c15);

	if (o->one != mac_word)
		o->one = o->one == CACHE_OWNERS_NONE ? mac_word : CACHE_OWNERS_MANY;
	o->bit[h >> 61] |= UINT64_C(1) << (h >> 55 & 63);
	o->bit[h >> 52 & 7] |= UINT64_C(1) << (h >> 46 & 63);
}

/* Of many, after the only one was asked for. bit: of a struct cache_owners. */
static inline bool cache_owners_bits(const uint64_t bit[8], uint64_t mac_word)
{
	uint64_t h = mac_word * UINT64_C(0x9e3779b97f4a7c15);

	return (bit[h >> 61] >> (h >> 55 & 63) & bit[h >> 52 & 7] >> (h >> 46 & 63) & 1) != 0;
}

static inline bool cache_owners_may(uint64_t one, const uint64_t bit[8], uint64_t mac_word)
{
	return one == mac_word || (one == CACHE_OWNERS_MANY && cache_owners_bits(bit, mac_word));
}

/* A set of links in a word, of the same kind. */
static inline uint64_t cache_link_bit(uint16_t link)
{
	return UINT64_C(1) << (link * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* The node with this key was looked for. */
void cache_deps_name(struct cache_deps *d, uint64_t key);
