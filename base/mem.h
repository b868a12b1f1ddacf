/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where slabs, FIFOs and the like get their memory: DPDK's heap in production, the C library's in
 * tests that run without EAL.
 */

#include <stddef.h>

/* alloc: zeroed, 64-byte aligned, on that NUMA socket (or anywhere, for ~0u), NULL when there is
 * none. free: accepts NULL. */
struct slab_mem {
	void *(*alloc)(size_t size, unsigned socket);
	void (*free)(void *ptr);
};

#define SLAB_SOCKET_ANY (~0u)

extern const struct slab_mem slab_mem_dpdk;  /* rte_zmalloc_socket */
extern const struct slab_mem slab_mem_plain; /* aligned_alloc; ignores the socket */
