/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/sieve.h"

void dp_sieve_begin(
	struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s, unsigned n)
{
	const struct dp_port_map *to = map->inline_pair ? w->world->port[map->peer] : NULL;

	s->left = 0;
	s->nobodys = 0;
	s->n_passed = s->n_spent = s->n_martians = 0;
	s->to = NULL;
	s->passed = s->over;
	s->longest = map->inline_pair ? 0 : UINT32_MAX;
	if (to == NULL || w->id >= to->n_queues)
		return;
	s->to = dp_tx_room(w, map->peer, n);
	s->passed = s->to->m + s->to->n;
	s->longest = to->mtu + DP_L2_CROSSING;
}

/* One to each of n links. By themselves: a counter that is added to while the next frame is read
 * makes that wait. */
static void count_links(uint64_t *counter, const uint16_t *link, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		COUNTER_INC(counter[link[i]]);
}

void dp_sieve_end(struct dp_worker *w, struct dp_sieved *s)
{
	const bool crosses = s->to != NULL;

	if (unlikely(s->nobodys != 0)) {
		dp_event(w, 0, DP_EV_rx_multicast, (uint32_t)s->nobodys);
		dp_event(w, 0, DP_EV_rx_broadcast, s->nobodys >> 32);
	}
	if (s->n_passed > 0) {
		count_links(crosses ? w->counters->crossed.all : w->counters->sieved.all, s->of,
			s->n_passed);
		if (crosses)
			s->to->n += s->n_passed;
		else
			rte_pktmbuf_free_bulk(s->over, s->n_passed);
	}
	for (unsigned i = 0; i < s->n_martians; i++)
		dp_event(w, s->martians[i], DP_EV_shed_martian, 1);
	if (s->n_spent > 0)
		rte_pktmbuf_free_bulk(s->spent, s->n_spent);
}
