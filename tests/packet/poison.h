/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>

/*
 * AddressSanitizer does not see into mempools: received mbufs get their bytes around the data
 * poisoned by hand, so that a reader that leaves the packet is caught (DESIGN §11). Nothing in
 * other builds.
 */

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ON 1
#endif
#endif

#ifdef POISON_ON
#include <sanitizer/asan_interface.h>

static inline void poison_clear(struct rte_mbuf *m)
{
	ASAN_UNPOISON_MEMORY_REGION(m->buf_addr, m->buf_len);
}

static inline void poison_behind(struct rte_mbuf *m)
{
	char *end = rte_pktmbuf_mtod_offset(m, char *, m->data_len);

	ASAN_POISON_MEMORY_REGION(end, rte_pktmbuf_tailroom(m));
}

static inline void poison_clear_one(struct rte_mempool *mp, void *arg, void *obj, unsigned idx)
{
	(void)mp;
	(void)arg;
	(void)idx;
	poison_clear(obj);
}

static inline void poison_clear_pool(struct rte_mempool *pool)
{
	rte_mempool_obj_iter(pool, poison_clear_one, NULL);
}
#else
static inline void poison_clear(struct rte_mbuf *m)
{
	(void)m;
}

static inline void poison_behind(struct rte_mbuf *m)
{
	(void)m;
}

static inline void poison_clear_pool(struct rte_mempool *pool)
{
	(void)pool;
}
#endif
