/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/sieve.h"

#include <string.h>

#include <rte_arp.h>

/* ARP to all that neither asks for our address of the link nor claims it, as classify.c has it. */
static bool arp_of_others(const struct dp_link *l, const struct rte_mbuf *m, const uint8_t *p)
{
	const bool tagged = dns_load16(p + 12) == RTE_ETHER_TYPE_VLAN;
	const uint8_t *type = p + (tagged ? 16 : 12);
	const struct rte_arp_hdr *a = (const struct rte_arp_hdr *)(type + 2);

	return dns_load16(type) == RTE_ETHER_TYPE_ARP && mac_word(p) == UINT64_C(0xffffffffffff) &&
	       m->data_len >= 18 + sizeof(*a) && a->arp_data.arp_tip != l->addr4 &&
	       a->arp_data.arp_sip != l->addr4;
}

/* On a link: nothing for us, and from somebody who may be there. */
static inline bool is_others(struct dp_worker *w, const struct dp_world *world,
	const struct dp_link *l, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint64_t dmac = mac_word_wide(p), smac = mac_word_wide(p + 6);

	if (unlikely(dmac == l->mac_word || (p[6] & 1) != 0 || dp_world_odd_mac(world, smac)))
		return false;
	if (likely((p[0] & 1) == 0))
		return true;
	if (!arp_of_others(l, m, p))
		return false;
	dp_event(w, l->id, DP_EV_rx_broadcast, 1);
	return true;
}

/* One to each of n links; 0: nobody's. By themselves: a counter that is added to while the next
 * frame is read makes that wait. */
static void count_links(struct dp_worker *w, enum dp_event e, const uint16_t *link, unsigned n)
{
	struct dp_link_counters *of = w->counters->link;

	for (unsigned i = 0; i < n; i++)
		if (link[i] != 0)
			COUNTER_INC(of[link[i]].event[e]);
}

/* Those that end, to m[], and whose they are to link[]; the rest is left. longest: bytes of a frame
 * that ends here. Returns how many. */
static unsigned pick(struct dp_worker *w, struct dp_sieved *s, uint32_t longest,
	struct rte_mbuf **m, uint16_t *link)
{
	const struct dp_world *world = w->world;
	const unsigned end = s->n_aside;
	unsigned n = 0;

	for (unsigned i = 0; i < end; i++) {
		const struct dp_link *l = s->of[i];
		struct rte_mbuf *a = s->aside[i];

		if (unlikely(rte_pktmbuf_pkt_len(a) > longest ||
			     (l != NULL && !is_others(w, world, l, a)))) {
			s->left |= UINT32_C(1) << s->at[i];
			continue;
		}
		if (unlikely(l == NULL))
			dp_sieve_nobodys(s, rte_pktmbuf_mtod(a, const uint8_t *));
		m[n] = a;
		link[n++] = l != NULL ? l->id : 0;
	}
	return n;
}

static void end_aside(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s)
{
	const struct dp_port_map *to;
	uint16_t link[DP_BURST];
	struct dp_txq *q;
	unsigned n;

	if (!map->inline_pair) {
		n = pick(w, s, UINT32_MAX, s->spent + s->n_spent, link);
		s->n_spent += n;
		count_links(w, DP_EV_sieved, link, n);
		return;
	}
	to = w->world->port[map->peer];
	if (unlikely(to == NULL || w->id >= to->n_queues)) {
		for (unsigned i = 0; i < s->n_aside; i++)
			s->left |= UINT32_C(1) << s->at[i];
		return;
	}
	q = dp_tx_room(w, map->peer, s->n_aside);
	n = pick(w, s, to->mtu + DP_L2_CROSSING, q->m + q->n, link);
	memcpy(q->link + q->n, link, n * sizeof(link[0]));
	q->n += n;
	count_links(w, DP_EV_crossed, link, n);
}

void dp_sieve_end(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s)
{
	unsigned n;

	if (s->n_aside > 0)
		end_aside(w, map, s);
	n = s->nobodys & 0xffff;
	if (n > 0) {
		dp_event(w, 0, DP_EV_rx, n);
		dp_event(w, 0, DP_EV_rx_multicast, s->nobodys >> 16 & 0xffff);
		dp_event(w, 0, DP_EV_rx_broadcast, s->nobodys >> 32);
		COUNTER_ADD(w->counters->link[0]
				    .outcome[map->inline_pair ? DP_bypassed : DP_unknown_link],
			n);
	}
	count_links(w, DP_EV_shed_martian, s->martians, s->n_martians);
	if (s->n_spent > 0)
		rte_pktmbuf_free_bulk(s->spent, s->n_spent);
}
