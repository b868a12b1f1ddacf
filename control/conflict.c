/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/ctl.h"

/*
 * Unique names that are claimed on several links (RFC 6762 §9; draft 3.5, 4.1). Whoever announces
 * a name elsewhere may be its owner on the way, so the link it had before is asked (probe.c): if
 * nobody there answers, the name has moved; else both stay, as a host's own two links do.
 */

#define NODE_WALK 64 /* records of a node looked at */

void ctl_conflict_added(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	const uint8_t *name = cache_node_name(c->view, n);
	struct cache_iter it;
	uint32_t other;

	if (c->world == NULL ||
		(atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) == 0)
		return;
	cache_iter_init(&it, c->view, n);
	for (unsigned i = 0; i < NODE_WALK && (other = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *o = cache_record_at(c->view, other);

		if (o->link != r->link && cache_record_live(o, c->now_ms) &&
			(atomic_load_explicit(&o->flags, memory_order_relaxed) &
				CACHE_REC_UNIQUE) != 0)
			ctl_doubt(c, name, o->link, CTL_DOUBT_MOVED);
	}
}
