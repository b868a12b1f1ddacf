/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Read-copy-update on rte_rcu_qsbr, with reader ids of our own: workers are 0..n-1, management is
 * n. (rte_thread_register() is never used: once a thread has registered, no secondary process can
 * attach any more.) All ids are registered at creation and start offline; a reader goes online
 * before it dereferences anything shared, reports a quiescent state between turns, and goes offline
 * before it sleeps, blocks or makes a system call that may.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_rcu_qsbr.h>

#include "base/mem.h"

struct rcu {
	struct rte_rcu_qsbr *qsbr;
	unsigned max; /* reader ids 0..max-1 */
	const struct slab_mem *mem;
};

/* Make the variable for ids 0..max-1 (1..1024). 0, -EINVAL, -ENOMEM. */
int rcu_create(struct rcu *rcu, unsigned max, unsigned socket, const struct slab_mem *mem);

/* All readers must be offline. */
void rcu_destroy(struct rcu *rcu);

/* Reader `id`, on its own thread: from now on it may hold references. */
static inline void rcu_online(struct rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_thread_online(rcu->qsbr, id);
}

/* Reader `id`, on its own thread: it holds none until it is online again. */
static inline void rcu_offline(struct rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_thread_offline(rcu->qsbr, id);
}

/* Reader `id`, online: it holds no reference right now. About one cycle; once per turn. */
static inline void rcu_quiescent(struct rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_quiescent(rcu->qsbr, id);
}

/* Writer: begin a grace period for everything unlinked before this call. */
static inline uint64_t rcu_start(struct rcu *rcu)
{
	return rte_rcu_qsbr_start(rcu->qsbr);
}

/* Whether that grace period is over; never waits. */
static inline bool rcu_check(struct rcu *rcu, uint64_t token)
{
	return rte_rcu_qsbr_check(rcu->qsbr, token, false) == 1;
}

/* Wait for a full grace period. Management only, and offline itself: control and workers never
 * wait. */
static inline void rcu_wait(struct rcu *rcu)
{
	rte_rcu_qsbr_synchronize(rcu->qsbr, RTE_QSBR_THRID_INVALID);
}
