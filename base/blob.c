/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/blob.h"

#include <stdio.h>

/* Classes 0..15 hold items of 16..256 bytes in steps of 16; then four steps to each doubling:
 * 320, 384, 448, 512, 640, ... 8192, 10240. */
#define FINE_CLASSES 16
#define FINE_MAX 256u

#define INDEX_MAX ((UINT32_C(1) << BLOB_INDEX_BITS) - 1)

/* The class of an item of `size` bytes, the length prefix included. */
static unsigned class_of(uint32_t size)
{
	unsigned top;

	if (size <= FINE_MAX)
		return (size - 1) / 16;
	/* size - 1 lies in [2^top, 2^(top + 1)); its next two bits tell the quarter. */
	top = 31 - (unsigned)__builtin_clz(size - 1);
	return FINE_CLASSES + (top - 8) * 4 + (((size - 1) >> (top - 2)) & 3);
}

static uint32_t class_size(unsigned class)
{
	unsigned step;

	if (class < FINE_CLASSES)
		return (class + 1) * 16;
	step = class - FINE_CLASSES;
	return (FINE_MAX << (step / 4)) / 4 * (5 + step % 4);
}

struct blob_store *blob_create(
	const char *name, size_t max_bytes, unsigned socket, const struct slab_mem *mem)
{
	struct blob_store *store = mem->alloc(sizeof(*store), socket);

	if (store == NULL)
		return NULL;
	store->max_bytes = max_bytes;
	store->socket = socket;
	store->mem = mem;
	snprintf(store->name, sizeof(store->name), "%s", name);
	return store;
}

void blob_destroy(struct blob_store *store)
{
	if (store == NULL)
		return;
	for (unsigned i = 0; i < BLOB_CLASSES; i++)
		slab_destroy(store->slabs[i]);
	store->mem->free(store);
}

static struct slab *slab_of_class(struct blob_store *store, unsigned class)
{
	struct slab *slab = store->slabs[class];
	uint32_t size = class_size(class);
	size_t items = store->max_bytes / size;
	char name[32];

	if (slab != NULL || items == 0)
		return slab;
	snprintf(name, sizeof(name), "%s-%u", store->name, size);
	slab = slab_create(name, size, items < INDEX_MAX ? (uint32_t)items : INDEX_MAX,
		store->socket, store->mem);
	__atomic_store_n(&store->slabs[class], slab, __ATOMIC_RELEASE);
	return slab;
}

uint32_t blob_put(struct blob_store *store, const void *data, size_t len)
{
	uint16_t prefix = (uint16_t)len;
	struct slab *slab;
	unsigned class;
	uint8_t *item;
	uint32_t idx;

	if (len == 0 || len > BLOB_MAX)
		return 0;
	class = class_of((uint32_t)len + sizeof(prefix));
	if (class_size(class) > store->max_bytes - store->in_use)
		return 0;
	slab = slab_of_class(store, class);
	if (slab == NULL)
		return 0;
	idx = slab_alloc(slab);
	if (idx == 0)
		return 0;

	item = slab_at(slab, idx);
	memcpy(item, &prefix, sizeof(prefix));
	memcpy(item + sizeof(prefix), data, len);
	__atomic_store_n(&store->in_use, store->in_use + class_size(class), __ATOMIC_RELAXED);
	__atomic_store_n(&store->count, store->count + 1, __ATOMIC_RELAXED);
	return (uint32_t) class << BLOB_INDEX_BITS | idx;
}

void blob_free(struct blob_store *store, uint32_t handle)
{
	unsigned class = handle >> BLOB_INDEX_BITS;

	if (handle == 0 || class >= BLOB_CLASSES || store->slabs[class] == NULL ||
		(handle & INDEX_MAX) == 0)
		return;
	if (!slab_free(store->slabs[class], handle & INDEX_MAX))
		return;
	__atomic_store_n(&store->in_use, store->in_use - class_size(class), __ATOMIC_RELAXED);
	__atomic_store_n(&store->count, store->count - 1, __ATOMIC_RELAXED);
}

size_t blob_in_use(const struct blob_store *store)
{
	return __atomic_load_n(&store->in_use, __ATOMIC_RELAXED);
}

size_t blob_bytes(const struct blob_store *store)
{
	size_t sum = sizeof(*store);

	for (unsigned i = 0; i < BLOB_CLASSES; i++) {
		const struct slab *slab = __atomic_load_n(&store->slabs[i], __ATOMIC_ACQUIRE);

		if (slab != NULL)
			sum += slab_bytes(slab);
	}
	return sum;
}
