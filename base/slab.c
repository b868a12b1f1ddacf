/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include <stdio.h>

#define SLAB_PAGE_BYTES (256u * 1024) /* aimed at; fewer for small slabs */
#define SLAB_ITEM_MAX (64u * 1024)
#define SLAB_MAX_ITEMS (UINT32_C(1) << 31)

/* In a page's table of links, behind its items: not free. Free items hold the next free index, 0 at
 * the end. The links stand apart from the items, so that a free leaves an item's bytes alone. */
#define SLAB_USED UINT32_MAX

static size_t page_items(const struct slab *slab)
{
	return (size_t)1 << slab->page_shift;
}

static size_t page_bytes(const struct slab *slab)
{
	return page_items(slab) * (slab->stride + sizeof(uint32_t));
}

static uint32_t *link_of(const struct slab *slab, uint32_t idx)
{
	uint8_t *page = slab->pages[idx >> slab->page_shift];
	uint32_t *links = (uint32_t *)(page + page_items(slab) * slab->stride);

	return &links[idx & (page_items(slab) - 1)];
}

struct slab *slab_create(const char *name, size_t item_size, uint32_t max_items, unsigned socket,
	const struct slab_mem *mem)
{
	struct slab *slab;

	if (item_size == 0 || item_size > SLAB_ITEM_MAX || max_items == 0 ||
		max_items > SLAB_MAX_ITEMS)
		return NULL;
	slab = mem->alloc(sizeof(*slab), socket);
	if (slab == NULL)
		return NULL;
	slab->stride = (uint32_t)((item_size + 7) & ~(size_t)7);
	slab->max = max_items;
	slab->limit = 1; /* index 0 is never handed out */
	slab->socket = socket;
	slab->mem = mem;
	snprintf(slab->name, sizeof(slab->name), "%s", name);

	/* The largest power of two of items that fits a page, or a page for all there may be. */
	while (page_items(slab) <= max_items && page_bytes(slab) * 2 <= SLAB_PAGE_BYTES)
		slab->page_shift++;
	slab->page_mask = (1u << slab->page_shift) - 1;
	slab->max_pages = (uint32_t)(((uint64_t)max_items >> slab->page_shift) + 1);
	slab->pages = mem->alloc(slab->max_pages * sizeof(slab->pages[0]), socket);
	if (slab->pages == NULL) {
		mem->free(slab);
		return NULL;
	}
	return slab;
}

void slab_destroy(struct slab *slab)
{
	if (slab == NULL)
		return;
	for (uint32_t i = 0; i < slab->n_pages; i++)
		slab->mem->free(slab->pages[i]);
	slab->mem->free(slab->pages);
	slab->mem->free(slab);
}

/* An index that was never handed out, on a new page if need be; 0 when there is none left. */
static uint32_t take_fresh(struct slab *slab)
{
	uint32_t idx = slab->limit;

	if (idx > slab->max)
		return 0;
	if (idx >> slab->page_shift >= slab->n_pages) {
		uint8_t *page = slab->mem->alloc(page_bytes(slab), slab->socket);

		if (page == NULL)
			return 0;
		__atomic_store_n(&slab->pages[slab->n_pages], page, __ATOMIC_RELEASE);
		__atomic_store_n(&slab->n_pages, slab->n_pages + 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&slab->limit, idx + 1, __ATOMIC_RELEASE);
	return idx;
}

uint32_t slab_alloc(struct slab *slab)
{
	uint32_t idx = slab->free_head;

	if (idx != 0) {
		slab->free_head = *link_of(slab, idx);
	} else {
		idx = take_fresh(slab);
		if (idx == 0)
			return 0;
	}
	*link_of(slab, idx) = SLAB_USED;
	__atomic_store_n(&slab->in_use, slab->in_use + 1, __ATOMIC_RELAXED);
	if (slab->in_use > slab->high_water)
		__atomic_store_n(&slab->high_water, slab->in_use, __ATOMIC_RELAXED);
	return idx;
}

bool slab_live(const struct slab *slab, uint32_t idx)
{
	return idx > 0 && idx < slab->limit && *link_of(slab, idx) == SLAB_USED;
}

bool slab_free(struct slab *slab, uint32_t idx)
{
	if (idx == 0)
		return true;
	if (!slab_live(slab, idx))
		return false;
	*link_of(slab, idx) = slab->free_head;
	slab->free_head = idx;
	__atomic_store_n(&slab->in_use, slab->in_use - 1, __ATOMIC_RELAXED);
	return true;
}

size_t slab_bytes(const struct slab *slab)
{
	return sizeof(*slab) + slab->max_pages * sizeof(slab->pages[0]) +
	       __atomic_load_n(&slab->n_pages, __ATOMIC_RELAXED) * page_bytes(slab);
}
