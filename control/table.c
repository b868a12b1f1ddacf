/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/table.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

int ctl_table_init(
	struct ctl_table *t, const char *name, uint32_t item_size, uint32_t max, unsigned socket)
{
	uint32_t buckets = 16;

	while (buckets < max && buckets < (1u << 30))
		buckets *= 2;
	t->item_size = item_size;
	t->mask = buckets - 1;
	t->slab = slab_create(name, item_size, max, socket, &slab_mem_dpdk);
	t->bucket = slab_mem_dpdk.alloc((size_t)buckets * sizeof(*t->bucket), socket);
	if (t->slab != NULL && t->bucket != NULL)
		return 0;
	ctl_table_fini(t);
	return -ENOMEM;
}

void ctl_table_fini(struct ctl_table *t)
{
	slab_destroy(t->slab);
	slab_mem_dpdk.free(t->bucket);
	memset(t, 0, sizeof(*t));
}

uint32_t ctl_table_find(const struct ctl_table *t, struct hash128 key)
{
	uint32_t idx = t->bucket[key.lo & t->mask];

	while (idx != 0) {
		const struct ctl_entry *e = ctl_table_at(t, idx);

		if (hash_equal(e->key, key))
			break;
		idx = e->next;
	}
	return idx;
}

uint32_t ctl_table_add(struct ctl_table *t, struct hash128 key)
{
	uint32_t idx = slab_alloc(t->slab);
	struct ctl_entry *e;
	uint32_t *head;

	if (idx == 0)
		return 0;
	e = ctl_table_at(t, idx);
	memset(e, 0, t->item_size);
	e->key = key;
	head = &t->bucket[key.lo & t->mask];
	e->next = *head;
	*head = idx;
	return idx;
}

void ctl_table_del(struct ctl_table *t, uint32_t idx)
{
	struct ctl_entry *e = ctl_table_at(t, idx);
	uint32_t *link = &t->bucket[e->key.lo & t->mask];

	while (*link != 0 && *link != idx)
		link = &((struct ctl_entry *)ctl_table_at(t, *link))->next;
	if (*link == 0)
		return;
	*link = e->next;
	slab_free(t->slab, idx);
}

void ctl_table_clear(struct ctl_table *t)
{
	uint32_t limit = slab_limit(t->slab);

	for (uint32_t i = 1; i < limit; i++)
		if (slab_live(t->slab, i))
			slab_free(t->slab, i);
	memset(t->bucket, 0, ((size_t)t->mask + 1) * sizeof(*t->bucket));
}
