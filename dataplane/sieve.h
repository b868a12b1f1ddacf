/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ether.h>

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/*
 * What a frame's Ethernet header decides alone: of a VLAN that is no link, or to somebody else's
 * MAC. That is most of what an inline pair carries. The same outcomes as classify.c's, for plain
 * frames; whatever is not plain is left to it. What ends here of a burst is counted and freed as
 * one.
 */

struct dp_sieved {
	struct dp_txq *cross; /* of the other port of the pair; NULL: there is none, or not here */
	uint32_t mtu;         /* ... bytes of a frame that it takes */
	/* Frames of no link; from bit 16 on, those of them to multicast, from bit 32 to the
	 * broadcast address: counted at once. */
	uint64_t nobodys;
	unsigned n_spent;
	struct rte_mbuf *spent[DP_BURST]; /* to be freed */
};

/* For a burst of n of a port with this map. */
static inline void dp_sieve_begin(
	struct dp_worker *w, const struct dp_port_map *map, unsigned n, struct dp_sieved *s)
{
	const struct dp_port_map *to = map->inline_pair ? w->world->port[map->peer] : NULL;

	s->cross = NULL;
	s->mtu = 0;
	if (to != NULL && w->id < to->n_queues) {
		s->cross = dp_tx_room(w, map->peer, n);
		s->mtu = to->mtu + DP_L2_CROSSING;
	}
	s->n_spent = 0;
	s->nobodys = 0;
}

/* A frame's Ethernet header. */
struct dp_eth {
	const struct dp_link *l; /* NULL: of none */
	uint16_t type;           /* network order */
	bool tagged;             /* with one VLAN tag, in the frame */
};

/* False: it is no plain one. */
static __rte_always_inline bool dp_sieve_read(const struct dp_world *world,
	const struct dp_port_map *map, const struct rte_mbuf *m, struct dp_eth *eth)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const rte_be16_t tag = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
	uint16_t vlan = 0;

	if (m->data_len < 18 || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
		return false;
	eth->type = *(const unaligned_uint16_t *)(p + 12);
	eth->tagged = eth->type == tag;
	if (likely(eth->tagged)) {
		vlan = dns_load16(p + 14) & 0xfff;
		eth->type = *(const unaligned_uint16_t *)(p + 16);
	}
	eth->l = world->link[map->link_of_vlan[vlan]];
	return eth->type != tag && eth->type != rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ);
}

/* True: it ends here. */
static __rte_always_inline bool dp_sieve(struct dp_worker *w, const struct dp_world *world,
	const struct dp_port_map *map, const struct dp_eth *eth, struct rte_mbuf *m,
	struct dp_sieved *s)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct dp_link *l = eth->l;

	if (map->inline_pair && (s->cross == NULL || rte_pktmbuf_pkt_len(m) > s->mtu))
		return false;
	if (l == NULL) {
		s->nobodys += 1 | (uint64_t)(p[0] & 1) << 16;
		if (unlikely(p[0] == 0xff && mac_word(p) == UINT64_C(0xffffffffffff)))
			s->nobodys += (UINT64_C(1) << 32) - (1 << 16);
	} else {
		uint64_t smac = mac_word(p + 6);

		if ((p[0] & 1) != 0 || mac_word(p) == l->mac_word || (p[6] & 1) != 0 || smac == 0 ||
			dp_world_own_mac(world, smac))
			return false;
		dp_event(w, l->id, map->inline_pair ? DP_EV_crossed : DP_EV_sieved, 1);
	}
	if (map->inline_pair) {
		s->cross->link[s->cross->n] = l != NULL ? l->id : 0;
		s->cross->m[s->cross->n++] = m;
	} else {
		s->spent[s->n_spent++] = m;
	}
	return true;
}

/* What ended: of a port with this map. */
static inline void dp_sieve_end(
	struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s)
{
	if (s->nobodys > 0) {
		unsigned frames = s->nobodys & 0xffff;

		dp_event(w, 0, DP_EV_rx, frames);
		dp_event(w, 0, DP_EV_rx_multicast, s->nobodys >> 16 & 0xffff);
		dp_event(w, 0, DP_EV_rx_broadcast, s->nobodys >> 32);
		COUNTER_ADD(w->counters->link[0]
				    .outcome[map->inline_pair ? DP_bypassed : DP_unknown_link],
			frames);
	}
	if (s->n_spent > 0)
		rte_pktmbuf_free_bulk(s->spent, s->n_spent);
}
