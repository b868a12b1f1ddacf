/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/nearest.h"

#include <string.h>

#include "cache/service.h"
#include "dataplane/visible.h"
#include "dns/name.h"
#include "policy/names.h"

void dp_nearest_begin(struct dp_worker *w)
{
	w->nearest.n = 0;
}

/* By name, as labels compare in canonical order; what cannot be told apart is equal. */
static int by_name(const struct dp_worker *w, uint32_t a, uint32_t b)
{
	const uint8_t *x = cache_record_rdata(w->cache, cache_record_at(w->cache, a));
	const uint8_t *y = cache_record_rdata(w->cache, cache_record_at(w->cache, b));
	unsigned n = x[0] < y[0] ? x[0] : y[0];

	for (unsigned i = 1; i <= n; i++) {
		uint8_t p = x[i] | (x[i] >= 'A' && x[i] <= 'Z' ? 0x20 : 0);
		uint8_t q = y[i] | (y[i] >= 'A' && y[i] <= 'Z' ? 0x20 : 0);

		if (p != q)
			return p - q;
	}
	return x[0] - y[0];
}

static bool comes_before(
	const struct dp_worker *w, const struct dp_near *a, const struct dp_near *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	return by_name(w, a->rec, b->rec) < 0;
}

/* The place of the rule's worst, and how many it has. */
static uint32_t worst_of(const struct dp_nearest *s, uint16_t rule, unsigned *n)
{
	uint32_t worst = 0;

	*n = 0;
	for (uint32_t i = s->n; i-- > 0;) {
		if (s->v[i].rule != rule)
			continue;
		if ((*n)++ == 0)
			worst = i;
	}
	return worst;
}

static void take_out(struct dp_nearest *s, uint32_t at)
{
	s->n--;
	memmove(&s->v[at], &s->v[at + 1], (s->n - at) * sizeof(s->v[0]));
}

void dp_nearest_offer(struct dp_worker *w, const struct dp_viewer *viewer, uint32_t rec,
	policy_verdict_t v, unsigned n, unsigned fate)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	struct policy_party provider = dp_party(
		w->world, w->cache, atomic_load_explicit(&r->station, memory_order_relaxed));
	struct dp_near near = {.rec = rec,
		.rule = v & POLICY_RULE_MASK,
		.fate = (uint8_t)fate,
		.distance = (uint8_t)policy_distance(
			policy_names_of(w->world->policy), viewer->party.place, provider.place)};
	struct dp_nearest *s = &w->nearest;
	uint32_t low = 0, high, worst;
	unsigned have;

	w->deps.facts = policy_facts(w->deps.facts, POLICY_FACT_PLACE);
	worst = worst_of(s, near.rule, &have);
	if (have >= n || s->n == DP_NEAREST) {
		if (have == 0 || !comes_before(w, &near, &s->v[worst]))
			return;
		take_out(s, worst);
	}
	high = s->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (comes_before(w, &near, &s->v[mid]))
			high = mid;
		else
			low = mid + 1;
	}
	memmove(&s->v[low + 1], &s->v[low], (s->n - low) * sizeof(s->v[0]));
	s->v[low] = near;
	s->n++;
}

bool dp_nearest_has(
	struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	const struct cache_node *node = cache_node_at(w->cache, r->node);
	policy_verdict_t v, mine = 0;
	struct cache_iter it;
	unsigned n;
	uint32_t idx, looks = 0;
	bool alone = false;

	if (r->rrtype == DNS_TYPE_PTR)
		mine = dp_verdict(w->world, w->cache, l, viewer, r, &alone);
	n = mine != 0 && alone ? policy_nearest(w->world->policy, mine) : 0;
	if (n == 0)
		return true;
	dp_nearest_begin(w);
	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0 && looks++ < DP_LOOKS) {
		const struct cache_record *o = cache_record_at(w->cache, idx);

		if (dp_judge(w->world, w->cache, l, viewer, o, w->now_ms, &v) == DP_TELL_ALONE &&
			v == mine)
			dp_nearest_offer(w, viewer, idx, v, n, 0);
	}
	for (uint32_t i = 0; i < w->nearest.n; i++)
		if (w->nearest.v[i].rec == rec)
			return true;
	return false;
}
