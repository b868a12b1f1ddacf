/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_arp.h>
#include <rte_ether.h>

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/*
 * What a frame's Ethernet header decides alone: of a VLAN that is no link, or to somebody else's
 * MAC; and others' ARP, which goes to all. That is most of what an inline pair carries. The same
 * outcomes as classify.c's, for plain frames; whatever is not plain is left to it.
 */

/* Frames of a burst that do not go on. */
struct dp_sieved {
	uint32_t left; /* bits: frames for the long way */
	/* What is nothing for us: passed on, to the queue of the pair's other port, or over. */
	struct rte_mbuf **passed;
	unsigned n_passed;
	uint32_t longest;  /* bytes of a frame that may pass */
	struct dp_txq *to; /* NULL: they are freed */
	/* Of no link, to multicast; from bit 32 on to the broadcast address: added up. */
	uint64_t nobodys;
	unsigned n_spent, n_martians;
	struct rte_mbuf *spent[DP_BURST]; /* to be freed */
	uint16_t martians[DP_BURST];      /* ... their links, of those that no station can send */
	struct rte_mbuf *over[DP_BURST];  /* passed, where it is not passed on */
	uint16_t of[DP_BURST];            /* links of what passed; 0: none */
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

/* All of an Ethernet header with one tag. */
static __rte_always_inline bool dp_eth_whole(const struct rte_mbuf *m)
{
	return m->data_len >= RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN;
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

/* n: frames of the burst, of a port with this map. */
void dp_sieve_begin(
	struct dp_worker *w, const struct dp_port_map *map, struct dp_sieved *s, unsigned n);

/* On a link, to more than one: is it ARP to all that neither asks for our address nor claims it, as
 * classify.c has it, from somebody who may be there? */
static __rte_always_inline bool dp_sieve_others_to_all(const struct dp_world *w,
	const struct dp_link *l, const struct rte_mbuf *m, const uint8_t *p, const bool tagged)
{
	const struct rte_arp_hdr *a = (const struct rte_arp_hdr *)(p + (tagged ? 18 : 14));

	return dp_eth_type(p, tagged) == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
	       mac_word_wide(p) == UINT64_C(0xffffffffffff) && (p[6] & 1) == 0 &&
	       !dp_world_odd_mac(w, mac_word_wide(p + 6)) && m->data_len >= 18 + sizeof(*a) &&
	       a->arp_data.arp_tip != l->addr4 && a->arp_data.arp_sip != l->addr4;
}

/* The frame at p is of no link. */
static inline void dp_sieve_nobodys(struct dp_sieved *s, const uint8_t *p)
{
	s->nobodys += p[0] & 1;
	if (unlikely(p[0] == 0xff && mac_word(p) == UINT64_C(0xffffffffffff)))
		s->nobodys += (UINT64_C(1) << 32) - 1;
}

/* On a link: nothing for us, and from somebody who may be there. */
static __rte_always_inline bool dp_sieve_others(struct dp_worker *w, const struct dp_sieved *s,
	const struct dp_link *l, const struct rte_mbuf *m, const uint8_t *p, const bool tagged)
{
	if ((p[0] & 1) != 0) {
		if (!dp_sieve_others_to_all(w->world, l, m, p, tagged))
			return false;
		COUNTER_INC((s->to != NULL ? &w->counters->crossed : &w->counters->sieved)
				    ->broadcast[l->id]);
		return true;
	}
	return likely(mac_word_wide(p) != l->mac_word && (p[6] & 1) == 0 &&
		      !dp_world_odd_mac(w->world, mac_word_wide(p + 6)));
}

/* Does it cross whatever its VLAN is? Then it is counted by its outer tag. */
static inline bool dp_sieve_strangers(
	const struct dp_worker *w, const struct dp_sieved *s, const uint8_t *p)
{
	return s->to != NULL && ((p[0] | p[6]) & 1) == 0 &&
	       !dp_world_odd_mac(w->world, mac_word_wide(p)) &&
	       !dp_world_odd_mac(w->world, mac_word_wide(p + 6));
}

/* The frame at p, which is no mDNS to the group, or perhaps not, of l or of nobody's VLAN: it
 * passes, or is left. at: in the burst. */
static __rte_always_inline void dp_sieve_frame(struct dp_worker *w, struct dp_sieved *s,
	const struct dp_link *l, struct rte_mbuf *m, const uint8_t *p, const bool tagged,
	unsigned at)
{
	const unsigned n = s->n_passed;

	if (unlikely((dp_eth_more_tags(dp_eth_type(p, tagged)) && !dp_sieve_strangers(w, s, p)) ||
		     !dp_eth_whole(m) || m->pkt_len > s->longest ||
		     (l != NULL && !dp_sieve_others(w, s, l, m, p, tagged)))) {
		s->left |= UINT32_C(1) << at;
		return;
	}
	if (unlikely(l == NULL))
		dp_sieve_nobodys(s, p);
	s->passed[n] = m;
	s->of[n] = l != NULL ? l->id : 0;
	s->n_passed = n + 1;
}

/* Sends or frees what passed, frees what is spent, and counts them. Worker. */
void dp_sieve_end(struct dp_worker *w, struct dp_sieved *s);
