/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/siphash.h"
#include "base/slab.h"

/*
 * A bounded hash table of control's own: items in a slab, found by a 128-bit *keyed* hash of what
 * they stand for. The hash is compared and nothing else: its key is secret, so nobody can make two
 * names meet, and by chance they do not. Items never move, so they may embed timers and list links.
 * Control thread only.
 */

/* First member of every item. */
struct ctl_entry {
	struct hash128 key;
	uint32_t next; /* of its bucket; 0: last */
};

struct ctl_table {
	struct slab *slab;
	uint32_t *bucket; /* item indexes; 0: empty */
	uint32_t mask;
	uint32_t item_size;
};

/*
 * Room for `max` items of item_size bytes (with the entry); pages come as they are needed. name: <=
 * 31 characters. 0 or -ENOMEM.
 */
int ctl_table_init(
	struct ctl_table *t, const char *name, uint32_t item_size, uint32_t max, unsigned socket);

/* Frees all. A zeroed table is fine. */
void ctl_table_fini(struct ctl_table *t);

/* Index of the item with this key, or 0. */
uint32_t ctl_table_find(const struct ctl_table *t, struct hash128 key);

/* Adds an item, zeroed but for its entry; the key must not be there yet. Its index, or 0: full. */
uint32_t ctl_table_add(struct ctl_table *t, struct hash128 key);

/* Removes the item; its index may be given out again at once. */
void ctl_table_del(struct ctl_table *t, uint32_t idx);

/* Removes every item. O(items there ever were). */
void ctl_table_clear(struct ctl_table *t);

static inline void *ctl_table_at(const struct ctl_table *t, uint32_t idx)
{
	return slab_at(t->slab, idx);
}

static inline uint32_t ctl_table_count(const struct ctl_table *t)
{
	return slab_in_use(t->slab);
}
