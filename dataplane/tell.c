/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/tell.h"

#include "cache/service.h"
#include "dataplane/additional.h"
#include "dataplane/answer.h"
#include "dataplane/build.h"
#include "dataplane/nearest.h"

struct telling {
	struct dp_worker *w;
	const struct dp_link *l;
	unsigned flags; /* of the schedule */
};

static bool tell_link(void *arg, uint32_t rec, const struct cache_record *r, uint32_t ttl)
{
	const struct telling *t = arg;
	uint32_t gen = atomic_load_explicit(&r->gen, memory_order_relaxed);

	(void)ttl;
	/* Who listens on one family only must hear of it too. */
	if (t->l->has_addr4)
		dp_schedule_add(t->w, t->l, 4, rec, gen, t->flags);
	if (t->l->n_addr6 > 0)
		dp_schedule_add(t->w, t->l, 6, rec, gen, t->flags);
	return true;
}

static bool add_item(void *arg, uint32_t rec, const struct cache_record *r, uint32_t ttl)
{
	struct dp_worker *w = arg;

	(void)ttl;
	if (w->items.n == DP_ITEMS)
		return false;
	dp_answer_item(w->cache, rec, r, w->now_ms, &w->items.item[w->items.n++]);
	return true;
}

/* May it still be told to the station, and is it to be told to it alone? Of what dies only that is
 * asked. */
static bool is_for(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer,
	uint32_t rec, bool goodbye)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);
	policy_verdict_t v;
	enum dp_judged j;
	bool alone;

	if (goodbye)
		return (flags & CACHE_REC_DYING) != 0 && (flags & CACHE_REC_LINK_LOCAL) == 0 &&
		       policy_permits(dp_verdict(w->world, w->cache, l, viewer, r, &alone)) &&
		       (alone || l->unicast);
	j = dp_judge(w->world, w->cache, l, viewer, r, w->now_ms, &v);
	return (j == DP_TELL_ALONE || (j == DP_TELL && l->unicast)) &&
	       !cache_record_hidden(w->cache, r, w->now_ms) && dp_nearest_has(w, l, viewer, rec);
}

static void send_both(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer)
{
	struct dp_dest dest = {.dmac = viewer->mac, .group = 1, .unicast_l2 = 1};
	uint32_t n = w->items.n;

	for (unsigned family = 4; family <= 6; family += 2) {
		dest.family = (uint8_t)family;
		w->items.n = n;
		if (family == 4 ? l->has_addr4 : l->n_addr6 > 0)
			dp_build_answers(w, l, &dest, NULL, viewer);
	}
}

static void tell_station(
	struct dp_worker *w, const struct dp_link *l, const struct dp_downcall *d, bool unique)
{
	const struct cache_station *st = cache_station_at(w->cache, d->station);
	struct cache_record *r = cache_record_at(w->cache, d->rec);
	struct dp_viewer viewer;

	/* Another one may have its place by now: who that is decides. */
	if (!cache_station_is_live(w->cache, d->station) || st->link != l->id)
		return;
	dp_viewer_init(&viewer, w->world, w->cache, l, &st->mac);
	if (!is_for(w, l, &viewer, d->rec, d->op == DP_DOWN_GOODBYE))
		return;
	w->items.n = 0;
	if (d->op == DP_DOWN_TELL && unique)
		dp_rrset_walk(w, l, &viewer, r, add_item, w);
	else
		add_item(w, d->rec, r, 0);
	for (uint32_t i = 0; d->op == DP_DOWN_GOODBYE && i < w->items.n; i++)
		w->items.item[i].ttl = 0;
	if (w->items.n > 0)
		send_both(w, l, &viewer);
}

void dp_tell(struct dp_worker *w, const struct dp_downcall *d)
{
	const struct dp_link *l = dp_world_link(w->world, d->link);
	const struct cache_record *r = cache_record_get(w->cache, d->rec, d->gen);
	struct telling t = {.w = w,
		.l = l,
		.flags = d->op == DP_DOWN_GOODBYE ? DP_SCHED_GOODBYE : DP_SCHED_DELAY};
	bool unique;

	if (l == NULL || r == NULL || l->mode != DP_LINK_GATEWAY)
		return;
	unique = (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) != 0;
	if (d->station != 0)
		tell_station(w, l, d, unique);
	else if (d->op == DP_DOWN_TELL && unique)
		dp_rrset_walk(w, l, NULL, r, tell_link, &t);
	else
		tell_link(&t, d->rec, r, 0);
}
