/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Immutable byte strings (names, rdata) of 1..9000 bytes in size-classed slabs, addressed by a
 * 32-bit handle (0 = none). The cost over the bytes is a 2-byte length and rounding: to 16 bytes
 * up to 256, by a quarter of the power of two below beyond that.
 *
 * One writer puts and frees; readers dereference published handles without a lock. As slabs are
 * type-stable, a stale handle still reads inside one item (its length never exceeds the item),
 * though the bytes may be another string's.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slab.h"

#define BLOB_MAX 9000
#define BLOB_CLASSES 37
#define BLOB_INDEX_BITS 26 /* of a handle; the class is above */

struct blob_store {
	struct slab *slabs[BLOB_CLASSES]; /* made on first use: writer sets once */
	size_t in_use;                    /* writer; bytes of items in use, rounding included */
	size_t count;                     /* writer; strings held */
	size_t max_bytes;
	unsigned socket;
	const struct slab_mem *mem;
	char name[24];
};

/* Make a store that holds up to max_bytes, rounding included. NULL when there is no memory. */
struct blob_store *blob_create(
	const char *name, size_t max_bytes, unsigned socket, const struct slab_mem *mem);

/* No reader may be left. NULL is fine. */
void blob_destroy(struct blob_store *store);

/* Writer. Copy the bytes in; a handle, or 0 if there is no room or len is not in 1..BLOB_MAX. */
uint32_t blob_put(struct blob_store *store, const void *data, size_t len);

/* Writer. Give the string back, after the grace period if readers knew it. 0 is ignored. */
void blob_free(struct blob_store *store, uint32_t handle);

/* The length prefix and the bytes behind it. */
static inline const uint8_t *blob_item(const struct blob_store *store, uint32_t handle)
{
	return slab_at(
		store->slabs[handle >> BLOB_INDEX_BITS], handle & ((1u << BLOB_INDEX_BITS) - 1));
}

/* Any thread. The bytes of a handle that blob_put() returned at some time. Not aligned. */
static inline const uint8_t *blob_at(const struct blob_store *store, uint32_t handle)
{
	return blob_item(store, handle) + sizeof(uint16_t);
}

/* Any thread. How many bytes blob_at() points at. */
static inline uint16_t blob_len(const struct blob_store *store, uint32_t handle)
{
	uint16_t len;

	memcpy(&len, blob_item(store, handle), sizeof(len));
	return len;
}

/* Any thread: bytes in use (rounding included), and bytes of all pages held. */
size_t blob_in_use(const struct blob_store *store);
size_t blob_bytes(const struct blob_store *store);
