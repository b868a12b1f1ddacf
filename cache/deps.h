/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

/*
 * What an answer rests on: which names were looked up to make it, found or not, and whose records
 * were looked at. A reader that keeps an answer has it noted while the answer is made, and is told
 * by cache_ops.changed when one of the names is not what it was. Belongs to the reader of the view
 * that has it.
 */

#define CACHE_DEPS_MAX 64

struct cache_deps {
	bool on;
	bool overflow;                /* more names than there is room for */
	bool contested;               /* a name in conflict: who may hear it is another matter */
	uint16_t n;                   /* names */
	uint32_t steady_ms;           /* for so long no TTL of it changes in an answer */
	uint64_t owners;              /* mac_bit() of the stations whose records were looked at */
	uint64_t links;               /* cache_link_bit() of their links */
	uint64_t key[CACHE_DEPS_MAX]; /* low halves of node keys, in order, doubles left out */
};

static inline void cache_deps_begin(struct cache_deps *d)
{
	d->on = true;
	d->overflow = false;
	d->contested = false;
	d->n = 0;
	d->steady_ms = UINT32_MAX;
	d->owners = 0;
	d->links = 0;
}

/* A set of one in a word: a member says yes for sure, others may. */
static inline uint64_t cache_mac_bit(const struct mac_addr *mac)
{
	uint64_t v = 0;

	memcpy(&v, mac->b, sizeof(mac->b));
	return UINT64_C(1) << (v * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

static inline uint64_t cache_link_bit(uint16_t link)
{
	return UINT64_C(1) << (link * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* The node with this key was looked for. */
void cache_deps_name(struct cache_deps *d, uint64_t key);
