/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cache/state.h"
#include "control/ctl.h"
#include "tests/packet/gateway.h"

/* What must be back where it came from after a scenario (DESIGN §11). Looks inside on purpose. */

static const char *__attribute__((format(printf, 2, 3))) leak(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, GATEWAY_WHY, fmt, ap);
	va_end(ap);
	return why;
}

static const char *leaked_mbufs(const struct gateway *g, char *why)
{
	unsigned n = rte_mempool_in_use_count(g->shared.pool);

	if (n != 0)
		return leak(why, "%u mbufs of the shared pool", n);
	for (unsigned i = 0; i < g->n_ports; i++) {
		n = rte_mempool_in_use_count(g->ports[i].pool);
		if (n != 0)
			return leak(why, "%u mbufs of port %s", n, g->ports[i].name);
	}
	return NULL;
}

static const char *leaked_messages(const struct gateway *g, char *why)
{
	const struct dp_shared *s = &g->shared;

	for (unsigned i = 0; i < g->n_workers; i++) {
		if (rte_ring_count(s->up[i]) != 0 || rte_ring_count(s->down[i]) != 0)
			return leak(why, "messages between worker %u and control", i);
		for (unsigned j = 0; j < g->n_workers; j++)
			if (i != j && rte_ring_count(s->hand[i][j]) != 0)
				return leak(why, "mbufs from worker %u to %u", i, j);
		if (dp_worker_held(g->worker[i]) != 0)
			return leak(why, "%u things held by worker %u",
				dp_worker_held(g->worker[i]), i);
	}
	if (ctl_held(g->ctl) != 0)
		return leak(why, "%u mbufs held by control", ctl_held(g->ctl));
	return NULL;
}

static const char *leaked_cache(const struct gateway *g, char *why)
{
	const struct cache *c = ctl_cache(g->ctl);

	const struct {
		const char *what;
		const struct slab *slab;
	} slabs[] = {{"records", c->record_slab}, {"nodes", c->node_slab},
		{"stations", c->station_slab}, {"small chunks", c->chunk_small},
		{"large chunks", c->chunk_large}};

	for (unsigned i = 0; i < RTE_DIM(slabs); i++)
		if (slab_in_use(slabs[i].slab) != 0)
			return leak(why, "%u %s of the cache", slab_in_use(slabs[i].slab),
				slabs[i].what);
	if (c->blobs->count != 0)
		return leak(why, "%zu byte strings of the cache", c->blobs->count);
	if (defer_pending(&g->ctl->defer) != 0)
		return leak(why, "%u deferred frees", defer_pending(&g->ctl->defer));
	return NULL;
}

const char *gateway_leak(struct gateway *g, char why[GATEWAY_WHY])
{
	const char *found = leaked_mbufs(g, why);

	if (found == NULL)
		found = leaked_messages(g, why);
	if (found == NULL)
		found = leaked_cache(g, why);
	return found;
}
