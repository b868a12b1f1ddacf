/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_cpuflags.h>

#include "dataplane/worker_priv.h"

void dp_fast_admitted(struct dp_worker *w, const struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	uint64_t who = dp_regular_who(pkt->smac.b, pkt->link);
	uint32_t era = w->era;
	struct dp_regular *r = dp_regular_at(w->regular, who);
	uint32_t station;

	if (r->who != who || r->era != era)
		*r = (struct dp_regular){.who = who, .era = era};
	station = cache_find_station(w->cache, pkt->link, &pkt->smac);
	r->station = station;
	r->gen = station != 0 ? atomic_load_explicit(&cache_station_at(w->cache, station)->gen,
					memory_order_acquire)
			      : 0;
	if (pkt->family == 4)
		memcpy(&r->src4, pkt->src, sizeof(r->src4));
	else
		memcpy(r->src6, pkt->src, sizeof(r->src6));
}

dp_fast_burst_t *dp_fast_choose(const char **name)
{
#ifdef RTE_ARCH_X86_64
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0) {
		*name = "avx512";
		return dp_fast_burst_avx512;
	}
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_BMI2) > 0) {
		*name = "avx2";
		return dp_fast_burst_avx2;
	}
#endif
	*name = "base";
	return dp_fast_burst_base;
}
