/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/probe.h"

enum defence {
	DEFENCE_NOW,
	DEFENCE_OWN,  /* the prober is the owner */
	DEFENCE_NONE, /* `conflicts: report` */
	DEFENCE_ASK,  /* only if the owner still lives */
};

/* How lately the owner must have been heard to speak for it against this prober. Whose address is
 * another link's was forwarded by a repeater, or is new here. */
static int32_t lately(const struct dp_worker *w, const struct dp_query *q)
{
	if ((q->pkt->flags & DP_PKT_OFFLINK) == 0 &&
		cache_find_station(w->cache, q->link->id, &q->pkt->smac) != 0)
		return DP_CONFIRMED_MS;
	return DP_CONFIRMED_NEW_MS;
}

/* What is to be done for the name of one question, whose records are items [from, to). */
static enum defence judge(const struct dp_worker *w, const struct dp_link *l,
	const struct dp_question *qu, uint32_t from, uint32_t to, int32_t lately_ms)
{
	bool unique = false;

	if (!qu->proposed)
		return DEFENCE_NOW;
	if (qu->shared)
		return DEFENCE_OWN;
	if (l->conflicts_report)
		return DEFENCE_NONE;
	for (uint32_t i = from; i < to; i++) {
		const struct dp_item *it = &w->items.item[i];
		const struct cache_record *r;

		if ((it->flags & DP_ITEM_UNIQUE) == 0)
			continue;
		unique = true;
		r = cache_record_at(w->cache, it->rec);
		if (clock_ms_diff(w->now_ms, atomic_load_explicit(&r->touched_ms,
						     memory_order_relaxed)) <= lately_ms)
			return DEFENCE_NOW;
	}
	/* Nobody owns a name that has shared records alone. */
	return unique ? DEFENCE_ASK : DEFENCE_NOW;
}

uint32_t dp_probe_hold(struct dp_worker *w, const struct dp_query *q, uint64_t *ask)
{
	uint32_t from = 0, kept = 0, own = 0;
	int32_t lately_ms = lately(w, q);

	for (unsigned i = 0; i < q->n; i++) {
		const struct dp_question *qu = &w->question[q->first + i];
		uint32_t to = qu->items_end;
		enum defence d = judge(w, q->link, qu, from, to, lately_ms);

		if (d == DEFENCE_ASK && i < 64)
			*ask |= UINT64_C(1) << i;
		if (d == DEFENCE_OWN)
			own += to - from;
		for (; from < to; from++)
			if (d == DEFENCE_NOW)
				w->items.item[kept++] = w->items.item[from];
	}
	w->items.n = kept;
	return own;
}
