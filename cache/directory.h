/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cache/read.h"

/*
 * All types of a name, for questions of type ANY (RFC 6762 §6.5). The usual types are found by one
 * lookup each; nodes of any other type hang on a directory node (name, ANY), which only names that
 * have such types pay for.
 */

#define CACHE_UNUSUAL_MAX                                                                          \
	64 /* unusual types of a name listed at most; further ones ANY does not bring */
#define CACHE_USUAL_TYPES 12
extern const uint16_t cache_usual_types[CACHE_USUAL_TYPES];

/* First node of an unusual type of the name (canonical, len bytes), or 0. Any RCU-online thread. */
uint32_t cache_unusual_first(const struct cache_view *v, const uint8_t *canon, size_t len);

/* The next one after the node at idx, or 0. */
static inline uint32_t cache_unusual_next(const struct cache_view *v, uint32_t idx)
{
	return atomic_load_explicit(&cache_node_at(v, idx)->unusual, memory_order_acquire);
}
