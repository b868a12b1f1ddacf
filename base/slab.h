/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Type-stable slabs: items of one size, addressed by a 32-bit index (0 = none). Pages are allocated
 * as they are needed and neither freed nor moved until slab_destroy(), so a reader may dereference
 * an index it got long ago: it finds an item of the same type, perhaps another one. An item is
 * zeroed when its page is made and never again; slab_free() leaves its bytes alone. So a
 * generation field inside the item survives, and a reader that kept (index, generation) can tell.
 * Which free item the next slab_alloc() returns is unspecified.
 *
 * One writer allocates and frees; any thread may use slab_at() with an index that was published to
 * it with release order (or is simply stale).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct slab {
	uint8_t **pages;     /* page table, whole from the start; entries: writer sets once */
	uint32_t page_shift; /* items per page = 1 << page_shift */
	uint32_t page_mask;  /* ... less one */
	uint32_t stride;     /* bytes from item to item */

	/* From here on: the writer, but for `limit` and the counters, which anyone may read. */
	uint32_t limit;     /* indexes below it have been handed out at some time */
	uint32_t max;       /* items */
	uint32_t free_head; /* LIFO of free indexes */
	uint32_t in_use;
	uint32_t high_water;
	uint32_t n_pages;
	uint32_t max_pages;
	unsigned socket;
	const struct slab_mem *mem;
	char name[32];
};

/* Make a slab of up to max_items (≤ 2^31) items of item_size bytes (1..64 KiB). The stride is the
 * size rounded up to 8 and pages start on a cache line, so items whose size is a multiple of 64
 * are cache-aligned. NULL when there is no memory or an argument is out of range. */
struct slab *slab_create(const char *name, size_t item_size, uint32_t max_items, unsigned socket,
	const struct slab_mem *mem);

/* Free all pages. No reader may be left. NULL is fine. */
void slab_destroy(struct slab *slab);

/* Writer. An index, or 0 if the slab is full or no page can be had. Amortised O(1); a new page
 * costs the zeroing of its ≤ 256 KiB. */
uint32_t slab_alloc(struct slab *slab);

/* Writer. Give an index back, after the grace period if readers knew it. 0 is ignored. An index
 * that is not in use is refused: false, and nothing changes. */
bool slab_free(struct slab *slab, uint32_t idx);

/* The item. idx must come from slab_alloc() at some time; any thread, no lock. */
static inline void *slab_at(const struct slab *slab, uint32_t idx)
{
	uint8_t *page = slab->pages[idx >> slab->page_shift];

	return page + (size_t)(idx & slab->page_mask) * slab->stride;
}

/* Writer. Whether the index is handed out and not freed: for sweeps over 1..slab_limit() - 1. */
bool slab_live(const struct slab *slab, uint32_t idx);

/* Any thread. Indexes 1..limit - 1 have been handed out at some time and may be dereferenced; for
 * readers that page over a slab (they tell live items by the item's own fields). */
static inline uint32_t slab_limit(const struct slab *slab)
{
	return __atomic_load_n(&slab->limit, __ATOMIC_ACQUIRE);
}

/* Any thread: items handed out now, the most there ever were, and the bytes of pages held. */
static inline uint32_t slab_in_use(const struct slab *slab)
{
	return __atomic_load_n(&slab->in_use, __ATOMIC_RELAXED);
}

static inline uint32_t slab_high_water(const struct slab *slab)
{
	return __atomic_load_n(&slab->high_water, __ATOMIC_RELAXED);
}

size_t slab_bytes(const struct slab *slab);
