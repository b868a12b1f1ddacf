/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_cpuflags.h>

#include "dataplane/worker_priv.h"

/* The way of a set that tells of regular `at`; NULL: none does any more. */
static uint32_t *way_of(struct dp_regular_set *s, uint32_t at)
{
	uint32_t ways = lanes_equal(s->way, ~(uint32_t)DP_REGULAR_TAG, at);

	return ways != 0 ? &s->way[__builtin_ctz(ways)] : NULL;
}

/* A place for who has this hash: that of the one made longest ago. */
static struct dp_regular *make_regular(struct dp_regulars *t, uint64_t hash)
{
	const uint32_t at = 1 + t->clock++ % (DP_REGULARS - 1);
	struct dp_regular_set *s = dp_regular_set(t, hash);
	uint32_t *way = way_of(dp_regular_set(t, dp_regular_hash(t->at[at].who)), at);
	uint32_t *home = dp_regular_home(t, hash);

	if (way != NULL)
		*way = 0;
	/* Elsewhere one with the same tag would hide it. */
	way = *home == 0 ? home : dp_regular_way(t, hash);
	if (way == NULL)
		way = way_of(s, 0);
	if (way == NULL)
		way = home;
	*way = ((uint32_t)hash & DP_REGULAR_TAG) | at;
	return &t->at[at];
}

/* Its station is not known: one that is never alive, so that nobody need ask whether there is one.
 */
static void no_station(struct dp_regular *r)
{
	static struct cache_station nobody;

	r->station = &nobody;
	r->gen = 1;
	r->facts = DP_NO_FACTS;
}

void dp_fast_admitted(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	uint64_t who = dp_regular_who(mac_word(pkt->smac.b), pkt->link);
	uint64_t hash = dp_regular_hash(who);
	struct dp_regular *r = dp_regular_find(&w->regulars, hash, who);
	uint32_t station;

	/* Another gateway is let in with what it announces, not with what it asks. */
	if ((pkt->flags & DP_PKT_RESPONSE) != 0 &&
		dp_is_gateway(&w->shared->gateways, pkt->link, &pkt->smac))
		return;
	if (r == NULL) {
		r = make_regular(&w->regulars, hash);
		*r = (struct dp_regular){.who = who};
	}
	no_station(r);
	station = cache_find_station(w->cache, pkt->link, &pkt->smac);
	if (station != 0) {
		r->station = cache_station_at(w->cache, station);
		r->gen = atomic_load_explicit(&r->station->gen, memory_order_acquire);
	}
	if (pkt->family == 4)
		memcpy(&r->src4, pkt->src, sizeof(r->src4));
	else
		memcpy(r->src6, pkt->src, sizeof(r->src6));
}

void dp_fast_turn(struct dp_worker *w)
{
	uint64_t era = w->world->generation << 32 |
		       atomic_load_explicit(&w->shared->gateways.changes, memory_order_acquire);

	if (likely(era == w->era))
		return;
	w->era = era;
	memset(w->regulars.set, 0, sizeof(w->regulars.set));
	no_station(&w->regulars.at[0]);
	/* Rules ask other things. */
	memset(w->rendered.shape, 0, sizeof(w->rendered.shape));
}

static bool runs(const struct dp_fast_version *v)
{
#ifdef RTE_ARCH_X86_64
	bool avx2 = rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0 &&
		    rte_cpu_get_flag_enabled(RTE_CPUFLAG_BMI1) > 0 &&
		    rte_cpu_get_flag_enabled(RTE_CPUFLAG_BMI2) > 0 &&
		    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AES) > 0;

	if (v == &dp_fast_avx512)
		return avx2 && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
		       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512DQ) > 0 &&
		       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512CD) > 0 &&
		       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0;
	if (v == &dp_fast_avx2)
		return avx2;
#endif
	return v == &dp_fast_base;
}

const struct dp_fast_version *dp_fast_choose(const char *name)
{
	static const struct dp_fast_version *const versions[] = {
#ifdef RTE_ARCH_X86_64
		&dp_fast_avx512,
		&dp_fast_avx2,
#endif
		&dp_fast_base,
	};

	for (unsigned i = 0; i < RTE_DIM(versions); i++)
		if (runs(versions[i]) && (name == NULL || strcmp(name, versions[i]->name) == 0))
			return versions[i];
	return NULL;
}
