/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_memory.h>

#define MEM_ALIGN 64

static void *dpdk_alloc(size_t size, unsigned socket)
{
	int on = socket == SLAB_SOCKET_ANY ? SOCKET_ID_ANY : (int)socket;

	return rte_zmalloc_socket("linkspan", size, MEM_ALIGN, on);
}

static void *plain_alloc(size_t size, unsigned socket)
{
	void *ptr;

	(void)socket;
	if (size > SIZE_MAX - MEM_ALIGN)
		return NULL;
	size = (size + MEM_ALIGN - 1) & ~(size_t)(MEM_ALIGN - 1);
	ptr = aligned_alloc(MEM_ALIGN, size);
	if (ptr != NULL)
		memset(ptr, 0, size);
	return ptr;
}

const struct slab_mem slab_mem_dpdk = {.alloc = dpdk_alloc, .free = rte_free};
const struct slab_mem slab_mem_plain = {.alloc = plain_alloc, .free = free};
