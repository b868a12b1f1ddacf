/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/sieve.h"

#include <string.h>

#include <rte_arp.h>

/* ARP to all that neither asks for our address of the link nor claims it, as classify.c has it. */
static bool arp_of_others(const struct dp_eth *eth, const struct rte_mbuf *m, const uint8_t *p)
{
	const struct rte_arp_hdr *a = (const struct rte_arp_hdr *)(p + (eth->tagged ? 18 : 14));

	return eth->type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
	       mac_word(p) == UINT64_C(0xffffffffffff) && m->data_len >= 18 + sizeof(*a) &&
	       a->arp_data.arp_tip != eth->l->addr4 && a->arp_data.arp_sip != eth->l->addr4;
}

/* On a link: nothing for us, and from somebody who may be there. */
static bool is_others(struct dp_worker *w, const struct dp_eth *eth, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint64_t smac = mac_word(p + 6);

	if (mac_word(p) == eth->l->mac_word || (p[6] & 1) != 0 || smac == 0 ||
		dp_world_own_mac(w->world, smac))
		return false;
	if ((p[0] & 1) == 0)
		return true;
	if (!arp_of_others(eth, m, p))
		return false;
	dp_event(w, eth->l->id, DP_EV_rx_broadcast, 1);
	return true;
}

void dp_sieve_end(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s)
{
	const unsigned n = s->nobodys & 0xffff;

	if (n > 0) {
		dp_event(w, 0, DP_EV_rx, n);
		dp_event(w, 0, DP_EV_rx_multicast, s->nobodys >> 16 & 0xffff);
		dp_event(w, 0, DP_EV_rx_broadcast, s->nobodys >> 32);
		COUNTER_ADD(w->counters->link[0]
				    .outcome[map->inline_pair ? DP_bypassed : DP_unknown_link],
			n);
	}
	if (s->n_spent > 0)
		rte_pktmbuf_free_bulk(s->spent, s->n_spent);
}

/* link: whose they are, 0: nobody's. By themselves: a counter that is added to while the next frame
 * is read makes that wait. */
static void count_links(
	struct dp_worker *w, const struct dp_port_map *map, const uint16_t *link, unsigned n)
{
	const enum dp_event e = map->inline_pair ? DP_EV_crossed : DP_EV_sieved;
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
	const struct dp_aside *end = s->aside + s->n_aside;
	unsigned n = 0;

	for (const struct dp_aside *a = s->aside; a < end; a++) {
		const struct dp_link *l = a->eth.l;

		if (unlikely(rte_pktmbuf_pkt_len(a->m) > longest ||
			     (l != NULL && !is_others(w, &a->eth, a->m)))) {
			s->left |= UINT64_C(1) << a->eth.at;
			continue;
		}
		if (l == NULL)
			dp_sieve_nobodys(s, rte_pktmbuf_mtod(a->m, const uint8_t *));
		m[n] = a->m;
		link[n++] = l != NULL ? l->id : 0;
	}
	return n;
}

void dp_sieve(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s)
{
	const struct dp_port_map *to;
	uint16_t link[DP_BURST];
	struct dp_txq *q;
	unsigned n;

	if (!map->inline_pair) {
		n = pick(w, s, UINT32_MAX, s->spent + s->n_spent, link);
		s->n_spent += n;
		count_links(w, map, link, n);
		return;
	}
	to = w->world->port[map->peer];
	if (unlikely(to == NULL || w->id >= to->n_queues)) {
		for (unsigned i = 0; i < s->n_aside; i++)
			s->left |= UINT64_C(1) << s->aside[i].eth.at;
		return;
	}
	q = dp_tx_room(w, map->peer, s->n_aside);
	n = pick(w, s, to->mtu + DP_L2_CROSSING, q->m + q->n, link);
	memcpy(q->link + q->n, link, n * sizeof(link[0]));
	q->n = (uint16_t)(q->n + n);
	count_links(w, map, link, n);
}
