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

/* Frames of a burst that do not go on, or perhaps not. */
struct dp_sieved {
	uint32_t left; /* bits: frames for the long way */
	/* Of no link; from bit 16 on, those of them to multicast, from bit 32 to the broadcast
	 * address: added up. */
	uint64_t nobodys;
	unsigned n_aside, n_spent, n_martians;
	/* Put aside: whose they are, NULL: nobody's, and where in the burst. */
	struct rte_mbuf *aside[DP_BURST];
	const struct dp_link *of[DP_BURST];
	uint8_t at[DP_BURST];
	struct rte_mbuf *spent[DP_BURST]; /* to be freed */
	uint16_t martians[DP_BURST];      /* ... their links, of those that no station can send */
};

/* In one piece, nobody else's, and with its tag in the frame, not beside it. */
static __rte_always_inline bool dp_eth_plain(const struct rte_mbuf *m)
{
	const uint64_t odd =
		RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;

	_Static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
		"both at once");
	return *(const unaligned_uint32_t *)&m->refcnt == 0x00010001 && (m->ol_flags & odd) == 0;
}

/* Not one of the short ones that only the kernel's interfaces have. */
static __rte_always_inline bool dp_eth_long(const struct rte_mbuf *m)
{
	return m->data_len >= RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN;
}

/* Has the frame at p a VLAN tag? */
static __rte_always_inline bool dp_eth_tagged(const uint8_t *p)
{
	return *(const unaligned_uint16_t *)(p + 12) == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
}

/* The link of the frame at p; NULL: of none. */
static __rte_always_inline const struct dp_link *dp_eth_link(
	const struct dp_port_map *map, const uint8_t *p, const bool tagged)
{
	return map->link_of_vlan[tagged ? dns_load16(p + 14) & 0xfffu : 0];
}

/* The type of its payload, network order. */
static __rte_always_inline uint16_t dp_eth_type(const uint8_t *p, const bool tagged)
{
	return *(const unaligned_uint16_t *)(p + (tagged ? 16 : 12));
}

/* Its VLAN is not what the only tag says. */
static inline bool dp_eth_more_tags(uint16_t type)
{
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
	       type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ);
}

_Static_assert(DP_BURST <= 32, "a bit each");

static inline void dp_sieve_begin(struct dp_sieved *s)
{
	s->left = 0;
	s->nobodys = 0;
	s->n_aside = s->n_spent = s->n_martians = 0;
}

/* The frame at p is of no link. */
static inline void dp_sieve_nobodys(struct dp_sieved *s, const uint8_t *p)
{
	s->nobodys += 1 | (uint64_t)(p[0] & 1) << 16;
	if (unlikely(p[0] == 0xff && mac_word(p) == UINT64_C(0xffffffffffff)))
		s->nobodys += (UINT64_C(1) << 32) - (1 << 16);
}

/* m: of l, or of nobody's VLAN; at: in the burst. */
static inline void dp_sieve_aside(
	struct dp_sieved *s, struct rte_mbuf *m, const struct dp_link *l, unsigned at)
{
	const unsigned n = s->n_aside++;

	s->aside[n] = m;
	s->of[n] = l;
	s->at[n] = (uint8_t)at;
}

/* Ends what it can of what was put aside of a burst, of a port with this map, by passing it on or
 * freeing it; the rest is left. And frees what is spent, and counts those of no link. Worker. */
void dp_sieve_end(struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s);
