/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ring_elem.h>

#include "control/ctl.h"
#include "dataplane/watch.h"

/*
 * Workers keep answers they rendered (dataplane/rendered.h) and announcements they heard (heard.h),
 * and mark the names these rest on (watch.h). What changes of a marked name is told to them; a ring
 * without room makes all that a worker keeps stale.
 */
void ctl_stale(struct ctl *c, uint64_t key)
{
	struct dp_downcall d = {.op = DP_DOWN_STALE, .key = key};
	struct dp_shared *s = c->s;

	/* Pairs with the workers' fence: a mark that is not seen here was set before they read what
	 * has just been written. */
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < s->n_workers; i++) {
		if (likely(atomic_load_explicit(&s->watched[i][key % DP_WATCH_MARKS],
				   memory_order_relaxed) == 0))
			continue;
		if (rte_ring_free_count(s->down[i]) > DP_DOWN_RING / 4 &&
			rte_ring_sp_enqueue_elem(s->down[i], &d, sizeof(d)) == 0)
			continue;
		CTL_INC(c, stale_untold);
		atomic_fetch_add_explicit(&s->stale[i], 1, memory_order_release);
	}
}
