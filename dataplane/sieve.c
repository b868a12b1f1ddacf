/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/sieve.h"

#include <rte_arp.h>

void dp_sieve_begin(
	struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s, unsigned n)
{
	const struct dp_port_map *to = map->inline_pair ? w->world->port[map->peer] : NULL;

	s->left = 0;
	s->nobodys = 0;
	s->n_passed = s->n_spent = s->n_martians = 0;
	s->to = NULL;
	s->passed = s->over;
	s->of = s->over_of;
	s->longest = map->inline_pair ? 0 : UINT32_MAX;
	if (to == NULL || w->id >= to->n_queues)
		return;
	s->to = dp_tx_room(w, map->peer, n);
	s->passed = s->to->m + s->to->n;
	s->of = s->to->link + s->to->n;
	s->longest = to->mtu + DP_L2_CROSSING;
}

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

bool dp_sieve_others_to_all(struct dp_worker *w, const struct dp_link *l, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	if ((p[6] & 1) != 0 || dp_world_odd_mac(w->world, mac_word(p + 6)) ||
		!arp_of_others(l, m, p))
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

void dp_sieve_end(struct dp_worker *w, struct dp_sieved *s)
{
	const bool crosses = s->to != NULL;
	unsigned n = s->nobodys & 0xffff;

	if (n > 0) {
		dp_event(w, 0, DP_EV_rx, n);
		dp_event(w, 0, DP_EV_rx_multicast, s->nobodys >> 16 & 0xffff);
		dp_event(w, 0, DP_EV_rx_broadcast, s->nobodys >> 32);
		COUNTER_ADD(
			w->counters->link[0].outcome[crosses ? DP_bypassed : DP_unknown_link], n);
	}
	if (s->n_passed > 0) {
		count_links(w, crosses ? DP_EV_crossed : DP_EV_sieved, s->of, s->n_passed);
		if (crosses)
			s->to->n += s->n_passed;
		else
			rte_pktmbuf_free_bulk(s->over, s->n_passed);
	}
	count_links(w, DP_EV_shed_martian, s->martians, s->n_martians);
	if (s->n_spent > 0)
		rte_pktmbuf_free_bulk(s->spent, s->n_spent);
}
