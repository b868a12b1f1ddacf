/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ether.h>

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/*
 * What a frame's Ethernet header decides alone: of a VLAN that is no link, or to somebody else's
 * MAC; and others' ARP, which goes to all. That is most of what an inline pair carries. The same
 * outcomes as classify.c's, for plain frames; whatever is not plain is left to it. The first pass
 * over a burst (fast_burst.c) puts aside what cannot be mDNS to the group by its first bytes, and
 * what is put aside is looked at in one go.
 */

/* A frame's Ethernet header. */
struct dp_eth {
	const struct dp_link *l; /* NULL: of none */
	uint16_t type;           /* network order */
	bool tagged;             /* with one VLAN tag, in the frame */
	uint8_t at;              /* in the burst */
};

/* Frames of a burst that do not go on, or perhaps not. */
struct dp_sieved {
	/* Of no link; from bit 16 on, those of them to multicast, from bit 32 to the broadcast
	 * address: added up. */
	uint64_t nobodys;
	unsigned n_aside, n_spent;
	struct dp_aside {
		struct rte_mbuf *m;
		struct dp_eth eth;
	} aside[DP_BURST];
	struct rte_mbuf *spent[DP_BURST]; /* to be freed */
};

/* False: it is no plain one. */
static __rte_always_inline bool dp_eth_read(const struct dp_world *world,
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

/* The frame at p is of no link. */
static inline void dp_sieve_nobodys(struct dp_sieved *s, const uint8_t *p)
{
	s->nobodys += 1 | (uint64_t)(p[0] & 1) << 16;
	if (unlikely(p[0] == 0xff && mac_word(p) == UINT64_C(0xffffffffffff)))
		s->nobodys += (UINT64_C(1) << 32) - (1 << 16);
}

static inline void dp_sieve_aside(struct dp_sieved *s, const struct dp_eth *eth, struct rte_mbuf *m)
{
	struct dp_aside *a = &s->aside[s->n_aside++];

	a->m = m;
	a->eth = *eth;
}

/* Ends what it can of what was put aside of a burst, of a port with this map: passed on, or added
 * to `spent`, and taken out of the burst. Returns how many. Worker. */
unsigned dp_sieve(struct dp_worker *w, const struct dp_port_map *map, struct rte_mbuf **burst,
	struct dp_sieved *s);

/* Counts those of no link, and frees what is spent. Worker. */
void dp_sieve_end(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s);
