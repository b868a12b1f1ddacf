/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/gather.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "dataplane/known.h"
#include "dataplane/worker_priv.h"

#define WAIT_MIN_MS 400 /* RFC 6762 §6, §7.2 */
#define WAIT_MAX_MS 500

int dp_gathers_init(struct dp_gathers *t, unsigned socket, uint32_t now_ms)
{
	wheel_init(&t->wheel, now_ms);
	t->n = 0;
	t->g = rte_zmalloc_socket(
		"gathers", DP_GATHERS * sizeof(*t->g), RTE_CACHE_LINE_SIZE, (int)socket);
	return t->g != NULL ? 0 : -ENOMEM;
}

void dp_gathers_fini(struct dp_gathers *t)
{
	for (unsigned i = 0; t->g != NULL && i < DP_GATHERS; i++)
		rte_pktmbuf_free(t->g[i].m);
	rte_free(t->g);
	t->g = NULL;
	t->n = 0;
}

static bool same_source(const struct dp_pkt *a, const struct dp_pkt *b)
{
	return a->link == b->link && a->family == b->family &&
	       memcmp(a->src, b->src, a->family == 4 ? 4 : 16) == 0;
}

static void wait_more(struct dp_worker *w, struct dp_gather *g)
{
	wheel_arm(&w->gathers.wheel, &g->timer,
		w->now_ms + rng_range(&w->rng, WAIT_MIN_MS, WAIT_MAX_MS));
}

/* Everything the querier lists is remembered: which of it would be answered shows when the time is
 * over. */
static void add_known(struct dp_worker *w, struct dp_query *q, struct dp_gather *g)
{
	struct dns_reader r = q->reader;
	struct dp_known k;

	while (dp_known_next(w, q, &r, &k)) {
		if (k.section != DNS_SECTION_ANSWER)
			break;
		if (g->n_known == DP_GATHER_KNOWN) {
			dp_event(w, q->link->id, DP_EV_excess_known, 1);
			break;
		}
		g->known[g->n_known++] = (struct dp_gather_known){.ident = k.ident, .ttl = k.ttl};
	}
}

/* Adds the packet's known answers to all that waits of its source. Returns whether anything does.
 */
static bool follow(struct dp_worker *w, struct dp_query *q, bool tc)
{
	struct dp_gathers *t = &w->gathers;
	bool any = false;

	for (unsigned i = 0, left = t->n; left > 0 && i < DP_GATHERS; i++) {
		struct dp_gather *g = &t->g[i];

		if (g->m == NULL)
			continue;
		left--;
		if (!same_source(dp_pkt(g->m), q->pkt))
			continue;
		any = true;
		add_known(w, q, g);
		/* A pause of 400-500 ms after the last packet with TC (§7.2). */
		if (tc && q->n == 0)
			wait_more(w, g);
	}
	return any;
}

static bool begin(struct dp_worker *w, struct dp_query *q)
{
	struct dp_gathers *t = &w->gathers;
	struct dp_gather *g = t->g;

	if (t->n == DP_GATHERS) {
		dp_event(w, q->link->id, DP_EV_gathers_full, 1);
		return false;
	}
	while (g->m != NULL)
		g++;
	g->m = q->m;
	g->n_known = 0;
	t->n++;
	wait_more(w, g);
	return true;
}

bool dp_gather_take(struct dp_worker *w, struct dp_query *q)
{
	bool tc = (q->reader.flags & DNS_FLAG_TC) != 0, followed;

	if (w->gathered != NULL || (q->pkt->flags & (DP_PKT_LEGACY | DP_PKT_REPLAY)) != 0)
		return false;
	if (likely(!tc && q->n > 0 && w->gathers.n == 0))
		return false;
	followed = w->gathers.n > 0 && follow(w, q, tc);
	if (q->n == 0) {
		dp_count(w, q->link->id, followed ? DP_query_more : DP_query_nothing);
		rte_pktmbuf_free(q->m);
		return true;
	}
	if (!tc || !begin(w, q))
		return false;
	dp_count(w, q->link->id, DP_query_gathered);
	return true;
}

void dp_gather_known(struct dp_worker *w)
{
	const struct dp_gather *g = w->gathered;
	uint32_t at;

	for (uint32_t i = 0; i < g->n_known; i++) {
		if (dp_idset_find(&w->seen, g->known[i].ident, &at))
			dp_idset_add(&w->known, g->known[i].ident, g->known[i].ttl);
	}
}

static void expired(struct wheel_item *item, void *arg)
{
	struct dp_gather *g = container_of(item, struct dp_gather, timer);
	struct dp_worker *w = arg;

	w->gathered = g;
	dp_query_again(w, g->m);
	dp_query_run(w);
	w->gathered = NULL;
	g->m = NULL;
	w->gathers.n--;
}

unsigned dp_gather_turn(struct dp_worker *w, unsigned budget)
{
	return wheel_turn(&w->gathers.wheel, w->now_ms, budget, expired, w);
}
