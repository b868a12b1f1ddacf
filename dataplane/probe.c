/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/probe.h"

#include "cache/service.h"
#include "dataplane/visible.h"

#define POINTER_LOOK 16 /* SRV records of a name looked at */

enum defence {
	DEFENCE_NOW,
	DEFENCE_OWN,  /* the prober is the owner */
	DEFENCE_NONE, /* `conflicts: report` */
	DEFENCE_ASK,  /* only if the owner still lives */
};

/* How long the prober has been here, in ms; 0: it is new. Whose address is another link's was
 * forwarded by a repeater, or is new too. */
static int32_t presence(const struct dp_worker *w, const struct dp_query *q)
{
	uint32_t station = cache_find_station(w->cache, q->link->id, &q->pkt->smac);
	const struct cache_station *st;

	if (station == 0 || (q->pkt->flags & DP_PKT_OFFLINK) != 0)
		return 0;
	st = cache_station_at(w->cache, station);
	if (clock_ms_diff(w->now_ms, atomic_load_explicit(&st->seen_ms, memory_order_relaxed)) >
		CACHE_STATION_BREAK_MS)
		return 0;
	return clock_ms_diff(w->now_ms, atomic_load_explicit(&st->since_ms, memory_order_relaxed));
}

/* What one record of an owner elsewhere makes of the claim to its name. */
static enum defence judge_record(
	const struct dp_worker *w, const struct cache_record *r, int32_t present_ms)
{
	int32_t ago;

	/* What the owner's own link heard a moment ago is the owner's probe, and this one a
	 * repeater's copy of it: our answer, brought back, would have it rename itself. */
	if (cache_record_probed_lately(r, w->now_ms))
		return DEFENCE_OWN;
	ago = clock_ms_diff(w->now_ms, atomic_load_explicit(&r->touched_ms, memory_order_relaxed));
	if (ago <= DP_CONFIRMED_NOW_MS || (ago <= DP_CONFIRMED_MS && ago < present_ms))
		return DEFENCE_NOW;
	return DEFENCE_ASK;
}

/* What is to be done for the name of one question, whose records are items [from, to). */
static enum defence judge(const struct dp_worker *w, const struct dp_link *l,
	const struct dp_question *qu, uint32_t from, uint32_t to, int32_t present_ms)
{
	bool unique = false;

	if (!qu->proposed)
		return DEFENCE_NOW;
	/* A TXT record alone proves nothing: many are empty, or their model's. */
	if (qu->shared || (qu->shared_txt && !qu->has_srv))
		return DEFENCE_OWN;
	if (l->conflicts_report)
		return DEFENCE_NONE;
	for (uint32_t i = from; i < to; i++) {
		const struct cache_record *r;
		enum defence d;

		if (w->items.item[i].flags & DP_ITEM_TYPE)
			continue;
		r = cache_record_at(w->cache, w->items.item[i].rec);
		if (!cache_record_claims(r))
			continue;
		unique = true;
		d = judge_record(w, r, present_ms);
		if (d != DEFENCE_ASK)
			return d;
	}
	/* Nobody owns a name that has shared records alone. */
	return unique ? DEFENCE_ASK : DEFENCE_NOW;
}

bool dp_probe_pointer(
	struct dp_worker *w, const struct dp_query *q, struct dp_question *qu, const uint8_t *name)
{
	uint32_t node = cache_find(w->cache, name, DNS_TYPE_SRV), idx;
	int32_t present_ms = presence(w, q);
	enum defence best = DEFENCE_OWN;
	struct cache_iter it;

	if (node == 0 || q->link->conflicts_report)
		return false;
	cache_iter_init(&it, w->cache, cache_node_at(w->cache, node));
	for (unsigned i = 0; i < POINTER_LOOK && (idx = cache_iter_next(&it)) != 0; i++) {
		struct cache_record *r = cache_record_at(w->cache, idx);
		enum defence d;

		if (!cache_record_held(r, w->now_ms))
			continue;
		if (dp_is_near(q->link, r) || dp_owned_by(w->cache, r, &q->pkt->smac)) {
			cache_record_probed(r, w->now_ms);
			return false;
		}
		d = judge_record(w, r, present_ms);
		if (d == DEFENCE_OWN)
			return false;
		if (best != DEFENCE_NOW)
			best = d;
	}
	qu->unsure |= best == DEFENCE_ASK;
	return best == DEFENCE_NOW;
}

uint32_t dp_probe_hold(struct dp_worker *w, const struct dp_query *q, uint64_t *ask)
{
	uint32_t from = 0, kept = 0, own = 0;
	int32_t present_ms = presence(w, q);

	for (unsigned i = 0; i < q->n; i++) {
		const struct dp_question *qu = &w->question[q->first + i];
		uint32_t to = qu->items_end;
		enum defence d = judge(w, q->link, qu, from, to, present_ms);

		if ((d == DEFENCE_ASK || qu->unsure) && i < 64)
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
